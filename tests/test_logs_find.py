"""Names become log files."""

import os
import tempfile
import time
from pathlib import Path

import pytest

from persona_cli.errors import InputError
from persona_cli.logs import find_logs


@pytest.fixture
def tree(tmp_path, monkeypatch):
    """A folder with logs, and with what is none, to stand in."""
    for name in (
        "b.jsonl",
        "a.md",
        "c/d.csv",
        "c/e/f.JSON",
        ".hidden.jsonl",
        ".git/g.txt",
        "c/.cache/h.jsonl",
        "i.py",
        "j",
    ):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("x")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def found(*names: str, **options: Path) -> list[str]:
    return [str(path) for path in find_logs(names, **options)]


def test_a_folder_gives_what_can_be_a_log(tree):
    """In order, without hidden files, and without what only looks like text."""
    assert found(".") == ["a.md", "b.jsonl", "c/d.csv", "c/e/f.JSON"]
    assert found(str(tree / "c")) == [f"{tree}/c/d.csv", f"{tree}/c/e/f.JSON"]


def test_a_file_that_is_named_may_be_called_anything(tree):
    """Hidden, without extension, whatever: the user asked for it."""
    assert found("j", ".hidden.jsonl", "i.py") == ["j", ".hidden.jsonl", "i.py"]


def test_globs_are_expanded_here_too(tree, monkeypatch):
    """In quotes, the shell leaves them to us; with ** and ~."""
    assert found("*.jsonl") == ["b.jsonl"]
    assert found("**/*.csv") == ["c/d.csv"]
    assert found("?") == ["c/d.csv", "c/e/f.JSON", "j"]
    monkeypatch.setenv("HOME", str(tree))
    assert found("~/*.md") == [f"{tree}/a.md"]


def test_a_name_with_brackets_is_itself_first(tree):
    """A file called like a pattern is found."""
    (tree / "b[1].jsonl").write_text("x")
    assert found("b[1].jsonl") == ["b[1].jsonl"]


def test_each_log_once_in_the_order_given(tree):
    """Whatever the ways to it."""
    names = ["c", "b.jsonl", "./b.jsonl", str(tree / "b.jsonl"), "c/../a.md", "."]
    assert found(*names) == ["c/d.csv", "c/e/f.JSON", "b.jsonl", "c/../a.md"]


@pytest.mark.parametrize("name", ["chats.jsonl", "*.nothing", "", "a\0b", "~none/x"])
def test_what_is_not_there_is_named(tree, name):
    """Missing files and patterns that match nothing."""
    shown = name.replace("\0", "\ufffd") or "(an empty name)"
    with pytest.raises(InputError) as caught:
        find_logs([name])
    assert str(caught.value) == f"no such log: {shown}"


def test_a_broken_link_is_no_log(tree):
    """It is there, and what it means is not."""
    (tree / "link.jsonl").symlink_to("gone")
    with pytest.raises(InputError, match="no such log: link"):
        find_logs(["link.jsonl"])
    assert "link.jsonl" not in found(".")


def test_pipes_and_devices_are_refused(tree):
    """By name; in a folder they are passed over."""
    os.mkfifo(tree / "pipe.jsonl")
    for name in ("pipe.jsonl", "/dev/null"):
        with pytest.raises(InputError, match=f"{name}: not a regular file"):
            find_logs([name])
    assert "pipe.jsonl" not in found(".")


def test_what_may_not_be_read_is_named():
    """A file without permission, and a folder."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "open").mkdir()
        log = folder / "open" / "secret.jsonl"
        log.write_text("x")
        log.chmod(0)
        (folder / "shut").mkdir(mode=0)
        folder.chmod(0o755)
        was = os.geteuid()
        if was == 0:
            os.seteuid(65534)  # root may read everything
        try:
            for path in (log, folder / "shut", folder):
                with pytest.raises(InputError, match="permission denied"):
                    find_logs([str(path)])
        finally:
            os.seteuid(was)
            (folder / "shut").chmod(0o700)


def test_links_in_a_folder(tree):
    """To a file they are followed; to a folder not, which may lead in circles."""
    (tree / "c" / "up").symlink_to(tree)
    (tree / "c" / "z.jsonl").symlink_to(tree / "b.jsonl")
    assert found("c") == ["c/d.csv", "c/z.jsonl", "c/e/f.JSON"]


@pytest.fixture
def root(tree):
    """The root of two profiles, one with logs of its own."""
    root = tree / "profiles"
    for name in ("ada/profile.md", "ada/logs/a.jsonl", "ada/stray.jsonl", "x/b.jsonl"):
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("x")
    return root


@pytest.mark.parametrize("name", ["ada/stray.jsonl", "ada/profile.md", "ada"])
def test_a_log_inside_a_profile_is_refused(root, name):
    """It would be committed with it."""
    with pytest.raises(InputError) as caught:
        find_logs([f"profiles/{name}"], inside=root)
    assert str(caught.value) == (
        f"refusing: profiles/{name} is inside a profile and would be committed"
    )
    assert found(f"profiles/{name}")


def test_a_link_into_a_profile_is_refused_too(root, tree):
    """What counts is where the file is."""
    (tree / "way.jsonl").symlink_to(root / "ada" / "stray.jsonl")
    with pytest.raises(InputError, match="inside a profile"):
        find_logs(["way.jsonl"], inside=root)
    (tree / "c" / "way.jsonl").symlink_to(root / "ada" / "stray.jsonl")
    assert "c/way.jsonl" not in found("c", inside=root)


def test_the_logs_of_a_profile_may_be_read(root):
    """The example keeps its own beside it; a folder without profile is none."""
    assert found("profiles/ada/logs", inside=root) == ["profiles/ada/logs/a.jsonl"]
    assert found("profiles/ada/logs/a.jsonl", inside=root)
    assert found("profiles/x/b.jsonl", inside=root)


def test_a_folder_around_the_profiles_leaves_them_out(root):
    """A profile is never read as a post of its owner."""
    assert found("profiles", inside=root) == [
        "profiles/ada/logs/a.jsonl",
        "profiles/x/b.jsonl",
    ]


def test_the_cost_of_a_folder_grows_with_its_logs_alone(tmp_path):
    """Ten times as many take ten times as long or so, and not a hundred times."""
    seconds = []
    for number in (400, 4_000):
        folder = tmp_path / str(number)
        folder.mkdir()
        for log in range(number):
            (folder / f"{log}.jsonl").touch()
        taken = []
        for _ in range(3):
            begun = time.process_time()
            assert len(find_logs([str(folder)], inside=tmp_path / "x")) == number
            taken.append(time.process_time() - begun)
        seconds.append(min(taken))
    assert seconds[1] < 35 * seconds[0]


def test_names_that_are_not_utf8_are_shown_safely(tmp_path):
    """Control characters and stray bytes do not reach the terminal."""
    name = os.fsdecode(os.fsencode(tmp_path) + b"/\x1b[31m\xff.jsonl")
    with pytest.raises(InputError) as caught:
        find_logs([name])
    assert str(caught.value).isprintable()
