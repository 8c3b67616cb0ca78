"""Users of a suite: read, written, foreseen, counted, and kept."""

import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from persona_cli.errors import BusyError, InputError, ModelError, UsageError
from persona_cli.judge import Judge, Question, Verdict
from persona_cli.suite import (
    Folder,
    Kept,
    Key,
    Plan,
    Read,
    User,
    Written,
    at_work,
    figures,
    lenders,
    limited,
    mean,
    raw_history,
    read_profiles,
    read_users,
    record,
    write_profile,
    write_profiles,
)
from persona_cli.suite.each import each
from persona_cli.templates import load_template
from tests.fakes import ScriptedEngine
from tests.suites import ASKING, DRINKS, Writer, user, write_suite

KEYS = {drink: Key("drinks", drink) for drink in DRINKS}


@pytest.fixture
def users(tmp_path) -> list[User]:
    """Four people, a drink each."""
    return read_users([write_suite(tmp_path / "s.jsonl", *map(user, DRINKS))])


def verdict(p: float, *, flipped: bool = False) -> Verdict:
    return Verdict("x", p, flipped)


# Reading


def test_each_item_of_a_history_has_its_kind(tmp_path):
    """Two items are a choice, an answer a message, an item alone as the target is."""
    alone = {"query": None, "chosen": "alone", "rejected": None}
    history = [
        {"query": "q", "chosen": "a", "rejected": "b"},
        {"query": "q", "chosen": "a", "rejected": None},
        alone,
    ]
    feed = {"query": None, "chosen": "c", "rejected": "d"}
    asked = {"query": "q", "chosen": "c", "rejected": "d"}
    rows = [
        {"uid": uid, "source": "s", "history": history, "target": target}
        for uid, target in (("feed", feed), ("asked", asked))
    ]
    one, two = read_users([write_suite(tmp_path / "s.jsonl", *rows)])
    assert [deed.kind for deed in one.history] == ["pair", "message", "rating"]
    assert one.history[2].rating == 1.0
    assert [deed.kind for deed in two.history] == ["pair", "message", "post"]
    assert two.target == Question("asked", "q", "c", "d")


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("{", "not JSON"),
        ("[]", "the line is no object"),
        ('{"uid": "u"}', "`source` is missing"),
        ('{"uid": 7, "source": "s"}', "`uid` is no text"),
        ('{"uid": "u", "source": "s"}', "`history` is no list"),
        ('{"uid": "u", "source": "s", "history": []}', "`target` is no object"),
        (json.dumps(user("tea") | {"history": [3]}), "history item 1 is no object"),
        (
            json.dumps(user("tea") | {"history": [{"chosen": " "}]}),
            "`chosen` is empty",
        ),
        (
            json.dumps(user("tea") | {"target": {"chosen": "a", "rejected": None}}),
            "`rejected` is missing",
        ),
        (
            json.dumps(user("tea") | {"target": {"chosen": "a", "rejected": "a"}}),
            "both items are the same",
        ),
    ],
)
def test_a_bad_line_is_named_with_file_and_line(tmp_path, line, says):
    """The error begins with the place, and says what is wrong there."""
    path = write_suite(tmp_path / "s.jsonl", user("rum"), "", line)
    with pytest.raises(InputError) as caught:
        read_users([path])
    assert str(caught.value).startswith(f"{path}:3: ")
    assert says in str(caught.value)
    assert caught.value.exit_code == 3


def test_a_uid_may_come_once_in_a_source(tmp_path):
    """The second one is refused, with the place of the first; other sources may."""
    one = write_suite(tmp_path / "a.jsonl", user("tea"), user("tea", source="other"))
    two = write_suite(tmp_path / "b.jsonl", user("rum"), user("tea"))
    with pytest.raises(InputError) as caught:
        read_users([one, two])
    assert str(caught.value).startswith(f"{two}:2: 'tea' of 'drinks' is in {one}:1")


def test_a_file_that_is_not_there_is_named(tmp_path):
    """An input error, not a traceback."""
    with pytest.raises(InputError, match=r"nowhere\.jsonl: no such file"):
        read_users([tmp_path / "nowhere.jsonl"])


def test_histories_pass_the_guard(tmp_path):
    """What update would not learn from, no profile of a suite is written from."""
    row = user("tea")
    secret = "ghp_" + "a1B2" * 9
    row["history"][0]["chosen"] = f"my token is {secret}"
    (one,) = read_users([write_suite(tmp_path / "s.jsonl", row)])
    assert secret not in one.history[0].chosen


# Choosing


def test_a_limit_takes_the_same_users_for_the_same_seed(tmp_path):
    """So many of each source, in the order of the file; more of them hold the fewer."""
    rows = [
        user(f"{name}{n}", source=name) for n in range(20) for name in ("one", "two")
    ]
    everybody = read_users([write_suite(tmp_path / "s.jsonl", *rows)])
    three = limited(everybody, 3, seed=1)
    assert Counter(one.key.source for one in three) == {"one": 3, "two": 3}
    assert three == limited(everybody, 3, seed=1)
    assert three != limited(everybody, 3, seed=2)
    assert {one.key for one in three} < {o.key for o in limited(everybody, 5, seed=1)}
    assert three == [one for one in everybody if one in three]
    assert limited(everybody, None, seed=1) == everybody
    assert three != limited(everybody, 3, seed=1)[::-1]


def test_everybody_borrows_from_another_user_of_the_source(tmp_path):
    """A ring for each source: nobody is left out, and nobody reads their own."""
    rows = [user(f"{name}{n}", source=name) for n in range(7) for name in ("x", "y")]
    everybody = read_users(
        [write_suite(tmp_path / "s.jsonl", *rows, user("lone", source="z"))]
    )
    found = lenders(everybody, seed=3)
    assert sorted(found) == sorted(found.values())
    assert len(found) == 14
    assert all(own != lender for own, lender in found.items())
    assert all(own.source == lender.source for own, lender in found.items())
    assert found == lenders(everybody, seed=3)
    assert found != lenders(everybody, seed=4)


# Writing


def test_full_is_as_few_windows_as_fit(users):
    """Four interactions fit one call, and what it proposes is reconciled."""
    engine = ScriptedEngine("- [i1 i3] media | Likes tea a lot.\n")
    found = write_profile(users[0], engine, ASKING, Plan(), tentative=True)
    assert "took: tea poured 3" in engine.prompts[0]
    assert found.text == "## media\n- Likes tea a lot."
    assert found.profile.startswith("---\ntype: persona-profile\ntitle: tea\n")
    assert found.by == (f"scripted {load_template('infer').label}",)
    assert found.answers == ("- [i1 i3] media | Likes tea a lot.\n",)
    engine.done()


@pytest.mark.parametrize(
    ("window", "sizes"), [(None, [2, 2]), (3, [3, 1]), (1, [1, 1, 1, 1])]
)
def test_a_stream_is_windows_of_some_interactions(users, window, sizes):
    """Half the history, or what was asked for; each window has the past before it."""
    engine = Writer()
    plan = Plan(mode="stream", window=window)
    write_profile(users[0], engine, ASKING, plan, tentative=True)
    shown = [prompt.count("</interaction>") for prompt in engine.prompts]
    assert shown == sizes
    assert "p1 coding | Tea goes before poured." not in engine.prompts[0]
    assert "p1 coding | Tea goes before poured." in engine.prompts[1]


def test_a_window_that_does_not_fit_is_cut_as_update_cuts_it(users):
    """A short window takes more of them, and every interaction is still read."""
    engine, asking = Writer(), replace(ASKING, window_tokens=30)
    write_profile(users[0], engine, asking, Plan(), tentative=True)
    assert len(engine.prompts) > 1
    for n in range(4):
        assert sum(f"took: tea poured {n}" in prompt for prompt in engine.prompts) == 1


def test_one_draft_of_a_window_is_asked_for(users):
    """Several are chosen among by held-out choices, and a suite holds none out."""
    engine, asking = Writer(), replace(ASKING, candidates=4)
    write_profile(users[0], engine, asking, Plan(), tentative=True)
    assert len(engine.prompts) == 1


def test_what_was_seen_once_is_read_where_that_is_wanted(users):
    """A claim of one interaction is tentative: apply would leave it out."""
    said = "- [i1] media | Likes tea a lot.\n"
    for tentative, text in ((True, "## media\n- Likes tea a lot."), (False, "")):
        engine = ScriptedEngine(said)
        found = write_profile(users[0], engine, ASKING, Plan(), tentative=tentative)
        assert found.text == text


def test_a_raw_history_is_read_whole_where_it_fits(users):
    """Every interaction as a window shows it, and no profile."""
    found = raw_history(users[0], ScriptedEngine())
    assert found.profile == ""
    for n in range(4):
        assert f"took: tea poured {n}\npassed over: water" in found.text


def test_a_raw_history_is_halved_from_its_old_end(users):
    """What does not fit goes, and the newest stays."""
    found = raw_history(users[0], ScriptedEngine(context=80))
    assert "tea poured 3" in found.text
    assert "tea poured 0" not in found.text
    assert len(found.text.split()) <= 40


def test_several_jobs_write_what_one_writes(users):
    """Which thread wrote a profile does not show in it."""

    def written(jobs):
        kept, engine = Kept(), Writer()

        def write(one):
            return write_profile(one, engine, ASKING, Plan(seed=5), tentative=True)

        assert len(list(write_profiles(users, kept, write, jobs=jobs))) == len(users)
        return kept.profiles

    assert written(3) == written(1)


def test_a_failure_among_jobs_is_raised_and_the_rest_is_not_begun():
    """The work that was begun ends; nothing new is begun."""
    begun = []

    def work(number):
        begun.append(number)
        if number == 1:
            raise ModelError("no", remedy="Try.")
        return number

    with pytest.raises(ModelError):
        list(each(range(100), work, jobs=2))
    assert len(begun) < 10


# Reading profiles


def texts(users, **more):
    """Profiles that name each user's drink."""
    kept = Kept()
    for one in users:
        drink = one.key.uid
        kept.keep_profile(Written(one.key, more.get(drink, f"- Likes {drink}.")))
    return kept


def test_a_profile_is_read_once_for_its_owner_and_who_borrows_it(users):
    """Two questions on one prefix, and one on the empty profile, both orders each."""
    engine = Writer()
    kept, pairs = texts(users), lenders(users, seed=0)
    assert len(list(read_profiles(users, kept, Judge(engine, "pair"), pairs))) == 4
    prefixes = [before for before, _ in engine.questions]
    for one in users:
        mine = [n for n, p in enumerate(prefixes) if f"Likes {one.key.uid}." in p]
        assert len(mine) == 4
        assert mine == list(range(mine[0], mine[0] + 4))
    assert sum("Nothing is known" in prefix for prefix in prefixes) == 8


def test_figures_by_hand(users):
    """Three of four right from their own, none from nothing, none from another's."""
    engine = Writer()
    kept, pairs = texts(users, rum="- Likes water."), lenders(users, seed=0)
    list(read_profiles(users, kept, Judge(engine, "pair"), pairs))
    found = figures(users, users, kept.reads)["drinks"]
    assert (found.own.accuracy.right, found.own.accuracy.asked) == (3, 4)
    assert found.own.confidence == pytest.approx((3 * 0.9 + 0.1) / 4)
    assert found.own.flips == 0
    # water is longer than tea, rum and milk, and as long as cocoa; nobody else takes
    # what a user takes, and everybody passes water over
    assert found.baselines == {
        "longer": 0.125,
        "popular": 1.0,
        "tf-idf": 1.0,
        "empty": 0.0,
        "other": 0.0,
    }


def test_what_is_popular_the_others_say_asked_or_not(tmp_path):
    """A user's own history is no popularity; that of users beyond a limit is."""
    fan = {"query": None, "chosen": "rum", "rejected": "ale"}
    rows = [
        {
            "uid": "a",
            "source": "s",
            "history": [fan] * 3,
            "target": fan | {"rejected": "gin"},
        },
        {
            "uid": "b",
            "source": "s",
            "history": [fan | {"chosen": "gin"}],
            "target": fan,
        },
    ]
    everybody = read_users([write_suite(tmp_path / "s.jsonl", *rows)])
    asked = everybody[:1]
    reads = {asked[0].key: Read(asked[0].key, verdict(0.9), verdict(0.5))}
    found = figures(asked, everybody, reads)["s"]
    assert found.baselines["popular"] == 0.0
    assert found.own.accuracy.asked == 1
    assert found.doubt == "there is no other user to compare with"


def test_the_record_has_the_shape_that_is_promised(users):
    """Sources with their figures, and the mean, each source counting the same."""
    more = [User(Key("x", "a"), (), Question("a", "", "c", "d"), "")]
    reads = {one.key: Read(one.key, verdict(0.9), verdict(0.5)) for one in users}
    reads[more[0].key] = Read(more[0].key, verdict(0.2, flipped=True), verdict(0.5))
    found = figures([*users, *more], [*users, *more], reads)
    assert mean(found) == 0.5
    said = json.loads(json.dumps(record(found)))
    assert set(said) == {"sources", "mean"}
    assert set(said["sources"]) == {"drinks", "x"}
    one = said["sources"]["drinks"]
    assert list(one) == [
        "n",
        "accuracy",
        "interval",
        "even",
        "confidence",
        "flips",
        "baselines",
    ]
    assert (one["n"], one["accuracy"], said["mean"]) == (4, 1.0, 0.5)
    assert one["interval"] == [pytest.approx(0.5101, abs=1e-4), 1.0]
    assert said["sources"]["x"]["flips"] == 1.0
    assert said["sources"]["x"]["even"] == 0.0


@pytest.mark.parametrize(
    ("own", "other", "flips", "says"),
    [
        ([0.9, 0.8, 0.9, 0.7], [0.3, 0.4, 0.2, 0.4], 0, ""),
        ([0.9, 0.8, 0.9, 0.7], [0.9, 0.8, 0.9, 0.7], 0, "another user's profile"),
        ([0.9, 0.8, 0.9, 0.7], [0.3, 0.4, 0.2, 0.4], 2, "the order of the items"),
    ],
)
def test_a_figure_that_shows_nothing_is_doubted(users, own, other, flips, says):
    """Where another's profile does as well, or the order decides."""
    ring = lenders(users, seed=0)
    borrower = {lender: own for own, lender in ring.items()}
    p_other = dict(zip((one.key for one in users), other, strict=True))
    reads = {
        one.key: Read(
            one.key,
            verdict(own[n], flipped=n < flips),
            verdict(0.5),
            borrower[one.key],
            verdict(p_other[borrower[one.key]]),
        )
        for n, one in enumerate(users)
    }
    assert figures(users, users, reads)["drinks"].doubt.startswith(says)
    assert bool(figures(users, users, reads)["drinks"].doubt) == bool(says)


# Keeping

WRITING = {"mode": "full", "seed": 0}


@pytest.fixture
def out(tmp_path) -> Iterator[Path]:
    """A folder that is held."""
    with at_work(tmp_path / "out"):
        yield tmp_path / "out"


def a_read(key: Key, p: float = 0.75) -> Read:
    return Read(key, verdict(p), verdict(0.5), KEYS["rum"], verdict(0.25))


def test_a_folder_goes_on_where_it_was(out, users):
    """Profiles and answers come back as they were kept."""
    folder = Folder(out, users, WRITING)
    written = Written(KEYS["tea"], "- Ünicode\u2028.", "---\n", ("by",), ("said",))
    folder.keep_profile(written)
    folder.read_by({"reader": "one"})
    folder.keep_read(a_read(KEYS["tea"]))
    again = Folder(out, users, dict(WRITING))
    again.read_by({"reader": "one"})
    assert again.profiles == {KEYS["tea"]: written}
    (read,) = again.reads.values()
    assert (read.own.p, read.empty.p, read.borrower) == (0.75, 0.5, KEYS["rum"])
    assert read.lent is not None
    assert read.lent.p == 0.25


def test_a_torn_last_line_is_written_again(out, users):
    """What a run that died left of a line counts for nothing."""
    folder = Folder(out, users, WRITING)
    folder.keep_profile(Written(KEYS["tea"], "- tea"))
    path = out / "profiles.jsonl"
    whole = path.read_bytes()
    path.write_bytes(whole + whole[:20])
    again = Folder(out, users, WRITING)
    assert set(again.profiles) == {KEYS["tea"]}
    again.keep_profile(Written(KEYS["rum"], "- rum"))
    assert set(Folder(out, users, WRITING).profiles) == {
        KEYS["tea"],
        KEYS["rum"],
    }


def test_another_reader_reads_the_same_profiles(out, users):
    """Its answers go into a file of their own."""
    folder = Folder(out, users, WRITING)
    folder.keep_profile(Written(KEYS["tea"], "- tea"))
    folder.read_by({"reader": "one"})
    folder.keep_read(a_read(KEYS["tea"]))
    other = Folder(out, users, WRITING)
    other.read_by({"reader": "two"})
    assert set(other.profiles) == {KEYS["tea"]}
    assert other.reads == {}


def test_other_settings_are_refused(out, users):
    """With what differs, what it was and what it is."""
    Folder(out, users, WRITING)
    with pytest.raises(UsageError) as caught:
        Folder(out, users, {"mode": "stream", "seed": 0, "window": 4})
    assert "mode was 'full' and is 'stream'" in str(caught.value)
    assert "window was None and is 4" in str(caught.value)
    assert "seed" not in str(caught.value)


def test_another_suite_is_refused(tmp_path, out, users):
    """A profile is of the line it was written from."""
    Folder(out, users, WRITING).keep_profile(Written(KEYS["tea"], "x"))
    changed = write_suite(tmp_path / "t.jsonl", user("tea", other="gin"))
    with pytest.raises(UsageError, match="was another line of the suite then"):
        Folder(out, read_users([changed]), WRITING)


@pytest.mark.parametrize("line", ["{", "7", "{}", '{"uid": "tea"}'])
def test_a_damaged_folder_is_named(out, users, line):
    """File and line, and a way out; never a traceback."""
    Folder(out, users, WRITING)
    (out / "profiles.jsonl").write_text(line + "\n")
    with pytest.raises(InputError, match=r"profiles\.jsonl:1: damaged"):
        Folder(out, users, WRITING)


def test_a_folder_is_for_one_run_at_a_time(out):
    """A second run does not write between the lines of the first."""
    with pytest.raises(BusyError, match="eval"), at_work(out):
        pass
