"""Closed streams, readers that leave, and signals."""

import os
import signal
import time

import pytest

from tests.bad_input.refusals import FORMER, WORDS, pair, show
from tests.nothing_lost import git
from tests.steady import SteadyEngine, litter


@pytest.mark.parametrize(
    "word", ["show", "log", "list", "path", "apply me Hi.", "doctor"]
)
def test_a_reader_that_has_seen_enough(persona, word):
    """A pipe that is closed: quiet, and 141 as for any other tool."""
    line = f"{{ persona {word}; echo $? >&2; }} | head -c 0"
    said = persona.shell(f"bash -c '{line}'").stderr
    assert said.splitlines()[-1] in ("0", "141"), said
    assert "Traceback" not in said
    assert "BrokenPipe" not in said


def test_nobody_listens_to_stderr(persona, log):
    """Talk that nobody hears: the profile is the old or the new, and all goes on."""
    persona.shell(f"bash -c 'persona update me {log} 2>&1 >/dev/null | head -c 0'")
    persona("update", "me", str(log))
    assert {"Iris goes before anvil.", "Basil goes before bellows."} <= {
        claim["text"] for claim in show(persona)
    }
    assert litter(persona.root) == []


@pytest.mark.parametrize("closed", ["<&-", ">&-", "2>&-", "<&- >&- 2>&-"])
def test_closed_streams(persona, log, closed):
    """Whatever is closed: quiet, exit 0, and the work is done."""
    done = persona.shell(f"persona update me {log} {closed}")
    assert done.returncode == 0, done.stderr
    assert "Traceback" not in done.stderr
    assert "Basil goes before bellows." in {claim["text"] for claim in show(persona)}
    for word in ("show", "apply me Hi.", "update me -"):
        again = persona.shell(f"persona {word} {closed}")
        assert again.returncode == 0, again.stderr
        assert "Traceback" not in again.stderr


@pytest.mark.parametrize(
    ("number", "code", "moment"),
    [
        (signal.SIGINT, 130, "model"),
        (signal.SIGINT, 130, 0.2),
        (signal.SIGINT, 130, 0.5),
        (signal.SIGTERM, -15, "model"),
    ],
)
def test_a_signal(persona, tmp_path, log, server, number, code, moment):
    """Ctrl-C ends with 130, TERM by itself (143 in a shell); finished windows stay."""

    class Slow(SteadyEngine):
        def complete(self, *args, **more):
            time.sleep(0.15)
            return super().complete(*args, **more)

    server.engine = Slow()
    path = tmp_path / "long.jsonl"
    path.write_bytes(b"".join(pair(n, n=n, why="x" * 999) for n in range(6)))
    persona.environ["PERSONA_WINDOW_TOKENS"] = "64"
    begun = len(server.requests)
    child = persona.start("update", "me", str(path))
    if moment == "model":
        while len(server.requests) < begun + 2:
            time.sleep(0.01)
    else:
        time.sleep(moment)
    os.killpg(child.pid, number)
    said = child.communicate(timeout=20)[1]
    assert child.returncode in ((code,) if moment == "model" else (code, -number)), said
    assert moment != "model" or "Traceback" not in said
    server.engine = SteadyEngine()
    persona("update", "me", str(path))
    texts = {claim["text"] for claim in show(persona)}
    assert {
        f"{WORDS[n].capitalize()} goes before {FORMER[n]}." for n in range(6)
    } <= texts
    assert litter(persona.root) == []
    git(persona.root, "fsck", "--strict")
