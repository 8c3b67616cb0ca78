"""What a judge still knows when its adapter is cut to a smaller rank.

    python scripts/bench/rank.py ADAPTER --base MODEL [--rank 1 4 8 16] [--split test]

ADAPTER is a GGUF, or the folder of a judge's run; MODEL what it was trained on. Each of
its products B A is replaced by the nearest of a smaller rank (in the Frobenius norm:
Eckart and Young, "The approximation of one matrix by another of lower rank",
Psychometrika 1, 1936), and single claims of preferences that nothing was learned from
are read, as at the end of ``train judge``. Where half of the rank reads as well, more
of it is not what the judge lacks.

That tells what rank the function needs that was learned, not what training at that rank
would find.
"""

import argparse
import json
import sys
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import torch
from transformers.utils import logging

from persona_cli.models.shelf import default_shelf
from persona_cli.training.base import chat_template, load_base
from persona_cli.training.judge_stage import (
    Method,
    Teacher,
    as_figures,
    corpus_by_split,
    laid_over,
)
from persona_cli.training.plan import Wish, planned
from persona_cli.training.runs import method_of


def main() -> None:
    """Read at each rank, and print a line for each."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("adapter", type=Path)
    parser.add_argument("--base", default="tiny")
    parser.add_argument("--rank", type=int, nargs="+", default=[1, 2, 4, 8, 16])
    parser.add_argument("--split", default="test", choices=("val", "test"))
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    logging.set_verbosity_error()
    logging.disable_progress_bar()
    found = []
    for row in measured(options):
        found.append(row)
        print(
            f"rank {row['rank']:>3}  {row['accuracy']:.3f}"
            f" [{row['low']:.3f}, {row['high']:.3f}] n = {row['n']}"
            f"  unrelated {row['unrelated']:.3f}  kept {row['kept']:.3f}",
            file=sys.stderr if options.json else sys.stdout,
            flush=True,
        )
    if options.json:
        print(json.dumps(found, indent=2))


def measured(options: argparse.Namespace) -> Iterator[Mapping[str, float]]:
    """Figures at each rank, the largest first."""
    run = planned(
        Wish(
            stage="judge",
            out=Path("unused"),
            base=options.base,
            adapter=options.adapter,
        ),
        shelf=default_shelf(),
        here=Path(),
        today=datetime.now(UTC).date(),
    )
    if run.base is None:
        sys.exit(f"{options.base}: no base")
    method = method_of(run, Method)
    base, tokenizer = load_base(Path(run.base.model), dtype=torch.bfloat16)
    model = laid_over(base, method, run.adapter)
    parts = corpus_by_split(run.data.folder)
    teacher = Teacher(
        model, tokenizer, chat_template(tokenizer), [], [], method, seed=0
    )
    for rank in sorted(options.rank, reverse=True):  # what was cut stays cut
        kept = cut(model, rank)
        figures = as_figures(teacher.measure(*parts[options.split]), "")
        told = {key.removeprefix("_"): value for key, value in figures.items()}
        yield {"rank": rank, "kept": kept, **told}


def cut(model: Any, rank: int) -> float:
    """Cut every adapter of a model to a rank, in place.

    Shape: the share of the squared norm of all B A together that is kept, in [0, 1]
    """
    before = after = 0.0
    for module in model.modules():
        if not hasattr(module, "lora_A"):
            continue
        a, b = module.lora_A["default"].weight, module.lora_B["default"].weight
        with torch.no_grad():
            short_b, short_a, sizes = nearest(b.double(), a.double(), rank)
            a.copy_(short_a)
            b.copy_(short_b)
        before += float(sizes.square().sum())
        after += float(sizes[:rank].square().sum())
    return after / before if before else 1.0


def nearest(
    b: torch.Tensor, a: torch.Tensor, rank: int
) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Factors of the product nearest to ``b @ a`` of at most a rank.

    Shape: as b (m x r) and a (r x n), zeros beyond the rank; and the singular values of
           ``b @ a``, largest first (r)
    """
    # The product is large and of rank r: what is decomposed is r x r.
    left, upper = torch.linalg.qr(b)
    right, lower = torch.linalg.qr(a.T)
    u, sizes, v_t = torch.linalg.svd(upper @ lower.T)
    kept = sizes.clone()
    kept[rank:] = 0
    root = kept.sqrt()
    return left @ u * root, (right @ v_t.T * root).T, sizes


if __name__ == "__main__":
    main()
