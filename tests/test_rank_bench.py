"""The arithmetic of ``scripts/bench/rank.py``: the nearest product of a rank."""

import runpy
from pathlib import Path
from types import SimpleNamespace

import pytest

torch = pytest.importorskip("torch")

SCRIPT = Path(__file__).parents[1] / "scripts" / "bench" / "rank.py"


@pytest.fixture(scope="module")
def bench():
    """The script's names."""
    return SimpleNamespace(**runpy.run_path(str(SCRIPT)))


@pytest.fixture
def factors():
    """B (9 x 4) and A (4 x 7)."""
    dice = torch.Generator().manual_seed(3)
    made = [torch.randn(*shape, generator=dice).double() for shape in ((9, 4), (4, 7))]
    return tuple(made)


def test_the_whole_rank_keeps_the_product(bench, factors):
    b, a = factors
    short_b, short_a, sizes = bench.nearest(b, a, 4)
    assert torch.allclose(short_b @ short_a, b @ a)
    assert torch.allclose(sizes, torch.linalg.svdvals(b @ a)[:4])


@pytest.mark.parametrize("rank", [1, 2, 3])
def test_a_smaller_rank_is_off_by_the_values_left_out(bench, factors, rank):
    b, a = factors
    short_b, short_a, sizes = bench.nearest(b, a, rank)
    near = short_b @ short_a
    assert (short_b.shape, short_a.shape) == (b.shape, a.shape)
    assert int(torch.linalg.matrix_rank(near)) == rank
    # No product of that rank is nearer (Eckart and Young).
    off = torch.linalg.norm(b @ a - near)
    assert torch.allclose(off, sizes[rank:].square().sum().sqrt())


def test_a_model_is_cut_in_every_adapter_and_says_what_is_kept(bench):
    model = torch.nn.ModuleList([lora(1.0, 1.0), lora(3.0, 0.0)])
    kept = bench.cut(model, 1)
    assert kept == pytest.approx((1 + 9) / (1 + 1 + 9))
    assert [int(torch.linalg.matrix_rank(product(one))) for one in model] == [1, 1]


def test_an_adapter_that_does_nothing_loses_nothing(bench):
    assert bench.cut(torch.nn.ModuleList([lora(0.0, 0.0)]), 1) == 1.0


def lora(*sizes: float):
    """A module as PEFT lays one over a layer, whose B A has these singular values."""
    module = torch.nn.Module()
    for name, weight in (
        ("lora_A", torch.eye(2, 5)),
        ("lora_B", torch.eye(6, 2) * torch.tensor(sizes)),
    ):
        linear = torch.nn.Linear(1, 1, bias=False)
        linear.weight = torch.nn.Parameter(weight)
        setattr(module, name, torch.nn.ModuleDict({"default": linear}))
    return module


def product(module):
    """Its B A."""
    return module.lora_B["default"].weight @ module.lora_A["default"].weight
