"""R14: models and servers out of their mind, through the real update."""

import json
import math
import shutil
import time
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

import pytest

from persona_cli import draft, infer, judge, remote, replies, server
from persona_cli import profile as pr
from persona_cli.change_limit import FEW, SHARE
from persona_cli.engine import Engine, Message
from persona_cli.errors import ModelError
from persona_cli.infer import Asking
from persona_cli.init import init
from persona_cli.interaction import Interaction
from persona_cli.models.catalogue import Manners
from persona_cli.remote import RemoteEngine
from persona_cli.store import Store
from persona_cli.update import Updated
from tests.gated import run
from tests.nothing_lost import git, left_behind
from tests.terse import held_pairs, wrote
from tests.torture.mad import (
    ANSWERS,
    JUDGES,
    BadJudge,
    BreakingEngine,
    MadEngine,
    MiscountingEngine,
    retiring_some,
    word,
)
from tests.torture.mad_server import BEHAVIOURS, LOGPROBS, mad_server
from tests.torture.sizes import note_figure, once

ASKING = Asking(answer_tokens=200, manners=Manners(grammar=True))
CLAIMS = 60
MINE = "- I work in UTC, always.\n"

# Seconds that one case may take, on a machine that does much else.
LONGEST = 30

# Of an update of one window: lines of a draft, and claims that counting adds.
MOST_ADDED = draft.MOST_LINES + infer.MOST_COUNTED


def told(number: int, day: int = 20) -> Interaction:
    """A message of the user's that says something new."""
    at = datetime(2026, 6, day, tzinfo=UTC)
    text = f"I like {word(number)} more than {word(number + 50)}."
    return Interaction(f"mad:{number}", "message", "mad:1", text, at=at)


@pytest.fixture(scope="module")
def lived_in(tmp_path_factory) -> Path:
    """A profile of 60 claims, and one by hand."""
    root = tmp_path_factory.mktemp("mad") / "profiles"
    init(root, "ada", title=None)
    store = Store(root, "ada")
    lines = "".join(
        f"- [i1 i2] part{n % 7} | Enjoys {word(n * 3)} {word(n * 5 + 1)}.\n"
        for n in range(CLAIMS)
    )
    old = [told(n, day=1) for n in (900, 901)]
    list(run(store, MadEngine(lines), *old, asking=ASKING))
    store.path.write_text(store.path.read_text() + "\n" + MINE)
    with store.at_work("edit", timeout=1):
        store.commit_by_hand()
    assert len(store.load().profile.claims) >= CLAIMS
    return root


@pytest.fixture
def ada(lived_in, tmp_path) -> Callable[[], Store]:
    """Gives that profile, a copy each time."""
    numbers = iter(range(1000))

    def copy() -> Store:
        root = tmp_path / str(next(numbers)) / "profiles"
        shutil.copytree(lived_in, root, symlinks=True)
        return Store(root, "ada")

    return copy


def assert_bounded(
    store: Store,
    engine: Engine,
    *,
    asking: Asking = ASKING,
    deeds: tuple[Interaction, ...] = (told(1), told(2), told(3)),
    windows: int = 1,
    **more: object,
) -> list[Updated]:
    """Update with an engine; whatever it says, the profile stays a profile.

    Returns: the windows; none when the engine was found unusable
    """
    before = store.load().profile
    content = store.path.read_bytes()
    begun = time.monotonic()
    steps: list[Updated] = []
    failed: ModelError | None = None
    try:
        steps += run(store, engine, *deeds, asking=asking, **more)
    except ModelError as error:
        failed = error
    if failed is not None:
        assert failed.remedy
        assert str(failed).isprintable()
        assert store.path.read_bytes() == content, "changed by a model that failed"
    assert time.monotonic() - begun < LONGEST, "took too long"
    after = store.load().profile
    old = {claim.id: claim for claim in before.claims}
    new = {claim.id: claim for claim in after.claims}
    gone = old.keys() - new.keys()
    assert len(gone) <= max(FEW, SHARE * len(old)), "retired too much"
    assert MINE in store.path.read_text(), "what a person wrote"
    added = [new[i] for i in new.keys() - old.keys()]
    assert len(added) <= windows * MOST_ADDED, "added too much"
    for claim in added:
        assert claim.text.isprintable(), "not to be seen"
        assert len(claim.text) <= draft.LONGEST_CLAIM
        assert "<!--" not in claim.text + claim.section, "marks in a claim"
        assert claim.count <= len(deeds), "more than there was"
        assert claim.by in ("", "digest"), "by somebody else"
    assert after.title == before.title
    assert after.version <= before.version + windows
    assert pr.render(after) == store.path.read_text()
    assert git(store.root, "status", "--porcelain") == ""
    assert left_behind(store.root) == []
    return steps


@pytest.mark.parametrize("row", ANSWERS)
def test_an_answer_out_of_its_mind(ada, monkeypatch, row):
    """Bounded in time, in size, and in what it takes away."""
    store = ada()
    assert assert_bounded(store, MadEngine(ANSWERS[row]))
    # And that is that: the window isn't asked again.
    assert assert_bounded(store, MadEngine(ANSWERS[row]), deeds=()) == []
    twin = once(without_limits, ada, monkeypatch)
    note_figure("R14", f"an answer out of its mind: {row}", 1, twin=twin)


def test_an_answer_out_of_its_mind_in_plain_sentences(ada):
    """The other prompt has no citations to hold on to, and the same limits."""
    plain = Asking(answer_tokens=200, manners=Manners(prompt="summary", grammar=False))
    for row in ("garbage", "ten megabytes of a word", "half a character", "comments"):
        says = ANSWERS[row]
        assert_bounded(ada(), MadEngine(says), asking=plain)


def broken(monkeypatch, what: str) -> None:
    """Switch one of the limits off."""
    match what:
        case "length":
            monkeypatch.setattr(draft, "MOST_LINES", 10**9)
            monkeypatch.setattr(infer, "_LONGEST_TOKEN", 10**9)
        case "plain text":
            monkeypatch.setattr(draft, "_is_plain", lambda _: True)
        case "count of drafts":
            monkeypatch.setattr(infer, "_see_that_all_came", lambda *_: None)
        case "probabilities":
            monkeypatch.setattr(judge, "_is_told", lambda _: True)


# A limit, and an answer that it holds back.
LIMITS = [
    ("length", "a hundred thousand lines"),
    ("plain text", "escape sequences"),
    ("plain text", "null bytes"),
    ("plain text", "half a character"),
    ("plain text", "marks of our own"),
    ("change limit", "deletes everything"),
]


def without_limits(ada: Callable[[], Store], monkeypatch: pytest.MonkeyPatch) -> str:
    """The broken twins of the answers: the same assertion fails of each."""
    unbounded = []
    for what, row in LIMITS:
        says = ANSWERS[row]
        if row == "a hundred thousand lines":  # fewer will do
            says = "".join(str(says).splitlines(keepends=True)[: MOST_ADDED + 20])
        with monkeypatch.context() as patch:
            broken(patch, what)
            try:
                assert_bounded(ada(), MadEngine(says), allow_large="change" in what)
            except (AssertionError, UnicodeEncodeError):
                unbounded.append((what, row))
    assert unbounded == LIMITS
    return f"limits off: {len(unbounded)} of {len(LIMITS)} unbounded"


def test_a_profile_cannot_be_emptied_little_by_little(ada):
    """Nine claims a window are few, and four windows of them are not."""
    deeds = tuple(told(n) for n in range(10, 22))
    asking = Asking(answer_tokens=200, window_tokens=60, manners=Manners())
    store = ada()
    steps = assert_bounded(
        store,
        MadEngine(retiring_some(9)),
        asking=asking,
        deeds=deeds,
        windows=len(deeds),
    )
    assert [step.too_large is None for step in steps][:2] == [True, False]
    # The broken twin.
    with pytest.raises(AssertionError, match="retired too much"):
        assert_bounded(
            ada(),
            MadEngine(retiring_some(9)),
            asking=asking,
            deeds=deeds,
            windows=len(deeds),
            allow_large=True,
        )


def test_drafts_that_are_not_all_there(ada, monkeypatch):
    """None, too few, too many, or an end in the middle: a model that is no use."""
    three = Asking(answer_tokens=200, candidates=3, manners=Manners())
    for count in (0, 1, 2, 4, 100):
        assert assert_bounded(ada(), MiscountingEngine(count), asking=three) == []
    assert assert_bounded(ada(), BreakingEngine(), asking=three) == []
    broken(monkeypatch, "count of drafts")
    tried = tracebacks = 0
    for count in (0, 1, 2):  # fewer than were asked for
        tried += 1
        try:
            assert_bounded(ada(), MiscountingEngine(count), asking=three)
        except (AssertionError, IndexError, ValueError):
            tracebacks += 1
    assert tracebacks
    note_figure(
        "R14",
        "drafts out of their mind",
        6,
        twin=f"uncounted: {tracebacks} of {tried} end in a traceback",
    )


def judged(store: Store, tells: Callable) -> None:
    """An update whose check asks for probabilities; no figure comes of bad ones."""
    deeds = (wrote(1, "terser please"), wrote(2, "too wordy"), *held_pairs(12))
    (step,) = assert_bounded(store, BadJudge(tells), deeds=deeds)
    assert step.checked.asked
    assert not step.checked.able
    assert "kept unchecked" in step.checked.why
    assert "verified" not in store.load().profile.meta


@pytest.mark.parametrize("row", JUDGES)
def test_probabilities_that_are_none(ada, monkeypatch, row):
    """The version is kept unchecked, and says no figure."""
    judged(ada(), JUDGES[row])
    twin = once(believed, monkeypatch)
    note_figure("R14", f"probabilities out of their mind: {row}", 1, twin=twin)


def believed(monkeypatch: pytest.MonkeyPatch) -> str:
    """The broken twin: what is no number is taken for an answer."""
    rows = ("NaN", "one NaN", "nothing possible")
    with monkeypatch.context() as patch:
        broken(patch, "probabilities")
        taken = [
            row
            for row in rows
            if math.isnan(
                judge.Judge(BadJudge(JUDGES[row]), "pair")
                .judge("x", questions())
                .confidence
            )
        ]
    assert taken == [*rows]
    return f"unasked: {len(taken)} of {len(rows)} believed"


def stopped_after(seconds: float, behave: Callable) -> bool:
    """Whether a server still held us up when its patience was over."""
    with mad_server(behave, patience=seconds) as url:
        engine = remote_engine(url)
        begun = time.monotonic()
        with suppress(ModelError):
            engine.complete([Message("user", "x")], max_tokens=1)
        engine.close()
        return time.monotonic() - begun > 0.8 * seconds


def questions() -> list[judge.Question]:
    """Some, for a judge."""
    return [judge.Question(str(n), "", f"a{n}", f"b{n}") for n in range(12)]


def remote_engine(url: str, *, context: int = 100_000) -> RemoteEngine:
    """An engine that waits a second for a byte, and not before it tries again."""
    return RemoteEngine(url, timeout=1.0, context=context, wait=lambda _: None)


BRIEF = Asking(answer_tokens=3, manners=Manners(grammar=False))


@pytest.mark.parametrize("row", BEHAVIOURS)
def test_a_server_out_of_its_mind(ada, monkeypatch, row):
    """Hangs, floods, breaks off, answers with anything: seconds, and no harm."""
    monkeypatch.setattr(remote, "_SLOWEST", 0.2)  # of 2, so that drips end in seconds
    with mad_server(BEHAVIOURS[row]) as url:
        engine = remote_engine(url)
        try:
            assert_bounded(ada(), engine, asking=BRIEF)
        finally:
            engine.close()
    with monkeypatch.context() as patch:
        twin = once(held_up, patch)
    note_figure("R14", f"a server out of its mind: {row}", 1, twin=twin)


def test_a_server_with_a_name_for_a_model(ada):
    """What it calls its model stands in files, and so has to be a name."""
    for name in ("a\nb", "\x1b[2J", "\ud800", "", "x" * 5000):
        with mad_server(BEHAVIOURS["a list"], model=name) as url:
            assert assert_bounded(ada(), remote_engine(url), asking=BRIEF) == []
    store = ada()
    body = json.dumps({"choices": [{"message": {"content": ANSWERS["nothing"]}}]})
    with mad_server(lambda s: s.answer(body), model="<!-- --- '\"{}: #") as url:
        assert_bounded(store, remote_engine(url), asking=BRIEF)


# A behaviour, and the limit that ends it.
PATIENCE = {
    "a slow drip": (remote, "_SLOWEST", 1e9),
    "empty events without end": (remote, "_SLOWEST", 1e9),
    "an answer without end": (remote, "_LONGEST_TOKEN", 10**12),
    "a line without end": (server, "MOST_BYTES", 1 << 60),
}


def held_up(monkeypatch: pytest.MonkeyPatch) -> str:
    """The broken twins of the servers: the same call is still at it when stopped."""
    still = []
    for row, limit in PATIENCE.items():
        with monkeypatch.context() as patch:
            # One limit at a time: another would end it, too.
            patch.setattr(remote, "_SLOWEST", 1e9)
            if limit[1] != "MOST_BYTES":
                patch.setattr(server, "MOST_BYTES", 1 << 60)
            patch.setattr(*limit)
            if stopped_after(2.0, BEHAVIOURS[row]):
                still.append(row)
    assert still == [*PATIENCE]
    return f"limits off: {len(still)} of {len(PATIENCE)} held up"


@pytest.mark.parametrize("row", LOGPROBS)
def test_a_server_that_tells_no_probabilities(row, monkeypatch):
    """A judge behind an address: an error with a remedy, and no figure."""
    assert told_none(row)
    twin = once(taken_for_told, monkeypatch)
    note_figure("R14", f"a server's probabilities: {row}", 1, twin=twin)


def told_none(row: str) -> bool:
    """Whether an engine says of a server that it tells no probabilities."""
    with mad_server(lambda s: s.answer(LOGPROBS[row])) as url:
        engine = remote_engine(url)
        try:
            engine.choose([Message("system", "x")], ["A or B?"])
        except ModelError as error:
            return "tells no probabilities" in str(error) and bool(error.remedy)
        except (ArithmeticError, TypeError, ValueError):
            return False
        finally:
            engine.close()
    return False


def taken_for_told(monkeypatch: pytest.MonkeyPatch) -> str:
    """The broken twin: what a server sends is used without a look."""
    with monkeypatch.context() as patch:
        patch.setattr(replies, "_is_logprob", lambda _: True)
        taken = [row for row in LOGPROBS if not told_none(row)]
    assert taken, "without a look at them it would do as well"
    return f"not looked at: {len(taken)} of {len(LOGPROBS)} taken, or a traceback"
