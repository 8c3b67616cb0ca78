"""What update and rebuild say of their checks: real processes, a scripted server."""

import json
import re

import pytest

from tests.chat_server import ChatServer
from tests.fakes import ScriptedEngine
from tests.terse import SHARE, first_letter, ids, likes_terse, noisily

TERSE = "- [i1 i2] communication | Prefers terse answers.\n"
WORDY = "- [!p1 i1 i2] communication | Prefers wordy answers.\n"
RATE = r"[01]\.\d\d"


def rows(*days, choices=0):
    """Messages of some days, and choices that will be held out."""
    said = [
        {
            "kind": "message",
            "query": "?",
            "chosen": f"wish {day}",
            "at": f"2026-06-{day}",
        }
        for day in days
    ]
    said += [
        {"id": one, "query": "q", "chosen": f"terse {one}", "rejected": f"wordy {one}"}
        for one in held(choices)
    ]
    return "".join(json.dumps(row) + "\n" for row in said)


def posts(count):
    """Texts of which two fill a window."""
    row = {"kind": "post", "chosen": "a wish of some length " * 5}
    found = [row | {"chosen": f"{n} {row['chosen']}"} for n in range(count)]
    return "".join(json.dumps(row) + "\n" for row in found)


def held(count):
    """Ids of rows that are held out: a reader puts its own name before a long one."""
    prefix = "pairs:" + "x" * 16
    return [one.removeprefix("pairs:") for one in ids(count, held=True, stem=prefix)]


@pytest.fixture
def persona(run_persona):
    """A command line with an empty profile ``me``, and the share of these ids."""
    run_persona("init", "me")
    run_persona.environ["PERSONA_HELD_OUT"] = str(SHARE)
    return run_persona


@pytest.fixture
def says(persona, tmp_path):
    """Let an update read a log, with an engine that answers so over a real server."""
    server = ChatServer()
    running = server.running()
    running.__enter__()
    persona.environ["PERSONA_MODEL"] = server.url
    persona.finish(lambda: running.__exit__(None, None, None))

    def update(lines, log, *words, judge=None, code=0, command="update"):
        judge = noisily(likes_terse) if judge is None else judge
        server.engine = ScriptedEngine(*lines, chooses=judge)
        (tmp_path / "log.jsonl").write_text(log)
        logs = ["log.jsonl"] if log else []
        done = persona(command, "me", *logs, *words, code=code)
        server.engine.done()
        return done

    return update


def test_a_kept_version_is_said_with_its_numbers(persona, says):
    """Accuracy, interval, n, what it was before, and the controls."""
    done = says([TERSE], rows(10, 11, choices=10))
    line = (
        rf"  held-out choices: 1\.00 \[{RATE}, 1\.00\] of 10 foreseen, {RATE} before"
        rf" \(nobody's profile {RATE}, strangers' {RATE}\)"
    )
    assert re.search(rf"^{line}$", done.stderr, re.MULTILINE), done.stderr
    assert done.stdout.startswith("added")
    meta = persona("show", "--json").stdout
    assert "persona/judge" in (persona.root / "me/profile.md").read_text(), meta


def test_a_rejected_window_is_said_with_what_to_do(persona, says):
    """The numbers, how sure they are, and no claim on stdout; the exit code is 0."""
    says([TERSE], rows(10, 11, choices=10))
    done = says([WORDY], rows(12, 13))
    line = (
        rf"window 1: rejected: 0\.00 \[0\.00, {RATE}\] of 10 held-out choices foreseen,"
        rf" 1\.00 \[{RATE}, 1\.00\] before \(0 gained, 10 lost, p = 0\.002\)"
    )
    assert len(re.findall(rf"^{line}$", done.stderr, re.MULTILINE)) == 1, done.stderr
    assert "persona update --retry me" in done.stderr
    assert "--no-verify" in done.stderr
    assert "window 1: not kept: 2 interactions" in done.stderr
    assert "0 interactions folded in, nothing changed" in done.stderr
    assert done.stdout == ""
    assert says([], rows(12, 13)).stderr.endswith("\nme: nothing new\n")


def test_retry_and_no_verify_take_it_up(persona, says):
    """The remedies that are offered work."""
    says([TERSE], rows(10, 11, choices=10))
    says([WORDY], rows(12, 13))
    assert "rejected" in says([WORDY], "", "--retry").stderr
    done = says([WORDY], "", "--retry", "--no-verify")
    assert "Prefers wordy answers." in done.stdout
    assert "held-out" not in done.stderr
    assert "no log to read" in says([], "", "--retry", code=2).stderr


def test_json_tells_of_each_check(persona, says):
    """One entry a window, with numbers where the judge is able."""
    says([TERSE], rows(10, 11, choices=10))
    (check,) = json.loads(says([WORDY], rows(12, 13), "--json").stdout)["checks"]
    assert (check["window"], check["n"], check["kept"]) == (1, 10, False)
    assert not check["unable"]
    assert check["why"] == ""
    assert (check["accuracy"], check["before"]) == (0.0, 1.0)
    assert (check["gained"], check["lost"]) == (0, 10)
    assert check["p"] < 0.05
    assert check["interval"][0] == 0.0
    assert 0 < check["confidence"] < 0.5
    assert {"nobody", "strangers", "interval_before"} < check.keys()


def test_a_judge_that_cannot_judge_shows_no_number(persona, says):
    """Neither on the terminal, nor in JSON, nor in the profile."""
    done = says([TERSE], rows(10, 11, choices=10), "--json", judge=first_letter)
    assert "this model can't judge (the order of the items decided 10 of 10" in (
        done.stderr
    )
    assert "kept unchecked" in done.stderr
    assert "foreseen" not in done.stderr
    (check,) = json.loads(done.stdout)["checks"]
    assert check["unable"]
    assert check["kept"]
    assert check.keys() == {"window", "judge", "n", "kept", "unable", "why"}
    assert "verified" not in (persona.root / "me/profile.md").read_text()


def test_a_log_of_messages_alone_says_so(persona, says):
    """One line, once, though there are several windows."""
    persona.environ["PERSONA_WINDOW_TOKENS"] = "150"
    persona.environ["PERSONA_CONTEXT_TOKENS"] = "4096"
    lines = [f"- [i1] topics | Speaks of {w}.\n" for w in ("lime", "coal", "fern")]
    done = says(lines, posts(6))
    said = "no choices, edits or ratings are held out: not checked by behaviour"
    assert done.stderr.count(said) == 1
    assert done.stderr.count("window ") == 3


def test_a_dry_run_says_what_the_check_says(persona, says):
    """And leaves every file as it was."""
    says([TERSE], rows(10, 11, choices=10))
    folder = persona.root / "me"
    before = {p: p.read_bytes() for p in folder.rglob("*") if p.is_file()}
    done = says([WORDY], rows(12, 13), "--dry-run")
    assert "window 1: rejected: 0.00" in done.stderr
    assert "dry run, nothing was written" in done.stderr
    after = {p: p.read_bytes() for p in folder.rglob("*") if p.is_file()}
    assert after == before


def test_rejected_windows_are_listed_at_the_end(persona, says):
    """Among many windows a line is easily lost."""
    says([TERSE], rows(10, 11, choices=10))
    persona.environ["PERSONA_WINDOW_TOKENS"] = "150"
    log = "".join(
        json.dumps({"kind": "post", "chosen": f"wish {n} " * 12}) + "\n"
        for n in range(4)
    )
    done = says([WORDY, "- [p1 i1] communication | Prefers terse answers.\n"], log)
    assert len(re.findall(r"^window 1: rejected: ", done.stderr, re.MULTILINE)) == 2
    assert "me v2: 1 claims" in done.stderr


def test_several_drafts_over_a_server(persona, says):
    """A request each; the best is taken."""
    wordy = "- [i1 i2] communication | Prefers wordy answers.\n"
    done = says([wordy, TERSE], rows(10, 11, choices=10), "--candidates", "2")
    assert "Prefers terse answers." in done.stdout


@pytest.mark.parametrize(
    ("words", "fault"),
    [
        (
            ["--candidates", "0"],
            "--candidates: candidates is 0, and must be at least 1",
        ),
        (["--questions", "-1"], "--questions: questions is -1, and must be at least 0"),
    ],
)
def test_numbers_out_of_range_are_named(persona, words, fault):
    """Exit code 2, and the bounds."""
    assert fault in persona("update", "me", "log.jsonl", *words, code=2).stderr


def test_rebuild_says_what_its_check_says(persona, says):
    """One version at the end, one line; a rejected one changes nothing."""
    says([TERSE], rows(10, 11, choices=10))
    text = (persona.root / "me/profile.md").read_bytes()
    wordy = TERSE.replace("terse", "wordy")
    done = says([wordy], "", command="rebuild")
    assert "rejected: 0.00" in done.stderr
    assert "--retry" not in done.stderr
    assert "me: the profile stays as it was\n" in done.stderr
    assert (persona.root / "me/profile.md").read_bytes() == text
    done = says([wordy], "", "--no-verify", command="rebuild")
    assert "Prefers wordy answers." in done.stdout
