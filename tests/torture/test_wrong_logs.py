"""R10: whatever stands in a log, the good records around it are used.

Through the whole line, in this process and with an engine that says nothing: read,
guard, archive, digest, reconcile; a share of them through the command.
"""

import io
import json
import random
import re
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from persona_cli import profile as pr
from persona_cli.archive import Archive
from persona_cli.digest import digest
from persona_cli.errors import InputError
from persona_cli.evidence import Evidence
from persona_cli.fold import propose
from persona_cli.gather import Gathered, gather
from persona_cli.guard import guard
from persona_cli.infer import Asking
from persona_cli.interaction import Interaction
from persona_cli.logs.log import Log
from persona_cli.reconcile import reconcile
from tests.fakes import ScriptedEngine
from tests.nasty import NASTY
from tests.torture.in_process import Here, answering
from tests.torture.json_shapes import rows
from tests.torture.mutations import mutated
from tests.torture.sizes import note_figure, size

KEYS = (
    *("id", "kind", "source", "chosen", "rejected", "query", "prompt", "at", "scope"),
    *("history", "target", "rating", "item", "scale", "messages", "role", "content"),
    *("conversations", "from", "value", "type", "uuid", "sessionId", "message", "cwd"),
)
EMPTY = "---\ntype: persona-profile\ntitle: Me\npersona: 1\nversion: 0\n---\n# Me\n"

# The user's words in a good record, of which two make a claim; each is told from all
# others.
SAID = ("I always want short answers in case {}.", "These are the words in case {}.")


def _pairs(text: str) -> object:
    return {"query": "How?", "chosen": text, "rejected": "Something longer."}


GOOD: dict[str, Callable[[str], object]] = {
    "pairs": _pairs,
    "ratings": lambda text: {"item": text, "rating": 4, "scale": [1, 5]},
    "messages": lambda text: {"messages": [{"role": "user", "content": text}]},
    "sharegpt": lambda text: {"conversations": [{"from": "human", "value": text}]},
    "claude-code": lambda text: {
        "type": "user",
        "sessionId": "s",
        "uuid": f"u {text}",
        "message": {"role": "user", "content": text},
    },
    "archive": lambda text: {"id": text, "kind": "post", "source": "s", "chosen": text},
}
SHAPED = list(rows(KEYS))
SCALARS = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.sampled_from(["user", "assistant", "human", "text", "pair", "5", "2026-01-01"])
    | st.text(st.characters(), max_size=8)
    | st.sampled_from([text for text in NASTY if len(text) < 2000])
)
VALUES = st.recursive(
    SCALARS,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(KEYS), inner, max_size=5)
    ),
    max_leaves=10,
)


def _mutation(form: str) -> st.SearchStrategy[bytes]:
    row = json.dumps(GOOD[form]("I like what was mutated.")).encode()
    return st.integers(0, 2**32).map(lambda n: mutated(row, random.Random(n)))


def _nasty_row(form: str) -> st.SearchStrategy[bytes]:
    texts = st.sampled_from([text for text in NASTY if len(text) < 2000])
    return texts.map(lambda text: json.dumps(GOOD[form](text)).encode())


@st.composite
def cases(draw: st.DrawFn) -> tuple[str, list[bytes]]:
    """A format, and rows that are wrong in it, or strange."""
    form = draw(st.sampled_from(sorted(GOOD)))
    values = VALUES.map(lambda value: json.dumps(value).encode())
    bad = st.sampled_from(SHAPED) | _mutation(form) | _nasty_row(form) | values
    return form, draw(st.lists(bad, min_size=1, max_size=3))


def log_of(form: str, bad: list[bytes]) -> tuple[bytes, set[str]]:
    """A log, and the words of its good records: before, between and after the others.

    Ten come first, so that a few odd bytes do not make the file another kind of file.
    """
    texts = [SAID[n > 1].format(n) for n in range(10 + len(bad))]
    good = [json.dumps(GOOD[form](text)).encode() for text in texts]
    lines = good[:10]
    for one, after in zip(bad, good[10:], strict=True):
        lines += [one.replace(b"\n", b" "), after]
    return b"\n".join(lines) + b"\n", set(texts)


def taken_in(content: bytes, folder: Path) -> tuple[Gathered, list[Interaction]]:
    """What the archive holds after a log was gathered, read again from the disk."""
    state = folder / "profiles/me/.state"
    state.mkdir(parents=True)
    log = folder / "log.jsonl"
    log.write_bytes(content)
    result = gather(
        Archive(state, held_share=0.2),
        [str(log)],
        root=folder / "profiles",
        stdin=io.BytesIO(),
        max_record=1 << 20,
    )
    archive = Archive(state, held_share=0.2)
    return result, list(archive.read(archive.entries())) if result.new else []


def missing(form: str, bad: list[bytes]) -> set[str]:
    """Put a log through the whole line; the good records that did not come through."""
    content, texts = log_of(form, bad)
    start = time.process_time()
    with tempfile.TemporaryDirectory() as folder:
        result, deeds = taken_in(content, Path(folder))
    digest(deeds)
    profile = pr.parse(EMPTY, place="profile.md")
    engine, asking = ScriptedEngine(*["\n"] * 9), Asking(answer_tokens=100)
    proposal = propose(profile, deeds[:48], [], engine, asking, seed=1)
    lines = proposal.inferred.draft.lines
    done = reconcile(profile, Evidence(), lines, proposal.interactions, by="silent")
    assert pr.parse(pr.render(done.profile), place="again") is not None
    # 50 ms a record, and what it costs to begin
    assert time.process_time() - start < 1 + 0.05 * len(content.splitlines())
    assert result.tally.records >= len(texts)
    return texts - {deed.chosen for deed in deeds}


def chosen_cases(count: int) -> list[tuple[str, list[bytes]]]:
    """Cases as Hypothesis draws them: the same in every run."""
    found: list[tuple[str, list[bytes]]] = []

    @settings(
        max_examples=count,
        derandomize=True,
        deadline=None,
        database=None,
        suppress_health_check=list(HealthCheck),
    )
    @given(cases())
    def draw(case: tuple[str, list[bytes]]) -> None:
        found.append(case)

    draw()
    return found


def test_good_records_around_the_bad_are_used(monkeypatch):
    """Exactly those: none is lost to its neighbours, whatever they are."""
    count = size(1_000, 10_000)

    @settings(
        max_examples=count,
        derandomize=True,
        deadline=None,
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
    )
    @given(cases())
    def each(case: tuple[str, list[bytes]]) -> None:
        assert missing(*case) == set()

    each()

    with monkeypatch.context() as patch:
        patch.setattr(Log, "skip", _fail)
        some = chosen_cases(60)
        twin = sum(_lost(case) for case in some)
    assert twin > 20
    note_figure(
        "R10",
        "fuzzed logs through the whole line",
        count,
        twin=f"a reader that ends at its first fault: {twin} of {len(some)} lost some",
    )


def _fail(_log: Log, fault: Exception) -> None:
    raise InputError(str(fault), remedy="None.")


def _lost(case: tuple[str, list[bytes]]) -> bool:
    try:
        return bool(missing(*case))
    except InputError:
        return True


@pytest.mark.parametrize("name", ["x.csv", "x.md", "x.json", "x.txt"])
def test_every_shape_as_a_file_of_another_kind(name, tmp_path):
    """Where records have no lines of their own, too: read or refused by name."""
    archive = Archive(tmp_path / ".state", held_share=0.2)
    archive.state.mkdir()
    log = tmp_path / name
    shapes = SHAPED[:: size(8, 1)]
    for shape in shapes:
        log.write_bytes(b"item,rating\n" * (name == "x.csv") + shape)
        fault = _refusal(archive, log)
        assert fault is None or (fault.remedy and log.name in str(fault)), shape


def _refusal(archive: Archive, log: Path) -> InputError | None:
    """Read a log and write nothing; how it was refused, if it was."""
    how = {"stdin": io.BytesIO(), "max_record": 1 << 20, "write": False}
    try:
        gather(archive, [str(log)], root=archive.state, **how)
    except InputError as error:
        return error
    return None


def not_taken(persona: Here, number: int, form: str, bad: list[bytes]) -> list[str]:
    """The good records of a log that an update by the command leaves out."""
    content, texts = log_of(form, bad)
    log = persona.root.parent / f"{number}.jsonl"
    log.write_bytes(content.replace(b"in case ", f"in case {number}/".encode()))
    done = persona("update", "me", str(log), code=None)
    assert done.exit_code in (0, 3), done.output
    archive = persona.root / "me/.state/archive.jsonl"
    found = archive.read_text() if archive.exists() else ""
    said = [text.replace("in case ", f"in case {number}/") for text in sorted(texts)]
    return [text for text in said if text not in found]


def test_the_command_takes_them_too(own_home, tmp_path, monkeypatch):
    """No traceback, exit 0 or 3, and the good ones are in the archive."""
    count = size(8, 80)
    cases = chosen_cases(count)
    with answering(monkeypatch):
        persona = Here(tmp_path / "profiles")
        persona("init", "me")
        for number, case in enumerate(cases):
            assert not_taken(persona, number, *case) == [], case
        monkeypatch.setattr(Log, "skip", _fail)
        twin = sum(bool(not_taken(persona, 1000 + n, *cases[n])) for n in range(8))
    assert twin
    note_figure(
        "R10",
        "fuzzed logs through the command",
        count,
        twin=f"a reader that ends at its first fault: {twin} of 8 lost some",
    )


# Made to cost more than their length: each is repeated to the size that is wanted.
WORST = (
    *(
        "<!-- persona:begin ",
        "<a-b ",
        "<a-b x",
        "</a-b>",
        "<!--",
        "`",
        "```\n",
        "~~~\n",
    ),
    *(
        '"""',
        "'",
        '"',
        "“",
        "(",
        "[",
        "{",
        "> ",
        "| ",
        "- ",
        "1. ",
        "\n",
        " ",
        "\t",
        "\r",
    ),
    *(
        "x",
        "ab ",
        "a.",
        "a@",
        "a@a.",
        "a.a@",
        "@a.b",
        "://a:",
        "://a:b@",
        "a-",
        "a_",
        "A9",
    ),
    *(
        "password",
        "password=",
        "password: ",
        "pwd is ",
        "token=",
        "api_key",
        "auth ",
        "key ",
    ),
    *(
        "sk-",
        "ghp_",
        "eyJ",
        "eyJa.",
        "-----BEGIN PRIVATE KEY-----",
        "-----",
        "BEGIN ",
        "AKIA",
    ),
    *(
        "4111 ",
        "4111-",
        "0",
        "+49 ",
        "(0",
        "1.2.3.",
        "DE89 ",
        "12:",
        "2026-01-01 ",
        "0x",
    ),
    *(
        "I prefer ",
        "never use ",
        "always ",
        "please ",
        "no, ",
        "instead of ",
        "not ",
        "says: ",
    ),
    *(
        "From: a\n",
        "On a wrote:\n",
        "Error: ",
        "at a(",
        'File "',
        "a/b:1:",
        "$ ",
        "user:\n",
    ),
    *(
        "é",
        "\u200b",
        "\ufffc",
        "ﬁ",
        "\U0001f469\u200d",
        "\u0301",
        "basic ",
        "bearer ",
        "Main St ",
    ),
)
SHORT, LONG = 4_000, 16_000

# Four times the length: 4 when it is linear, 16 when it is quadratic.
STEEP = 9.0


def spent(work: Callable[[str], object], text: str) -> float:
    """CPU seconds, the least of some."""
    best = float("inf")
    for _ in range(3):
        start = time.process_time()
        work(text)
        best = min(best, time.process_time() - start)
    return best


def growth(work: Callable[[str], object], unit: str) -> float:
    """How many times as long four times the text takes."""
    short, long = (unit * (n // len(unit)) for n in (SHORT, LONG))
    took = spent(work, long)
    # What is over in no time has no ratio worth the name.
    return took / spent(work, short) if took > 0.02 else 0.0


def _guarded(text: str) -> None:
    for kind in ("message", "post"):
        guard(Interaction("i", kind, "s", text or "x", query=text))


def _digested(text: str) -> None:
    digest([Interaction("i", "stated", "s", text), Interaction("j", "post", "s", text)])


def test_no_text_takes_more_than_its_length():
    """Guard and digest, on texts made to be slow; a pattern that is, is found out."""
    steep = {}
    for unit in WORST:
        for name, work in (("guard", _guarded), ("digest", _digested)):
            if unit.strip() and (found := growth(work, unit)) > STEEP:
                steep[name, unit] = round(found, 1)
    assert steep == {}
    mail = re.compile(r"[\w.%+-]+@[\w-]+\.\w+")  # each place begins a search of its own
    twin = growth(lambda text: mail.sub("", text), "x")
    assert twin > STEEP
    note_figure(
        "R10",
        "texts made to be slow: CPU time of four times the length, at most 9 times",
        2 * len(WORST),
        twin=f"a pattern without bounds: {twin:.0f} times",
    )
