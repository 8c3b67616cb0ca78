"""R14: models and servers out of their mind, through the real update."""

import json
import math
import shutil
import time
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

import pytest

from persona_cli import draft, infer, judge, remote, server
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
from tests.torture.sizes import note_figure

ASKING = Asking(answer_tokens=200, manners=Manners(grammar=True))
CLAIMS = 60
MINE = "- I work in UTC, always.\n"

# Seconds that one case may take, on a machine that does much else.
LONGEST = 30

# Rows of each table that passed; a figure is noted when all of them did.
PASSED: Counter[str] = Counter()

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
def test_an_answer_out_of_its_mind(ada, row):
    """Bounded in time, in size, and in what it takes away."""
    store = ada()
    assert assert_bounded(store, MadEngine(ANSWERS[row]))
    # And that is that: the window isn't asked again.
    assert assert_bounded(store, MadEngine(ANSWERS[row]), deeds=()) == []
    PASSED["answers"] += 1


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


@pytest.mark.parametrize(
    ("what", "row"),
    [
        ("length", "a hundred thousand lines"),
        ("plain text", "escape sequences"),
        ("plain text", "null bytes"),
        ("plain text", "half a character"),
        ("plain text", "marks of our own"),
        ("change limit", "deletes everything"),
    ],
)
def test_without_a_limit_it_is_not_bounded(ada, monkeypatch, what, row):
    """The broken twins of the answers: the same assertion fails."""
    broken(monkeypatch, what)
    says = ANSWERS[row]
    if row == "a hundred thousand lines":  # fewer will do
        says = "".join(str(says).splitlines(keepends=True)[: MOST_ADDED + 20])
    with pytest.raises((AssertionError, UnicodeEncodeError)):
        assert_bounded(ada(), MadEngine(says), allow_large=what == "change limit")


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
    PASSED["drafts"] += 6
    broken(monkeypatch, "count of drafts")
    with pytest.raises(IndexError):
        assert_bounded(ada(), MiscountingEngine(0), asking=three)


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
    PASSED["probabilities"] += 1
    if row in ("too few", "too many", "none"):
        return
    broken(monkeypatch, "probabilities")
    if row in ("NaN", "one NaN", "nothing possible"):
        # The broken twin: what is no number is taken for an answer.
        text = judge.Judge(BadJudge(JUDGES[row]), "pair").judge("x", questions())
        assert math.isnan(text.confidence)


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
    PASSED["servers"] += 1


def test_a_server_with_a_name_for_a_model(ada):
    """What it calls its model stands in files, and so has to be a name."""
    for name in ("a\nb", "\x1b[2J", "\ud800", "", "x" * 5000):
        with mad_server(BEHAVIOURS["a list"], model=name) as url:
            assert assert_bounded(ada(), remote_engine(url), asking=BRIEF) == []
    store = ada()
    body = json.dumps({"choices": [{"message": {"content": ANSWERS["nothing"]}}]})
    with mad_server(lambda s: s.answer(body), model="<!-- --- '\"{}: #") as url:
        assert_bounded(store, remote_engine(url), asking=BRIEF)


@pytest.mark.parametrize(
    ("row", "limit"),
    [
        ("a slow drip", (remote, "_SLOWEST", 1e9)),
        ("empty events without end", (remote, "_SLOWEST", 1e9)),
        ("an answer without end", (remote, "_LONGEST_TOKEN", 10**12)),
        ("a line without end", (server, "MOST_BYTES", 1 << 60)),
    ],
)
def test_without_a_limit_a_server_holds_us_up(ada, monkeypatch, row, limit):
    """The broken twins of the servers: the same call is still at it when stopped."""
    monkeypatch.setattr(*limit)
    if limit[0] is not remote or limit[1] != "_SLOWEST":  # one limit at a time
        monkeypatch.setattr(remote, "_SLOWEST", 1e9)
    if limit[1] != "MOST_BYTES":
        monkeypatch.setattr(server, "MOST_BYTES", 1 << 60)
    still = stopped_after(2.0, BEHAVIOURS[row])
    assert still


@pytest.mark.parametrize("row", LOGPROBS)
def test_a_server_that_tells_no_probabilities(row, monkeypatch):
    """A judge behind an address: an error with a remedy, and no figure."""
    with mad_server(lambda s: s.answer(LOGPROBS[row])) as url:
        engine = remote_engine(url)
        with pytest.raises(ModelError, match="tells no probabilities"):
            engine.choose([Message("system", "x")], ["A or B?"])
        engine.close()
    PASSED["servers' probabilities"] += 1


def test_figures():
    """How many there were, of the tables of which each row passed just now."""
    for what, rows, twin in (
        ("answers", len(ANSWERS), "limits off: 6 of 6 unbounded"),
        ("drafts", 6, "uncounted: 1 of 1 ends in a traceback"),
        ("probabilities", len(JUDGES), "unasked: 3 of 3 believed"),
        ("servers", len(BEHAVIOURS), "limits off: 4 of 4 held up"),
        ("servers' probabilities", len(LOGPROBS), "as for probabilities"),
    ):
        if PASSED[what] == rows:
            note_figure("R14", f"{what} out of their mind", rows, twin=twin)
