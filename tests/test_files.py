"""A file is written whole or not at all, and every fault has a name."""

import os
import stat
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from persona_cli.errors import InputError
from persona_cli.failpoints import FailpointError, failpoint
from persona_cli.files import (
    append_whole,
    heal_tail,
    read_whole,
    sweep_temporaries,
    write_whole,
)


def mode(path: Path) -> int:
    """Permission bits."""
    return stat.S_IMODE(path.stat().st_mode)


def listed(folder: Path) -> list[str]:
    """Names in a folder, sorted."""
    return sorted(path.name for path in folder.iterdir())


def test_a_new_file_is_private(tmp_path):
    """0600 for a new file, whatever the umask, and nothing beside it."""
    before = os.umask(0)
    try:
        write_whole(tmp_path / "a", b"one")
    finally:
        os.umask(before)

    assert (tmp_path / "a").read_bytes() == b"one"
    assert mode(tmp_path / "a") == 0o600
    assert listed(tmp_path) == ["a"]


def test_a_file_keeps_its_mode(tmp_path):
    """The permissions the user gave stay, unless others are asked for."""
    path = tmp_path / "a"
    path.write_bytes(b"one")
    path.chmod(0o664)

    write_whole(path, b"two")
    assert (path.read_bytes(), mode(path)) == (b"two", 0o664)

    write_whole(path, b"three", mode=0o640)
    assert mode(path) == 0o640


def test_a_link_within_the_folder_is_followed(tmp_path):
    """The link stays a link, and the words behind it change."""
    (tmp_path / "real").write_bytes(b"one")
    (tmp_path / "link").symlink_to("real")

    write_whole(tmp_path / "link", b"two")

    assert (tmp_path / "link").is_symlink()
    assert (tmp_path / "real").read_bytes() == b"two"


@pytest.mark.parametrize("target", ["../out", "link"])
def test_a_link_out_of_the_folder_is_refused(tmp_path, target):
    """Also one that leads in a circle; what it leads to stays as it was."""
    (tmp_path / "out").write_bytes(b"one")
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "link").symlink_to(target)

    with pytest.raises(InputError, match="is a link that leads out of its folder"):
        write_whole(tmp_path / "in" / "link", b"two")

    assert (tmp_path / "out").read_bytes() == b"one"


def test_a_folder_or_a_pipe_is_not_replaced(tmp_path):
    """Only a regular file gives way to one."""
    (tmp_path / "folder").mkdir()
    os.mkfifo(tmp_path / "pipe")
    for name in ("folder", "pipe"):
        with pytest.raises(InputError, match="not a regular file; nothing was changed"):
            write_whole(tmp_path / name, b"two")


def test_a_missing_folder_has_a_remedy(tmp_path):
    """The error names place, fault and remedy."""
    with pytest.raises(InputError, match="no such file or directory") as caught:
        write_whole(tmp_path / "nowhere" / "a", b"one")
    assert caught.value.remedy == "See that the folder is there."


def test_a_full_disk_leaves_the_old_bytes(tmp_path, monkeypatch):
    """Needed and free bytes are said, and no temporary file stays."""
    write_whole(tmp_path / "a", b"one")
    monkeypatch.setenv("PERSONA_FAILPOINT", "tmp-written:enospc")

    with pytest.raises(
        InputError, match=r"no space left on .* \(need 98 KB, free \d+ "
    ):
        write_whole(tmp_path / "a", b"x" * 100_000)

    assert (tmp_path / "a").read_bytes() == b"one"
    assert listed(tmp_path) == ["a"]


def test_a_file_that_may_not_grow(tmp_path):
    """A real limit of the kernel, and an append that stops half way: taken back."""
    code = (
        "import resource, sys; from pathlib import Path\n"
        "from persona_cli.files import append_whole, write_whole\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))\n"
        "{write_whole.__name__: write_whole, append_whole.__name__: append_whole}"
        "[sys.argv[1]](Path(sys.argv[2]), b'y' * 1999 + b'\\n')\n"
    )
    for verb in ("write_whole", "append_whole"):
        (tmp_path / "a").write_bytes(b"one\n")
        done = subprocess.run(
            [sys.executable, "-c", code, verb, tmp_path / "a"],
            capture_output=True,
            text=True,
        )
        assert "file too large; nothing was changed" in done.stderr
        assert (tmp_path / "a").read_bytes() == b"one\n", verb
        assert listed(tmp_path) == ["a"]


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_read_only_file_is_respected(tmp_path):
    """A rename would get round the permission; who took it away meant it."""
    (tmp_path / "a").write_bytes(b"one")
    (tmp_path / "a").chmod(0o444)

    with pytest.raises(InputError, match="permission denied; nothing was changed"):
        write_whole(tmp_path / "a", b"two")


def test_readers_never_see_half_a_file(tmp_path):
    """Ten thousand reads while another thread writes: old or new, each time."""
    path = tmp_path / "a"
    versions = [bytes([65 + n]) * 50_000 for n in range(2)]
    write_whole(path, versions[0])
    done = threading.Event()

    def write() -> None:
        n = 0
        while not done.is_set():
            n += 1
            write_whole(path, versions[n % 2])

    writer = threading.Thread(target=write)
    writer.start()
    seen = {path.read_bytes() for _ in range(10_000)}
    done.set()
    writer.join()

    assert seen == {*versions}


def test_a_ledger_grows(tmp_path):
    """Lines follow each other; a new ledger is private."""
    append_whole(tmp_path / "a", b"one\n")
    append_whole(tmp_path / "a", b"two\nthree\n")

    assert (tmp_path / "a").read_bytes() == b"one\ntwo\nthree\n"
    assert mode(tmp_path / "a") == 0o600
    with pytest.raises(ValueError, match="whole lines"):
        append_whole(tmp_path / "a", b"half")


@settings(max_examples=60, deadline=None)
@given(st.binary(max_size=40), st.integers(0, 2))
def test_a_torn_line_is_cut_off(tmp_path_factory, tail, lines):
    """Whatever a dead run left after the last newline goes before the next line."""
    path = tmp_path_factory.mktemp("ledger") / "a"
    whole = b'{"n": 1}\n' * lines
    torn = tail.replace(b"\n", b"")
    path.write_bytes(whole + torn)

    assert heal_tail(path) == len(torn)
    assert path.read_bytes() == whole

    path.write_bytes(whole + torn)
    append_whole(path, b"next\n")
    assert path.read_bytes() == whole + b"next\n"


def test_a_long_torn_line_is_cut_off(tmp_path):
    """Longer than the block that is looked through at once."""
    (tmp_path / "a").write_bytes(b"one\n" + b"x" * 200_000)

    assert heal_tail(tmp_path / "a") == 200_000
    assert (tmp_path / "a").read_bytes() == b"one\n"
    assert heal_tail(tmp_path / "none") == 0


def test_leftovers_are_swept_and_nothing_else(tmp_path):
    """Only persona's own temporary files go."""
    kept = [".hidden", "notes.persona-tmp", "profile.md", ".vimrc.swp"]
    for name in [*kept, ".profile.md.1f2e.persona-tmp"]:
        (tmp_path / name).write_bytes(b"")

    assert sweep_temporaries(tmp_path) == 1
    assert listed(tmp_path) == sorted(kept)


def test_a_closed_stderr_does_not_write_into_the_file(tmp_path):
    """With 0, 1 and 2 closed, none of them becomes the file's number."""
    code = (
        "import os, sys; from pathlib import Path\n"
        "from persona_cli.files import open_above\n"
        "path = Path(sys.argv[1])\n"
        "os.close(0); os.close(2)\n"
        "fd = open_above(path, os.O_RDWR | os.O_CREAT, 0o600)\n"
        "print(fd, os.get_inheritable(fd))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, tmp_path / "a"], capture_output=True, text=True
    )
    number, inheritable = done.stdout.split()
    assert int(number) > 2
    assert inheritable == "False"


def test_reading_tells_none_from_empty(tmp_path):
    """No file is None, an empty one is empty, a folder is an error."""
    (tmp_path / "empty").touch()
    assert read_whole(tmp_path / "none") is None
    assert read_whole(tmp_path / "empty") == b""
    with pytest.raises(InputError, match="is a directory"):
        read_whole(tmp_path)


def test_a_failpoint_that_is_none_is_an_error(monkeypatch):
    """A test that names no place, or an action that is none, must not pass."""
    with pytest.raises(ValueError, match="is no failpoint"):
        failpoint("nowhere")
    for wanted in ("nowhere:kill", "renamed:explode", "renamed"):
        monkeypatch.setenv("PERSONA_FAILPOINT", wanted)
        with pytest.raises(ValueError, match="want <place>:<action>"):
            failpoint("renamed")
    monkeypatch.setenv("PERSONA_FAILPOINT", "renamed:raise")
    failpoint("tmp-written")
    with pytest.raises(FailpointError):
        failpoint("renamed")
