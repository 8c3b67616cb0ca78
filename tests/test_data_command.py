"""All loaders of public sets, through their command line, on files made by hand."""

import json
import shutil
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from scripts.data.sets.command import SETS, chosen, main
from scripts.data.sets.sample import Sample, Triple, parse, read_samples

ROOT = Path(__file__).parent.parent
FILES = Path(__file__).parent / "data_files"
SHORT = ["--shortest", "2"]
# set, folder of files, options that small files need
CASES = [
    ("mind", "mind", SHORT),
    ("amazon", "amazon", SHORT),
    ("amazon", "amazon", ["--shortest", "1", "--rejected", "disliked"]),
    ("movielens", "movielens", SHORT),
    ("movielens", "movielens_dat", SHORT),
    ("movielens", "movielens", ["--shortest", "1", "--rejected", "disliked"]),
    ("alignx", "alignx", []),
    ("alignx", "alignx_prepared", []),
    ("psoups", "psoups", []),
    ("personamem", "personamem", []),
    ("hicupid", "hicupid", []),
    ("prefeval", "prefeval", []),
]
every = pytest.mark.parametrize(
    ("name", "folder", "options"), CASES, ids=[f"{c[1]}{len(c[2])}" for c in CASES]
)


def load(out, name, folder, *options):
    """Run the command; the bytes it wrote."""
    argv = [name, "--from", str(folder), "--out", str(out), *options]
    assert main(argv, about="") == 0
    assert not list(out.parent.glob(".*")), "nothing but the file itself is left"
    return out.read_bytes()


@every
def test_every_set_becomes_canonical(name, folder, options, tmp_path):
    """Each line is a sample of its set; its target is not in its history."""
    written = load(tmp_path / "out", name, FILES / folder, *options)
    samples = [parse(text) for text in written.splitlines()]
    assert samples
    assert len({sample.uid for sample in samples}) == len(samples)
    assert {sample.source.split("/")[0] for sample in samples} == {name}


@every
def test_two_runs_write_the_same_bytes(name, folder, options, tmp_path):
    """With the same seed; and another seed changes the file."""
    first = load(tmp_path / "one", name, FILES / folder, *options)
    assert load(tmp_path / "two", name, FILES / folder, *options) == first
    seeds = {
        load(tmp_path / "more", name, FILES / folder, *options, "--seed", str(n))
        for n in range(1, 9)
    }
    assert seeds != {first}


@every
def test_a_limit_takes_the_first_of_a_longer_run(name, folder, options, tmp_path):
    """So that a larger sample only adds to a smaller one."""
    whole = load(tmp_path / "all", name, FILES / folder, *options).splitlines()
    one = load(tmp_path / "one", name, FILES / folder, *options, "--limit", "1")
    assert one.splitlines() == whole[:1]


def test_nobody_is_in_training_and_in_test():
    """The two splits are the whole, and share no user."""
    target = Triple(None, "dog", "cat")
    made = [
        Sample(f"{n}", "made", f"u{n % 40}", (Triple(None, "tea", None),), target)
        for n in range(120)
    ]
    train, test = (
        list(chosen(made, Counter(), split=split, part=None, limit=None))
        for split in ("train", "test")
    )
    assert sorted(s.uid for s in train + test) == sorted(s.uid for s in made)
    users = {s.user for s in train}, {s.user for s in test}
    assert all(users)
    assert not users[0] & users[1]


def test_a_part_is_taken_alone(tmp_path):
    """Only P-Soups' dimension of style."""
    load(tmp_path / "out", "psoups", FILES / "psoups", "--part", "style")
    samples = list(read_samples(tmp_path / "out"))
    assert {sample.source for sample in samples} == {"psoups/style"}
    assert len(samples) == 3


def test_it_runs_by_its_path_from_anywhere(tmp_path):
    """No install, no PYTHONPATH: as the documentation says."""
    argv = [sys.executable, ROOT / "scripts/data/load.py", "alignx"]
    options = ["--from", FILES / "alignx", "--out", "-", "--limit", "2"]
    said = subprocess.run([*argv, *options], cwd=tmp_path, capture_output=True)
    assert len([parse(text) for text in said.stdout.splitlines()]) == 2
    assert said.stderr == b"2 samples of alignx in -\n"


def test_it_runs_where_the_wheel_puts_it(tmp_path):
    """Under persona_cli/scripts the package has another name."""
    place = tmp_path / "persona_cli" / "scripts"
    shutil.copytree(ROOT / "scripts" / "data", place / "data")
    argv = [sys.executable, place / "data" / "load.py", "--list"]
    said = subprocess.run(argv, cwd=tmp_path, capture_output=True, text=True)
    assert (said.returncode, said.stderr) == (0, "")
    assert "prefeval: " in said.stdout


def test_a_reader_that_leaves_is_no_bug(tmp_path):
    """`load.py ... --out - | head -1` ends without a traceback."""
    argv = f"{sys.executable} {ROOT}/scripts/data/load.py psoups --out -"
    line = f"{argv} --from {FILES}/psoups | head -c 1"
    said = subprocess.run(line, shell=True, capture_output=True, text=True)
    assert "Traceback" not in said.stderr


def test_list_says_where_each_set_is_had_and_on_what_terms(capsys):
    """And which files are looked for."""
    assert main(["--list"], about="") == 0
    said = " ".join(capsys.readouterr().out.split())
    for known in SETS.values():
        for fact in (known.get, known.terms, *known.files):
            assert " ".join(fact.split()) in said


@pytest.mark.parametrize("name", SETS)
def test_help_says_it_too(name, capsys):
    """For the one set that is asked about."""
    with pytest.raises(SystemExit) as end:
        main([name, "--help"], about="")
    assert end.value.code == 0
    said = " ".join(capsys.readouterr().out.split())
    assert " ".join(SETS[name].terms.split()) in said


def failure(capsys, name, folder, *options, out="out.jsonl"):
    """Run a command that fails; its two lines."""
    out = folder.parent / "elsewhere" / out
    out.parent.mkdir(exist_ok=True)
    argv = [name, "--from", str(folder), "--out", str(out), *options]
    code = main(argv, about="")
    said = capsys.readouterr().err
    assert code == 3, said
    assert not list(out.parent.iterdir()), "a failed run leaves nothing behind"
    first, second = said.splitlines()
    assert second.startswith("  try: ")
    return first.removeprefix("error: ")


@pytest.mark.parametrize("name", SETS)
def test_a_folder_without_the_set(name, tmp_path, capsys):
    """The error names the folder and what is missing."""
    folder = tmp_path / "empty"
    folder.mkdir()
    assert failure(capsys, name, folder).startswith(f"{folder}: no ")
    assert failure(capsys, name, tmp_path / "nowhere").endswith("no such folder")


def test_parquet_is_told_apart_from_nothing(tmp_path, capsys):
    """Who has the hub's own files learns how to turn them."""
    (tmp_path / "set" / "data").mkdir(parents=True)
    (tmp_path / "set" / "data" / "train.parquet").write_bytes(b"PAR1")
    argv = ["alignx", "--from", str(tmp_path / "set"), "--out", str(tmp_path / "o")]
    assert main(argv, about="") == 3
    assert "Parquet is not read" in capsys.readouterr().err


# folder, set, file to break, what to do to its text, where and what the error says
BROKEN = [
    ("mind", "train/news.tsv", ("\tlocal", "", 1), "news.tsv:1: 7 columns"),
    ("mind", "train/behaviors.tsv", ("9:05:58 AM", "9h05", 1), "behaviors.tsv:1: '11/"),
    ("mind", "dev/behaviors.tsv", ("N14-0", "N14", -1), "behaviors.tsv:1: a story"),
    ("amazon", "Home.jsonl", ('"user_id"', '"user"', 1), "Home.jsonl:1: `user_id` is"),
    ("amazon", "Home.jsonl", ("1600000000030", '"x"', 1), "Home.jsonl:1: `rating` or"),
    ("amazon", "Home.jsonl", ("\n{", "\n[{", 1), "Home.jsonl:2: not JSON"),
    (
        "amazon",
        "meta_Home.jsonl",
        ('"P01"', "1", 1),
        "meta_Home.jsonl:1: `parent_asin`",
    ),
    ("movielens", "ratings.csv", ("timestamp", "time", 1), "ratings.csv:1: no column"),
    ("movielens", "ratings.csv", ("1,1,4.0,100", "1,1,good,1", 1), "ratings.csv:2: "),
    (
        "movielens",
        "ratings.csv",
        ("1,1,4.0,100", "1,1,4.0", 1),
        "ratings.csv:2: not as",
    ),
    (
        "movielens",
        "movies.csv",
        ("genres", "kind", 1),
        "movies.csv:1: no column genres",
    ),
    ("movielens_dat", "ratings.dat", ("::4::100", "", 1), "ratings.dat:1: 2 columns"),
    ("alignx", "Reddit_PAIR.json", ("[", "", 1), "Reddit_PAIR.json: not JSON"),
    ("alignx", "Reddit_PAIR.json", ('"chosen"', '"best"', 1), "Reddit_PAIR.json[0]: "),
    ("alignx_prepared", "alignx_upi.jsonl", ('"target"', '"t"', 1), "upi.jsonl:1: not"),
    ("psoups", "student_phd.json", ('"rejected"', '"r"', 1), "student_phd.json[0]: "),
    (
        "personamem",
        "questions_32k.csv",
        ("all_options", "o", 1),
        "32k.csv:1: no column",
    ),
    ("personamem", "questions_32k.csv", ("(b),", "(x),", 1), "no option '(x)'"),
    ("personamem", "questions_32k.csv", ("c0ffee", "c0ca", 1), "no context c0ca"),
    (
        "personamem",
        "questions_32k.csv",
        (",3\r", ",x\r", 1),
        "32k.csv:3: not a question",
    ),
    (
        "personamem",
        "questions_32k.csv",
        ("user_question_or_message", "q", 1),
        ":1: no ",
    ),
    (
        "personamem",
        "shared_contexts_32k.jsonl",
        ('"role"', '"r"', 1),
        "32k.jsonl:1: not",
    ),
    (
        "hicupid",
        "qa_test_1.jsonl",
        ('"question"', '"q"', 1),
        "1.jsonl:1: `question` is",
    ),
    (
        "hicupid",
        "dialogue_test.jsonl",
        ('"user_id": 2', '"user_id": 3', 9),
        "of user 2",
    ),
    (
        "hicupid",
        "dialogue_test.jsonl",
        ('"dialogue_id"', '"d"', 1),
        ":1: `dialogue_id`",
    ),
    (
        "prefeval",
        "benchmark_dataset/mcq_options/shop_home.json",
        ("number 0", "number 7", -1),
        "shop_home.json[0]: another question than",
    ),
    (
        "prefeval",
        "benchmark_dataset/mcq_options/shop_home.json",
        ("classification_task_options", "options", 1),
        "shop_home.json[0]: no `classification",
    ),
    (
        "prefeval",
        "benchmark_dataset/implicit_preference/choice-based/travel_hotel.json",
        ("aligned_op", "aligned", 1),
        "travel_hotel.json[0]: not a row of PrefEval",
    ),
]


@pytest.mark.parametrize(("folder", "file", "change", "said"), BROKEN)
def test_a_broken_file_is_named_with_its_line(
    folder, file, change, said, tmp_path, capsys
):
    """Place first, then what is wrong; exit code 3, no traceback, no output."""
    there = tmp_path / folder
    shutil.copytree(FILES / folder, there)
    path = there / file
    text = path.read_bytes().decode("latin-1")
    assert change[0] in text
    path.write_bytes(text.replace(*change).encode("latin-1"))
    assert said in failure(capsys, folder.split("_")[0], there, "--shortest", "1")


@pytest.mark.parametrize(
    ("folder", "file", "said"),
    [
        ("alignx_prepared", "alignx_upi.jsonl", "two files called alignx"),
        ("psoups", "student_phd.json", "a second file of "),
        ("movielens", "ratings.csv", "ratings.csv and"),
    ],
)
def test_two_editions_in_one_folder(folder, file, said, tmp_path, capsys):
    """Which one is meant, we do not guess."""
    there = tmp_path / folder
    shutil.copytree(FILES / folder, there / "new")
    shutil.copytree(FILES / folder, there / "old")
    assert (there / "old" / file).is_file()
    assert said in failure(capsys, folder.split("_")[0], there)


def test_bytes_that_are_no_text(tmp_path, capsys):
    """An image in the place of a file is told by its line."""
    there = tmp_path / "hicupid"
    shutil.copytree(FILES / "hicupid", there)
    (there / "qa_test_1.jsonl").write_bytes(b"\x89PNG\xff\xfe\n")
    assert failure(capsys, "hicupid", there).endswith("qa_test_1.jsonl:1: not UTF-8")


def test_a_gz_that_was_cut_short(tmp_path, capsys):
    """A half-downloaded archive is no bug of ours."""
    there = tmp_path / "amazon"
    shutil.copytree(FILES / "amazon", there)
    (there / "Home.jsonl").unlink()
    (there / "Home.jsonl.gz").write_bytes(b"\x1f\x8b\x08\x00\x00\x00")
    assert str(there / "Home.jsonl.gz") in failure(capsys, "amazon", there)


def test_no_sample_at_all_is_an_error(tmp_path, capsys):
    """With the reasons, and without an empty file."""
    there = tmp_path / "mind"
    shutil.copytree(FILES / "mind", there)
    said = failure(capsys, "mind", there, "--shortest", "50")
    assert "not one sample of mind" in said
    assert "4 skipped: too short a history" in said


def test_the_output_may_not_become_input(tmp_path, capsys):
    """A file written into the set's folder would be read by the next run."""
    there = tmp_path / "alignx"
    shutil.copytree(FILES / "alignx", there)
    argv = ["alignx", "--from", str(there), "--out", str(there / "out.jsonl")]
    assert main(argv, about="") == 2
    assert "in the folder that is read" in capsys.readouterr().err


def test_an_output_that_cannot_be_written(tmp_path, capsys):
    """A folder, or a place in a folder that is not there."""
    for out in (tmp_path, tmp_path / "no" / "out"):
        argv = ["alignx", "--from", str(FILES / "alignx"), "--out", str(out)]
        assert main(argv, about="") == 3
        assert str(out) in capsys.readouterr().err


def test_what_was_skipped_is_said(tmp_path, capsys):
    """On stderr, each reason with its count."""
    load(tmp_path / "out", "mind", FILES / "mind", *SHORT)
    said = capsys.readouterr().err.splitlines()
    assert said == [
        f"3 samples of mind in {tmp_path / 'out'}",
        "1 skipped: no click beside a story passed over",
        "1 skipped: too short a history",
    ]


def test_the_files_made_by_hand_are_small():
    """They show a layout, and are nobody's data."""
    paths = [path for path in FILES.rglob("*") if path.is_file()]
    assert sum(path.stat().st_size for path in paths) < 100_000
    assert json.loads((FILES / "alignx" / "Reddit_PAIR.json").read_text("utf-8"))
