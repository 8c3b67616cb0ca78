"""P3 and P4: no command connects anywhere, and none tells others what it reads."""

import os
import re
import shutil
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from tests.chat_server import ChatServer
from tests.conftest import Persona
from tests.steady import SteadyEngine
from tests.torture.everyday import (
    SAYS,
    Called,
    commands,
    make_log,
    others_may,
    own_files,
    watched,
)
from tests.torture.sizes import note_figure


def _strace_works() -> bool:
    if shutil.which("strace") is None:
        return False
    argv = ["strace", "-f", "-qq", "--seccomp-bpf", "-o", os.devnull, "true"]
    return subprocess.run(argv, capture_output=True, check=False).returncode == 0


needs_strace = pytest.mark.skipif(
    not _strace_works(), reason="needs strace, with leave to trace, and --seccomp-bpf"
)

# Switches on a command that phones home, as nothing in persona does.
_PHONES_HOME = """
import socket
with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
    s.connect(("192.0.2.1", 53))
"""


def connects(calls: list[Called], *, but: int) -> list[Called]:
    """Calls that reach out of this machine's own files: all but those to our server."""
    ours = f'sin_port=htons({but}), sin_addr=inet_addr("127.0.0.1")'
    return [
        call
        for call in calls
        if call.call in ("connect", "sendto", "sendmsg", "sendmmsg")
        and "sa_family=" in call.text
        and "sa_family=AF_UNIX" not in call.text
        and ours not in call.text
    ]


def written(calls: list[Called], *inside: Path) -> list[str]:
    """Files made outside of these folders."""
    found = []
    for call in calls:
        if call.call == "openat" and re.search(r"O_CREAT|O_TMPFILE", call.text):
            made = re.search(r'"([^"]*)"', call.text)
            path = made[1] if made else call.text
            at_home = not path.startswith("/") or any(
                path.startswith(str(folder)) for folder in inside
            )
            if not (at_home or path.startswith("/dev/")):
                found.append(path)
    return found


@needs_strace
@pytest.mark.model
def test_no_command_connects_writes_elsewhere_or_tells(
    run_persona: Persona, own_home: Path, tiny_model: Path
) -> None:
    """Every command, its programs too, under strace: 0 connects, 0 files elsewhere."""
    cache = own_home / "cache" / "persona" / "models"
    cache.parent.mkdir(parents=True, mode=0o700)
    (own_home / "cache").chmod(0o700)
    cache.symlink_to(tiny_model.parent, target_is_directory=True)
    log = make_log(run_persona.folder)
    calls: list[Called] = []
    with ChatServer(SteadyEngine(chooses=lambda *_: 0.5)).running() as server:
        port = server.server_address[1]
        environ = {"PERSONA_MODEL": server.url, "PERSONA_ANSWER_TOKENS": "24"}
        every = commands(log, embedded=True)
        for words in every:
            calls += watched(run_persona, words, environ=environ)
        assert server.requests, "the server was never asked: nothing was excepted"
    assert connects(calls, but=port) == []
    assert len(connects(calls, but=0)) > 0, "a connect would not have been seen"
    assert written(calls, run_persona.folder, own_home) == []
    said = [call for call in calls if call.call == "execve" and SAYS in call.text]
    # The test itself names the prompt of `apply`; nothing names what a log says.
    assert said == []
    assert sum(call.call == "execve" for call in calls) > len(every), "git was not seen"
    others = [own_home / name for name in ("cache", "config", "state")]
    made = own_files(run_persona.root, *others)
    assert [path for path in made if others_may(path)] == []
    assert len(made) > 10
    caught = connects(_phoning(run_persona), but=port)
    assert len(caught) == 1
    note_figure(
        "P3",
        "commands under strace: connects",
        len(every),
        twin=f"a command that connects once: {len(caught)} of 1 seen",
    )
    note_figure(
        "P4",
        "files made with umask 000: modes, places; arguments of programs",
        len(made),
        twin=f"plain open: {_plain_files(run_persona.folder)} of 1 readable by others",
    )


def _phoning(persona: Persona) -> list[Called]:
    """A command with a connect put into it."""
    hooks = persona.folder / "hooks"
    hooks.mkdir()
    (hooks / "sitecustomize.py").write_text(_PHONES_HOME)
    environ = {"PYTHONPATH": str(hooks)}
    return watched(persona, ("list",), environ=environ)


def _plain_files(folder: Path) -> int:
    """What the same umask makes of a file that nobody took care of."""
    path = folder / "plain"
    subprocess.run(
        [sys.executable, "-c", f"import os; os.umask(0); open({str(path)!r}, 'w')"],
        check=True,
    )
    return int(others_may(path))


def _unshare() -> list[str]:
    """What cuts a command off from every network; empty where that is not allowed."""
    for argv in (["unshare", "-n"], ["unshare", "-r", "-n"]):
        try:
            done = subprocess.run([*argv, "true"], capture_output=True, check=False)
        except FileNotFoundError:
            return []
        if done.returncode == 0:
            return argv
    return []


@pytest.mark.skipif(not _unshare(), reason="needs unshare -n: root, or user namespaces")
@pytest.mark.model
def test_the_whole_line_works_without_a_network(
    run_persona: Persona, own_home: Path, tiny_model: Path
) -> None:
    """From log to prompt, with not even a loopback: nothing is missed."""
    cache = own_home / "cache" / "persona" / "models"
    cache.parent.mkdir(parents=True)
    cache.symlink_to(tiny_model.parent, target_is_directory=True)
    log = make_log(run_persona.folder)
    cut_off = " ".join(_unshare())
    run_persona.environ = {**run_persona.environ, "PERSONA_ANSWER_TOKENS": "24"}
    for line in (
        "persona init ada",
        f"persona update ada {log} --no-verify",
        "persona show ada",
        "persona apply ada --tentative 'Hello there.'",
        "persona log ada",
    ):
        done = run_persona.shell(f"{cut_off} {line}")
        assert done.returncode == 0, f"{line}: {done.stderr}"
    # The twin: what does need a network fails there, so it was cut.
    code = "import socket; socket.create_connection(('127.0.0.1', 9), 1)"
    done = run_persona.shell(f'{cut_off} {sys.executable} -c "{code}"')
    cut = done.stderr.count("unreachable")
    assert cut
    with socket.socket() as here, pytest.raises(ConnectionRefusedError):
        here.connect(("127.0.0.1", 9))
    twin = f"a connect there: {min(cut, 1)} of 1 unreachable"
    note_figure("P3", "update and apply, network cut", 5, twin=twin)


# A bug with a secret in its message, in a variable, and in what led to it.
_BUG = """
import persona_cli.cli.read as r
from persona_cli import places
def boom(*args):
    said = "heliotrope umbrellas"
    try:
        raise ValueError(said)
    except ValueError as error:
        raise KeyError({said: said}) from error
places.profile_names = boom
"""


def _failing(persona: Persona, bug: str) -> subprocess.CompletedProcess[str]:
    hooks = persona.folder / "hooks"
    hooks.mkdir(exist_ok=True)
    (hooks / "sitecustomize.py").write_text(bug)
    environ = {**persona.environ, "PYTHONPATH": str(hooks)}
    return subprocess.run(
        [sys.executable, "-m", "persona_cli", "list"],
        capture_output=True,
        text=True,
        env=environ,
        check=False,
    )


def test_a_bug_tells_where_and_not_what(run_persona: Persona, own_home: Path) -> None:
    """The traceback has files, lines and types; the report is for the owner alone."""
    done = _failing(run_persona, _BUG)
    assert done.returncode == 1
    assert "KeyError" in done.stderr
    assert "ValueError" in done.stderr
    assert "in boom" in done.stderr
    (report,) = (own_home / "state").rglob("crash-*.txt")
    text = report.read_text()
    assert "command: list" in text
    assert "in boom" in text
    assert not others_may(report)
    assert not others_may(report.parent)
    for said in (done.stdout, done.stderr, text):
        assert f"'{SAYS}'" not in said
        assert f": {SAYS}" not in said
    twin = (
        _BUG
        + "import sys, persona_cli.crash as c, traceback\n"
        + ("c.told = lambda e: ''.join(traceback.format_exception(e))\n")
    )
    quotes = f"'{SAYS}'" in _failing(run_persona, twin).stderr
    assert quotes
    plain = f"plain traceback: {quotes:d} of 1 quotes it"
    note_figure("P4", "a bug with log text in it", 1, twin=plain)
