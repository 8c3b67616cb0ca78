"""A data folder is the same however it is made, and goes on where it was stopped."""

import json
import multiprocessing
from pathlib import Path

import pytest

from persona_cli.errors import InputError
from persona_cli.files import sha256_of
from persona_cli.suite.users import read_users
from persona_cli.training.folder import Simulation, simulate
from persona_cli.training.runs import Data, Run, write_run
from persona_cli.training.users import SPLITS, split_files
from scripts import train_data

SEED = Path(__file__).parent.parent / "scripts" / "data" / "seed"


def made(
    folder, *, users=24, shard=10, processes=1, seed=0, share=0.2, tell=lambda _: None
):
    asked = Simulation(
        users=users,
        shard_users=shard,
        processes=processes,
        val_share=share,
        test_share=share,
    )
    return simulate(SEED, folder, asked, seed=seed, tell=tell)


def lines(folder, split):
    return [
        line for p in split_files(folder, split) for line in p.read_text().splitlines()
    ]


def test_users_depend_on_seed_and_number_alone(tmp_path):
    """Not on how many there are, the size of a block, or who makes it."""
    made(tmp_path / "one", users=24, shard=10)
    made(tmp_path / "two", users=30, shard=7, processes=2)

    for split in SPLITS:
        one, two = lines(tmp_path / "one", split), lines(tmp_path / "two", split)
        assert one == [line for line in two if json.loads(line)["id"] < "u000024"]
    assert sum(len(lines(tmp_path / "one", split)) for split in SPLITS) == 24
    assert multiprocessing.active_children() == []


def test_another_seed_is_other_people(tmp_path):
    """All of them."""
    made(tmp_path / "one", users=6, seed=1, share=0)
    made(tmp_path / "two", users=6, seed=2, share=0)
    one, two = (
        {line for split in SPLITS for line in lines(tmp_path / name, split)}
        for name in ("one", "two")
    )
    assert not one & two


def test_a_stopped_run_goes_on(tmp_path):
    """Blocks that are whole stay; torn and missing ones come out as before."""
    made(tmp_path)
    before = {p.name: p.read_bytes() for p in tmp_path.iterdir()}
    kept = tmp_path / "train-00000.jsonl"
    stamp = kept.stat().st_mtime_ns
    torn = tmp_path / "train-00001.jsonl"
    torn.write_bytes(torn.read_bytes()[:-50])
    (tmp_path / "train-00002.jsonl").unlink()
    (tmp_path / "data.json").unlink()
    told: list[str] = []

    made(tmp_path, tell=told.append)

    assert told[0] == "1 of 3 blocks are there already"
    assert kept.stat().st_mtime_ns == stamp
    del before["blocks.ledger"]
    assert {name: (tmp_path / name).read_bytes() for name in before} == before


def test_fewer_users_leave_no_file_of_the_others(tmp_path):
    """What is in the folder is what its data.json says."""
    made(tmp_path)
    found = made(tmp_path, users=10)

    named = {p.name for p in tmp_path.glob("*.jsonl")}
    assert named == set(found["files"])


def test_a_folder_of_another_run_is_refused(tmp_path):
    """Also one that holds users and does not say whose."""
    made(tmp_path / "one", users=5)
    with pytest.raises(InputError, match="holds seed 0, not 1"):
        made(tmp_path / "one", users=5, seed=1)

    (tmp_path / "two").mkdir()
    (tmp_path / "two" / "train-00000.jsonl").write_text("{}\n")
    with pytest.raises(InputError, match="no run says"):
        made(tmp_path / "two")


def test_hashes_counts_suites_and_datasheet_are_true(tmp_path):
    """Every file is named with its hash, and every figure is counted."""
    found = made(tmp_path)

    for name, digest in found["files"].items():
        assert sha256_of((tmp_path / name).read_bytes()) == digest
    users = [json.loads(line) for split in SPLITS for line in lines(tmp_path, split)]
    counts = found["counts"]
    assert counts["users"] == len(users)
    assert counts["interactions"] == sum(len(u["interactions"]) for u in users)
    assert counts["showing"] + counts["showing nothing"] == counts["interactions"]
    targets = {k: n for k, n in counts.items() if k.startswith("targets/")}
    assert sum(targets.values()) == sum(len(u["targets"]) for u in users)
    assert not any("unseen" in k for k in targets if k.startswith("targets/train"))
    assert all("unseen" in k for k in targets if not k.startswith("targets/train"))
    for split in ("val", "test"):
        suite = read_users([tmp_path / f"suite-{split}.jsonl"])
        assert len(suite) == len(lines(tmp_path, split))
    sheet = (tmp_path / "datasheet.md").read_text()
    assert f"| users | {len(users)} |" in sheet
    assert "of a domain that nothing was learned from" in sheet


def test_the_script_makes_what_its_run_file_says(tmp_path, capsys):
    """And ends with a code and a remedy when the run file is wrong."""
    run = Run(
        persona="0",
        stage="data",
        seed=0,
        out=tmp_path / "run",
        base=None,
        data=Data(folder=SEED),
        method={
            "simulate": 4,
            "from": [],
            "shard_users": 10,
            "processes": 1,
            "val_share": 0.1,
            "test_share": 0.1,
            "predictable": 0.9,
            "targets": 5,
            "least": 3,
            "again": 0.8,
            "history": 60,
            "answer_tokens": 1024,
        },
    )
    write_run(run, tmp_path / "run.yaml")

    assert train_data.main([str(tmp_path / "run.yaml")]) == 0
    assert json.loads((tmp_path / "run" / "done.json").read_text())["users"] == 4

    text = (tmp_path / "run.yaml").read_text().replace("simulate: 4", "simulate: null")
    (tmp_path / "run.yaml").write_text(text)
    assert train_data.main([str(tmp_path / "run.yaml")]) == 3
    assert "either simulate or from" in capsys.readouterr().err
