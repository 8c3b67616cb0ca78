"""R17: wherever persona is run from: what is documented, and no code but its own."""

import os
import shutil
import signal
import stat
import subprocess
import sys
import time
import unicodedata
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tests.nothing_lost import git, left_behind
from tests.steady import SteadyEngine
from tests.torture.in_process import Here, answering, pair
from tests.torture.sizes import note_figure, once


@pytest.fixture(scope="module")
def lived_in(tmp_path_factory) -> Path:
    """Where the first test leaves a root for the others to copy."""
    return tmp_path_factory.mktemp("lived-in") / "profiles"


@pytest.fixture
def me(monkeypatch, tmp_path, lived_in) -> Iterator[Here]:
    """A profile with a version, and a log that is new to it."""
    with answering(monkeypatch) as server:
        if not lived_in.exists():
            first = Here(lived_in)
            first("init", "me")
            (tmp_path / "old.jsonl").write_bytes(pair(0))
            first("update", "me", str(tmp_path / "old.jsonl"))
        here = Here(lived_in).copied(tmp_path / "profiles")
        here.server = server
        (tmp_path / "new.jsonl").write_bytes(pair(1) + pair(2))
        yield here


@dataclass
class Run:
    """How an update is run, and what is expected of it.

    code:  its exit code
    says:  a part of what it says
    after: checked when it is over
    """

    environ: dict[str, str | None] = field(default_factory=dict)
    words: tuple[str, ...] = ("update", "me", "new.jsonl")
    before: tuple[str, ...] = ()
    redirect: str = ""
    cwd: Path | None = None
    code: int = 0
    says: str = ""
    after: Callable[[Here, Path], object] = lambda _here, _tmp: None


Row = Callable[[Here, Path], Run]
ROWS: dict[str, Row] = {}


def row(name: str) -> Callable[[Row], Row]:
    """Note an environment by its name."""

    def keep(make: Row) -> Row:
        ROWS[name] = make
        return make

    return keep


def environ(name: str, **values: str | None) -> None:
    """An environment that is one by its variables alone; None takes one away."""
    ROWS[name] = lambda _here, _tmp: Run(environ=values)


def evil(tmp: Path) -> str:
    """A command that nobody may run."""
    return f"touch {tmp / 'ran'}"


def config(name: str, **settings: str) -> None:
    """A setting of the repository; ``EVIL`` in it is a command nobody may run."""

    def make(here: Here, tmp: Path) -> Run:
        for key, value in settings.items():
            dotted = key.replace("__", ".")
            git(here.root, "config", dotted, value.replace("EVIL", evil(tmp)))
        return Run()

    ROWS[name] = make


environ("HOME unset", HOME=None, XDG_CONFIG_HOME=None, XDG_DATA_HOME=None)
environ("HOME that is not there", HOME="/nowhere/at/all", XDG_CONFIG_HOME=None)
environ("HOME that is a device", HOME="/dev/null", XDG_CONFIG_HOME=None)
environ(
    "no user.name",
    **{
        f"GIT_{w}_{x}": None for w in ("AUTHOR", "COMMITTER") for x in ("NAME", "EMAIL")
    },
)
environ("LANG=C", LANG="C", LC_ALL="C", PYTHONUTF8="0", PYTHONIOENCODING="ascii")
environ("a locale that is not there", LC_ALL="xx_XX.KOI8", LANGUAGE="de")
environ("TZ far east", TZ="Pacific/Kiritimati")
environ("TZ that is none", TZ="Nowhere/Garbage")
environ("the clock at 1970", SOURCE_DATE_EPOCH="0")
environ("no TERM", TERM=None)
environ("TERM=dumb, one column", TERM="dumb", COLUMNS="1", LINES="1")
environ("FORCE_COLOR", FORCE_COLOR="1", TERM="xterm-256color")
environ("git told to trace", GIT_TRACE="1", GIT_TRACE_SETUP="1", GIT_CURL_VERBOSE="1")
environ("git told a date that is none", GIT_COMMITTER_DATE="x", GIT_AUTHOR_DATE="x")
environ("git told a namespace", GIT_NAMESPACE="other", GIT_CEILING_DIRECTORIES="/")
config(
    "commit.gpgsign", commit__gpgsign="true", gpg__program="EVIL", tag__gpgsign="true"
)
config("core.fsmonitor", core__fsmonitor="EVIL")
config("editors, pagers, diffs", core__editor="EVIL", core__pager="EVIL")
config("diff.external", diff__external="EVIL", core__sshCommand="EVIL")
config("line endings", core__autocrlf="true", core__safecrlf="true", core__eol="crlf")
config("an odd index", index__version="4", core__splitIndex="true")
config("log and colour", color__ui="always", log__showSignature="true", log__date="raw")


@row("GIT_DIR of another repository")
def _other(here: Here, tmp: Path) -> Run:
    other = tmp / "other"
    git(tmp, "init", "-q", str(other))
    names = {
        "GIT_DIR": str(other / ".git"),
        "GIT_WORK_TREE": str(other),
        "GIT_INDEX_FILE": str(other / "index"),
        "GIT_OBJECT_DIRECTORY": str(other / "objects"),
        "GIT_COMMON_DIR": str(other / ".git"),
    }

    def untouched(_here: Here, _tmp: Path) -> None:
        assert not (other / "index").exists()
        assert not (other / "objects").exists()
        assert not list((other / ".git/refs/heads").iterdir())

    return Run(environ=dict(names), after=untouched)


@row("settings of git by the environment")
def _injected(_here: Here, tmp: Path) -> Run:
    names = {"GIT_CONFIG_COUNT": "1", "GIT_CONFIG_KEY_0": "core.fsmonitor"}
    names |= {"GIT_CONFIG_VALUE_0": evil(tmp), "GIT_EXTERNAL_DIFF": evil(tmp)}
    names |= {"GIT_CONFIG_PARAMETERS": f"'core.fsmonitor={evil(tmp)}'"}
    names |= {"GIT_EDITOR": evil(tmp), "GIT_PAGER": evil(tmp), "EDITOR": evil(tmp)}
    return Run(environ=dict(names))


@row("GIT_EXEC_PATH and GIT_TEMPLATE_DIR")
def _exec_path(_here: Here, tmp: Path) -> Run:
    folder = script(tmp / "exec" / "git-commit-tree", evil(tmp)).parent
    return Run(environ={"GIT_EXEC_PATH": str(folder), "GIT_TEMPLATE_DIR": str(folder)})


def script(path: Path, line: str) -> Path:
    """A program."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\n{line}\n")
    path.chmod(0o755)
    return path


HOOKS = ("pre-commit", "commit-msg", "post-commit", "post-index-change")
HOOKS += ("reference-transaction", "prepare-commit-msg", "post-checkout", "pre-auto-gc")


def hooks(name: str, line: str) -> None:
    """Every hook there is does this."""

    def make(here: Here, tmp: Path) -> Run:
        for hook in HOOKS:
            script(here.root / ".git/hooks" / hook, line.replace("EVIL", evil(tmp)))
        return Run()

    ROWS[name] = make


hooks("hooks that fail", "EVIL; exit 1")
hooks("hooks that print", "EVIL; echo hook; echo hook >&2")
hooks("hooks that hang", "EVIL; sleep 600")


@row("core.hooksPath")
def _hooks_path(here: Here, tmp: Path) -> Run:
    for hook in HOOKS:
        script(tmp / "hooks" / hook, f"{evil(tmp)}; exit 1")
    git(here.root, "config", "core.hooksPath", str(tmp / "hooks"))
    return Run()


@row("filters")
def _filters(here: Here, tmp: Path) -> Run:
    for part in ("clean", "smudge", "process"):
        git(here.root, "config", f"filter.f.{part}", f"{evil(tmp)}; cat")
    git(here.root, "config", "filter.f.required", "true")
    git(here.root, "config", "diff.d.textconv", evil(tmp))
    (here.root / ".gitattributes").write_text("* filter=f diff=d text eol=crlf ident\n")
    return Run()


@row("a git in the profile's folder, and a dot in PATH")
def _dot_in_path(here: Here, tmp: Path) -> Run:
    for folder in (here.root, here.root / "me"):
        script(folder / "git", f"{evil(tmp)}; exit 1")
    path = f":.:{os.environ['PATH']}"

    def clear(here: Here, _tmp: Path) -> None:
        for folder in (here.root, here.root / "me"):
            (folder / "git").unlink()

    return Run(environ={"PATH": path}, after=clear)


@row("a promisor that runs a command")
def _promisor(here: Here, tmp: Path) -> Run:
    for key, value in {
        "extensions.partialClone": "origin",
        "remote.origin.url": f"ext::sh -c {evil(tmp)}",
        "remote.origin.promisor": "true",
    }.items():
        git(here.root, "config", key, value)
    sha = git(here.root, "rev-parse", "HEAD~1:me/profile.md").strip()
    (here.root / ".git/objects" / sha[:2] / sha[2:]).unlink()
    return Run(words=("log", "me"), code=3)


@row("core.worktree somewhere else")
def _worktree(here: Here, tmp: Path) -> Run:
    (tmp / "elsewhere").mkdir()
    git(here.root, "config", "core.worktree", str(tmp / "elsewhere"))

    def mend(here: Here, tmp: Path) -> None:
        assert list((tmp / "elsewhere").iterdir()) == []
        where = here.root / ".git/config"
        subprocess.run(
            ["git", "config", "-f", str(where), "--unset", "core.worktree"], check=True
        )

    return Run(code=3, says="elsewhere", after=mend)


@row("umask 000")
def _umask(_here: Here, _tmp: Path) -> Run:
    def private(here: Here, _tmp: Path) -> None:
        state = here.root / "me/.state"
        for path in (state, *state.rglob("*")):
            open_to = stat.S_IMODE(path.stat().st_mode) & 0o077
            assert not open_to, f"{path}: {open_to:o}"

    return Run(before=("sh", "-c", 'umask 000; exec "$@"', "sh"), after=private)


@row("umask 777")
def _umask_all(_here: Here, _tmp: Path) -> Run:
    return Run(before=("sh", "-c", 'umask 777; exec "$@"', "sh"))


@row("32 open files at most")
def _few_files(_here: Here, _tmp: Path) -> Run:
    return Run(before=("sh", "-c", 'ulimit -n 32; exec "$@"', "sh"))


@row("a folder that is gone underfoot")
def _no_cwd(_here: Here, tmp: Path) -> Run:
    (tmp / "gone").mkdir()
    log = str(tmp / "new.jsonl")
    leave = f'cd {tmp / "gone"}; rmdir {tmp / "gone"}; exec "$@"'
    return Run(
        words=("update", "me", log),
        before=("sh", "-c", leave, "sh"),
        code=3,
        says="the folder you are in is gone",
    )


@row("a profile that is a link in its folder")
def _linked(here: Here, _tmp: Path) -> Run:
    path = here.root / "me/profile.md"
    path.rename(path.with_name("words.md"))
    path.symlink_to("words.md")

    def still(here: Here, _tmp: Path) -> None:
        assert (here.root / "me/profile.md").is_symlink()

    return Run(after=still)


@row("a root that is a link")
def _linked_root(here: Here, tmp: Path) -> Run:
    (tmp / "link").symlink_to(here.root)
    return Run(environ={"PERSONA_ROOT": str(tmp / "link")})


@row("a profile's folder that leads out")
def _leads_out(here: Here, tmp: Path) -> Run:
    shutil.copytree(here.root / "me", tmp / "elsewhere")
    (here.root / "out").symlink_to(tmp / "elsewhere")
    words = ("update", "out", "new.jsonl")

    def unlink(here: Here, _tmp: Path) -> None:
        (here.root / "out").unlink()

    return Run(words=words, code=2, says="leads out of", after=unlink)


def refused(name: str, *words: str, says: str, code: int = 2) -> None:
    """A command line that asks for what may not be."""
    ROWS[name] = lambda _here, _tmp: Run(words=words, code=code, says=says)


refused("../../x", "update", "../../x", "new.jsonl", says="no such log", code=3)
refused("../../x, made", "init", "../../x", says="not allowed")
refused("a name in another case", "init", "ME", says="cannot tell 'ME' from it")
refused(
    "a name in decomposed letters",
    "init",
    unicodedata.normalize("NFD", "zoë"),
    says="not allowed",
)


@row("a log of a decomposed name, from the future")
def _odd_log(_here: Here, tmp: Path) -> Run:
    name = unicodedata.normalize("NFD", "gespräch \u202e 🙂 .jsonl")
    (tmp / name).write_bytes((tmp / "new.jsonl").read_bytes())
    os.utime(tmp / name, (2**33, 2**33))
    return Run(words=("update", "me", name))


@row("no git")
def _no_git(_here: Here, _tmp: Path) -> Run:
    return Run(environ={"PATH": "/nowhere"}, code=3, says="git 2.36 or newer is needed")


def streams(name: str, redirect: str, *, code: int = 0) -> None:
    """Standard streams that are not what they mostly are."""
    ROWS[name] = lambda _here, _tmp: Run(redirect=redirect, code=code)


streams("stdin closed", "<&-")
streams("stdout closed", ">&-")
streams("stderr closed", "2>&-")
streams("all closed", "<&- >&- 2>&-")
streams("stdout on a full disk", ">/dev/full", code=3)
streams("stderr on a full disk", "2>/dev/full")


def run(here: Here, tmp: Path, how: Run) -> "subprocess.CompletedProcess[str]":
    """Run it as it says."""
    found: dict[str, str] = dict(os.environ, PERSONA_ROOT=str(here.root))
    for key, value in how.environ.items():
        found.pop(key, None)
        if value is not None:
            found[key] = value
    argv = [*how.before, sys.executable, "-m", "persona_cli", *how.words]
    if how.redirect:
        argv = ["sh", "-c", f'exec "$@" {how.redirect}', "sh", *argv]
    return subprocess.run(
        argv,
        cwd=tmp,
        env=found,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def unharmed(here: Here, tmp: Path, how: Run) -> None:
    """Nobody's code was run, and nothing is where it should not be."""
    assert not (tmp / "ran").exists(), "code of the repository was run"
    how.after(here, tmp)


def check(here: Here, tmp: Path, how: Run) -> None:
    """It ended as is documented, ran nobody's code, and is in nobody's way."""
    head = git(here.root, "rev-parse", "HEAD").strip()
    done = run(here, tmp, how)
    assert done.returncode == how.code, f"{done.returncode}: {done.stderr}"
    assert "Traceback" not in done.stderr
    assert how.says in done.stderr
    assert how.code in (0, 141) or not done.stderr or "  try: " in done.stderr
    unharmed(here, tmp, how)
    assert git(here.root, "merge-base", "--is-ancestor", head, "HEAD") == ""
    assert left_behind(here.root) == []
    if how.words[0] != "log":
        here("update", "me", str(tmp / "new.jsonl"))
        assert len(here.claims()) == 3
        assert [one for one in here.verify() if one["wrong"]] == []


@pytest.mark.parametrize("name", ROWS)
def test_an_environment(me, lived_in, tmp_path, monkeypatch, name):
    """Documented behaviour, and the next run needs nobody's help."""
    monkeypatch.chdir(tmp_path)
    check(me, tmp_path, ROWS[name](me, tmp_path))
    twin = NO_GUARD
    if name in CODE:
        twin = once(git_is_led_astray, lived_in, tmp_path, monkeypatch)
    note_figure("R17", name, 1, twin=twin)


CODE = ("hooks that print", "core.fsmonitor", "filters", "core.hooksPath")
CODE += ("GIT_DIR of another repository",)


NO_GUARD = "none: what is documented, without a guard of its own"


def git_is_led_astray(lived_in: Path, tmp_path: Path, monkeypatch) -> str:
    """The broken twin: git with the user's environment, and the repository's ways."""
    astray = [
        name for name in CODE if _led_astray(name, lived_in, tmp_path, monkeypatch)
    ]
    assert astray == [*CODE]
    said = "run the repository's code, or commit elsewhere"
    return f"git run plainly: {len(astray)} of {len(CODE)} {said}"


def _led_astray(name: str, lived_in: Path, tmp_path: Path, monkeypatch) -> bool:
    tmp = tmp_path / f"astray-{CODE.index(name)}"
    tmp.mkdir()
    here = Here(lived_in).copied(tmp / "profiles")
    (tmp / "new.jsonl").write_bytes(pair(1) + pair(2))
    with monkeypatch.context() as patch:
        patch.chdir(tmp)
        how = ROWS[name](here, tmp)
        for key in ("GIT_DIR", "GIT_INDEX_FILE"):
            if key in how.environ:
                patch.setenv(key, str(how.environ[key]))
        path = here.root / "me/profile.md"
        path.write_bytes(path.read_bytes() + b"- I drink tea.\n")
        for argv in (["git", "add", "."], ["git", "commit", "-qm", "x"]):
            subprocess.run(argv, cwd=here.root, capture_output=True, check=False)
    try:
        unharmed(here, tmp, how)
    except AssertionError:
        return True
    return False


def test_a_signal_to_end(me, tmp_path, monkeypatch):
    """SIGTERM while the model works: ended by it, and the next run goes on."""
    monkeypatch.chdir(tmp_path)

    class Slow(SteadyEngine):
        def complete(self, *args, **more):
            time.sleep(0.3)
            return super().complete(*args, **more)

    me.server.engine = Slow()
    begun = len(me.server.requests)
    argv = [sys.executable, "-m", "persona_cli", "update", "me", "new.jsonl"]
    found = dict(os.environ, PERSONA_ROOT=str(me.root))
    child = subprocess.Popen(argv, cwd=tmp_path, env=found, stderr=subprocess.PIPE)
    while len(me.server.requests) == begun:
        assert child.poll() is None
        time.sleep(0.005)
    child.send_signal(signal.SIGTERM)
    said = child.communicate(timeout=20)[1].decode()
    assert child.returncode == -signal.SIGTERM
    assert "Traceback" not in said
    me("update", "me", "new.jsonl")
    assert len(me.claims()) == 3


def test_a_reader_that_leaves(me, tmp_path):
    """A pipe that is closed: 141, without a word."""
    found: Mapping[str, str] = dict(os.environ, PERSONA_ROOT=str(me.root))
    line = f"{sys.executable} -m persona_cli show; echo $? >&2"
    done = subprocess.run(
        ["bash", "-c", f"{{ {line}; }} | true"],
        env=found,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stderr.split()[-1] in ("0", "141")
    assert "Traceback" not in done.stderr


def test_there_are_enough():
    """The row of the plan asks for 30."""
    assert len(ROWS) >= 30
