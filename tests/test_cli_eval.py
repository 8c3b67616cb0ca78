"""``persona eval`` as a person meets it: what it prints, refuses and goes on with."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from persona_cli.archive import Archive
from persona_cli.cli.measure import measure_profile
from persona_cli.cli.session import Session
from persona_cli.cli.suite import Run, run_suite
from persona_cli.engines import opener
from persona_cli.errors import InputError, UsageError
from persona_cli.init import init
from persona_cli.interaction import Interaction
from persona_cli.models.catalogue import catalogue
from persona_cli.settings import Settings
from persona_cli.split import held_out
from persona_cli.suite import Plan
from tests.chat_server import ChatServer
from tests.fakes import ScriptedEngine
from tests.suites import DRINKS, Engines, Writer, reads_well, user, write_suite

ROOT = Path(__file__).parent.parent
FULL = Run(plan=Plan())


@pytest.fixture
def suite(tmp_path) -> Path:
    """Four people, a drink each."""
    return write_suite(tmp_path / "drinks.jsonl", *map(user, DRINKS))


@pytest.fixture
def evaluate(suite, capsys):
    """Evaluate a suite with engines of one's own; gives what was printed."""

    def run(run=FULL, *some, engines=None, as_json=True, settings=None, paths=()):
        engines = engines or Engines(*(some or (Writer(),)))
        settings = settings or Settings(model="scripted.gguf")
        capsys.readouterr()
        run_suite([suite, *paths], run, settings, as_json=as_json, opening=engines)
        assert getattr(engines, "open_now", []) == []
        said = capsys.readouterr()
        return json.loads(said.out) if as_json else said.out

    return run


def test_json_is_exactly_what_is_promised(evaluate):
    """Sources with their figures, and the mean; nothing else on stdout."""
    said = evaluate()
    assert list(said) == ["sources", "mean"]
    (one,) = said["sources"].values()
    assert (one["n"], one["accuracy"], said["mean"]) == (4, 1.0, 1.0)
    assert one["baselines"] == {
        "longer": 0.125,
        "popular": 1.0,
        "tf-idf": 1.0,
        "empty": 0.0,
        "other": 0.0,
    }


def test_the_table_has_a_row_a_source_and_the_mean(evaluate, tmp_path):
    """Plain columns when piped; a doubtful figure is doubted below."""
    more = write_suite(tmp_path / "x.jsonl", user("gin", source="alone"))
    said = evaluate(as_json=False, paths=[more])
    lines = said.splitlines()
    head = "source n accuracy 95% interval even confidence flips"
    assert lines[0].split() == [
        *head.split(),
        "longer",
        "popular",
        "tf-idf",
        "empty",
        "other",
    ]
    assert lines[1].split()[:6] == ["drinks", "4", "100.0%", "51.0", "to", "100.0"]
    assert lines[2].split()[:3] == ["alone", "1", "100.0%"]
    assert lines[2].split()[-1] == "-"
    assert lines[3].split() == ["mean", "over", "sources", "100.0%"]
    assert lines[4] == (
        "alone: there is no other user to compare with: this does not show that the"
        " profile is read"
    )
    assert len(lines) == 5


def test_a_judge_that_reads_no_profile_is_found_out(evaluate, capsys):
    """Right for everybody, from anybody's profile: that is said under the table."""

    def knows_drinks(before, question):
        water_first = question.index("water") < question.index("</item_a>")
        return 0.1 if water_first else 0.9

    said = evaluate(FULL, Writer(chooses=knows_drinks), as_json=False)
    assert "100.0%" in said
    assert (
        "drinks: another user's profile foresees these 4 choices as well: this does"
        " not show that the profile is read\n"
    ) in said


def test_profiles_that_say_nothing_are_counted(evaluate, tmp_path):
    """A writer that finds nothing is not hidden behind its reader's figure."""
    rows = [user(drink, source="terse") for drink in DRINKS[:2]]
    for row in rows:
        row["history"] = row["history"][:1]
    path = write_suite(tmp_path / "terse.jsonl", *rows)
    said = evaluate(FULL, Writer(rambles_at=1), as_json=False, paths=[path])
    assert "terse: 2 of 2 profiles say nothing\n" in said
    assert "drinks: 4 of" not in said


def test_direct_puts_the_raw_history_before_the_reader(evaluate):
    """No profile is written; the prompt holds what the user took."""
    engine = Writer()
    said = evaluate(Run(plan=Plan(), direct=True), engine)
    assert engine.asked == []
    mine = [before for before, _ in engine.questions if "took: tea poured 3" in before]
    assert len(mine) == 4
    assert all("passed over: water" in before for before in mine)
    assert said["sources"]["drinks"]["n"] == 4


def test_another_model_reads_what_one_wrote(evaluate):
    """The writer is asked for profiles, the reader to choose; one is open at a time."""
    writer = Writer(name="writer", chooses=None)
    reader = ScriptedEngine(name="reader", chooses=reads_well)
    engines = Engines(writer, reader)
    run = Run(plan=Plan(), reader="reader.gguf")
    said = evaluate(run, engines=engines, settings=Settings(model="writer.gguf"))
    assert (len(writer.asked), len(writer.questions)) == (4, 0)
    assert (len(reader.asked), len(reader.questions)) == (0, 24)
    assert said["mean"] == 1.0
    assert engines.most_open == 1


def test_a_limit_asks_the_same_users_each_time(evaluate):
    """One of each source by seed; what is popular the others still say."""
    run = Run(plan=Plan(seed=3), limit=1)
    engine, again = Writer(), Writer()
    one, two = evaluate(run, engine), evaluate(run, again)
    assert one == two
    assert one["sources"]["drinks"]["n"] == 1
    assert engine.prompts == again.prompts
    assert len(engine.prompts) == 1
    # alone, nobody would know that others pass water over
    assert one["sources"]["drinks"]["baselines"]["popular"] == 1.0


def test_a_run_that_was_stopped_goes_on(evaluate, tmp_path):
    """What was written is not written again, and the figures are the same."""
    run = Run(plan=Plan(), out=tmp_path / "out")
    stopped = Writer(fails_at=2)
    with pytest.raises(KeyboardInterrupt):
        evaluate(run, stopped)
    assert len(_rows(tmp_path / "out" / "profiles.jsonl")) == 2
    going_on = Writer()
    said = evaluate(run, going_on)
    assert len(going_on.asked) == 2
    assert said == evaluate(FULL)
    silent = Writer()
    assert evaluate(run, silent) == said
    assert (silent.asked, silent.questions) == ([], [])


def test_a_run_that_was_killed_goes_on(suite, tmp_path):
    """SIGKILL in the middle of writing, and of reading: nothing is asked twice."""
    out, asked = tmp_path / "out", tmp_path / "asked"
    argv = [sys.executable, "-m", "tests.one_suite", str(suite), str(out), str(asked)]
    for name, lines in (("profiles.jsonl", 2), ("answers-*.jsonl", 3)):
        running = subprocess.Popen(argv, cwd=ROOT, env=os.environ)
        try:
            _wait(lambda n=name, k=lines: len(_found(out, n)) >= k)
        finally:
            running.send_signal(signal.SIGKILL)
            running.wait()
    done = subprocess.run(argv, cwd=ROOT, capture_output=True, text=True, check=True)
    assert json.loads(done.stdout)["mean"] == 1.0
    assert len(_found(out, "profiles.jsonl")) == 4
    assert len(_found(out, "answers-*.jsonl")) == 5
    # one answer at most is lost with each kill
    noted = asked.read_text().split()
    assert noted.count("write") <= 5
    assert noted.count("read") <= 8 + 2


def test_other_settings_than_the_folders_are_refused(evaluate, tmp_path):
    """A stream is not what the folder was made with; nothing in it is changed."""
    out = tmp_path / "out"
    evaluate(Run(plan=Plan(), out=out))
    before = (out / "profiles.jsonl").read_bytes()
    with pytest.raises(UsageError, match="mode was 'full' and is 'stream'"):
        evaluate(Run(plan=Plan(mode="stream"), out=out))
    with pytest.raises(UsageError, match="build was 'scripted' and is 'better'"):
        evaluate(
            Run(plan=Plan(), out=out),
            Writer(name="better"),
            settings=Settings(model="better.gguf"),
        )
    assert (out / "profiles.jsonl").read_bytes() == before


def test_a_folder_holds_every_profile_and_answer(evaluate, tmp_path):
    """For audit: the profile's file, what the writer said, what the reader answered."""
    evaluate(Run(plan=Plan(), out=tmp_path / "out"))
    (row, *_) = _rows(tmp_path / "out" / "profiles.jsonl")
    assert row["uid"] == "tea"
    assert "- Tea goes before poured. <!--" in row["profile"]
    assert row["answers"][0].startswith("- [i1] coding | Tea goes")
    (answers,) = (tmp_path / "out").glob("answers-*.jsonl")
    (first, one, *_) = _rows(answers)
    assert first["reading"]["reader"] == "scripted"
    assert one["own"] == {"p": pytest.approx(0.9), "flipped": False}
    assert set(one["lent"]) == {"uid", "p", "flipped"}


def test_an_empty_suite_is_no_failure(tmp_path, capsys):
    """Nothing to ask: said, and no number."""
    path = write_suite(tmp_path / "none.jsonl")
    run_suite([path], FULL, Settings(), as_json=True, opening=Engines())
    said = capsys.readouterr()
    assert json.loads(said.out) == {"sources": {}, "mean": None}
    assert "nothing to ask" in said.err


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["--suite", "s.jsonl", "--versions"], "--versions is about a profile's own"),
        (["--suite", "s.jsonl", "--questions", "9"], "--questions is about a profile"),
        (["--limit", "9"], "--limit is about a suite"),
        (["--no-tentative"], "--tentative is about a suite"),
        (["--suite", "s.jsonl", "--mode", "best"], "no mode 'best'"),
        (["--suite", "s.jsonl", "--mode", "full", "--window", "3"], "--window is"),
        (["--suite", "s.jsonl", "--direct", "--mode", "full"], "not with --direct"),
        (["me", "you"], "you is one name too many"),
        (["--plot", "x.gif"], "--plot x.gif: not a picture"),
    ],
)
def test_what_does_not_go_together_is_refused(run_persona, words, says):
    """Exit 2, and a sentence."""
    run_persona("init", "me")
    done = run_persona("eval", *words, code=2)
    assert says in done.stderr
    assert "try:" in done.stderr


def test_a_bad_line_ends_with_exit_3(run_persona, tmp_path):
    """Before any model is loaded, with file and line."""
    path = write_suite(tmp_path / "s.jsonl", user("tea"), "{}")
    done = run_persona("eval", "--suite", str(path), code=3)
    assert f"{path}:2: `uid` is missing" in done.stderr


# A profile's own choices

CLAIM = "- Likes {}. <!-- c{} 3x 2026-06-01 -->"


@pytest.fixture
def session(tmp_path) -> Session:
    """A profile ``ada`` of somebody who likes tea, with thirty choices held out."""
    session = Session(
        tmp_path / "profiles", Settings(model="scripted.gguf", held_out=0.5)
    )
    init(session.root, "ada", title=None)
    archive = Archive(session.store("ada").state, held_share=0.5)
    archive.add(
        Interaction(f"p:{n}", "pair", "p:1", f"tea {n}", "A drink?", f"rum {n}")
        for n in range(60)
    )
    archive.flush()
    claims(session, "ada", "tea")
    return session


def claims(session: Session, name: str, *drinks: str) -> None:
    """Write claims into a profile by hand, and commit."""
    store = session.store(name)
    lines = [CLAIM.format(drink, f"{ord(drink[0]):03x}") for drink in drinks]
    text = store.path.read_text("utf-8")
    number = int(text.partition("version: ")[2].split()[0])
    text = text.replace(f"version: {number}\n", f"version: {number + 1}\n")
    text = text.partition("\n## ")[0].rstrip() + "\n\n## drinks\n" + "\n".join(lines)
    store.path.write_text(text + "\n", "utf-8")
    store.git.commit([store.path], f"{name} v{number + 1}: by hand")


def drinks(before: str, question: str) -> float:
    """A judge who takes the drink that the profile names; else can't tell."""
    likes = [d for d in ("tea", "rum") if f"likes {d}" in before.casefold()]
    if len(likes) != 1:
        return 0.5
    return 0.8 if f"<item_a>\n{likes[0]}" in question else 0.2


@pytest.fixture
def measure(session, capsys):
    """Evaluate a profile with a judge of one's own; gives what was printed."""

    def run(chooses=drinks, name="ada", **more):
        engine = ScriptedEngine(chooses=chooses)
        capsys.readouterr()
        how = {"most": None, "versions": False, "plot": None, "as_json": False, **more}
        measure_profile(session, name, opening=Engines(engine), **how)
        said = capsys.readouterr()
        run.said, run.engine = said, engine
        return json.loads(said.out) if how["as_json"] else said.out

    return run


def test_a_profile_is_measured_beside_its_controls(measure, session):
    """This one, none, the others under the root, strangers, and simple rules."""
    init(session.root, "bob", title=None)
    claims(session, "bob", "rum")
    rows = {line.split()[0]: line.split()[1:] for line in measure().splitlines()}
    n = rows["ada"][-1]
    assert 20 <= int(n) <= 40
    assert rows["ada"][0] == "100.0%"
    assert rows["ada"][2:] == ["to", "100.0", "0.0%", "0.800", "0.0%", n]
    assert rows["(empty)"][0] == rows["bob"][0] == "0.0%"
    assert rows["(strangers)"] == ["0.0%", "-", "100.0%", "0.500", "0.0%", n]
    assert rows["(longer)"] == ["50.0%", "-", "-", "-", "-", n]
    assert rows["(tf-idf)"][0] == "100.0%"
    assert "(popular)" not in rows


def test_json_of_a_profile(measure):
    """Rows of a kind each, and what was asked."""
    said = measure(as_json=True)
    assert said["profile"] == "ada"
    assert said["by"] == "scripted"
    assert said["unable"] == ""
    kinds = [row["kind"] for row in said["rows"]]
    assert kinds == ["own", "empty", "strangers", "baseline", "baseline"]
    assert said["rows"][0]["accuracy"] == 1.0
    assert said["rows"][0]["interval"][1] == 1.0
    assert said["rows"][2]["interval"] is None
    assert "versions" not in said


def test_a_judge_that_cannot_judge_prints_no_number(measure):
    """It says so, and why; the simple rules are still there."""
    out = measure(lambda *_: 0.9)
    assert "this model can't judge: the order of the items decided" in out
    names = [line.split()[0] for line in out.splitlines()]
    assert names == ["foreseen", "(longer)", "(tf-idf)", "this"]
    rows = measure(lambda *_: 0.9, as_json=True)["rows"]
    assert {row["kind"] for row in rows} == {"baseline"}
    out = measure(lambda *_: 0.9, versions=True)
    assert "v1" not in out


def test_what_a_judge_said_is_remembered(measure):
    """A second look asks nothing, and says the same."""
    first = measure()
    assert measure.engine.questions
    assert measure() == first
    assert measure.engine.questions == []


def test_a_number_of_questions_is_a_bound(measure):
    """So many are asked, and the table says so."""
    rows = measure(most=7).splitlines()
    assert all(row.split()[-1] == "7" for row in rows[1:])


@pytest.mark.parametrize(
    ("held", "says"),
    [
        (0, "nothing fair to ask: no choices, edits or ratings are held out"),
        (3, "too few held-out choices to tell: there are 3, and it takes 6"),
    ],
)
def test_too_little_to_ask_is_said_and_no_failure(measure, session, held, says):
    """No model is opened, and no accuracy of one is printed."""
    init(session.root, "bob", title=None)
    archive = Archive(session.store("bob").state, held_share=0.5)
    pairs = (
        Interaction(f"b:{n}", "pair", "p:1", "tea", rejected="rum") for n in range(99)
    )
    kept = [deed for deed in pairs if held_out(deed, share=0.5)][:held]
    archive.add(kept)
    archive.flush()
    out = measure(None, name="bob")
    assert out.splitlines()[-1] == says
    assert "bob " not in out
    assert measure.engine.questions == []
    assert measure(None, name="bob", as_json=True)["unable"] == says


def test_versions_are_drawn_as_a_line(measure, session):
    """A dot a version, the oldest first; what is not committed comes last."""
    claims(session, "ada", "rum")
    claims(session, "ada", "tea")
    path = session.store("ada").path
    path.write_text(path.read_text("utf-8").replace("Likes tea", "Likes tea well"))
    said = measure(versions=True, as_json=True)
    found = [(one["version"], one["accuracy"]) for one in said["versions"]]
    assert found == [(0, 0.0), (1, 1.0), (2, 0.0), (3, 1.0), (3, 1.0)]
    assert [bool(one["commit"]) for one in said["versions"]] == [True] * 4 + [False]
    out = measure(versions=True)
    chart = out.partition("\n\n")[2].splitlines()
    assert chart[-1].split() == ["v0", "v1", "v2", "v3", "now"]
    assert chart[0].startswith("1.00 ┤")
    assert chart[0].count("●") == 3
    assert chart[-2].count("●") == 2


@pytest.mark.parametrize(
    ("name", "begins"), [("line.png", b"\x89PNG\r\n"), ("line.SVG", b"<?xml")]
)
def test_the_line_is_drawn_as_a_picture(measure, tmp_path, name, begins):
    """A file that is an image, the same each time, and the chart as well."""
    pytest.importorskip("matplotlib")
    path = tmp_path / name
    measure(versions=True, plot=path)
    content = path.read_bytes()
    assert content.startswith(begins)
    assert len(content) > 5000
    assert f"drawn: {path}" in measure.said.err
    measure(versions=True, plot=path)
    assert path.read_bytes() == content


def test_a_picture_needs_matplotlib(measure, tmp_path, monkeypatch):
    """Without it: said before any work, with what to install."""
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    with pytest.raises(UsageError, match="matplotlib") as caught:
        measure(None, versions=True, plot=tmp_path / "line.png")
    assert caught.value.remedy == "Install it: pip install 'persona-cli[plot]'"


def test_a_picture_that_cannot_be_written_is_named(measure, tmp_path):
    """The folder is not there: an input error, with the place."""
    pytest.importorskip("matplotlib")
    with pytest.raises(InputError, match=r"nowhere.line\.png: no such file"):
        measure(versions=True, plot=tmp_path / "nowhere" / "line.png")


@pytest.mark.model
def test_tiny_evaluates_a_suite(tiny_engine, evaluate, tmp_path):
    """A real model writes and reads; a second run says the same and asks nothing."""
    engines = Engines(tiny_engine, manners=catalogue()["tiny"].manners)
    run = Run(plan=Plan(), limit=2, out=tmp_path / "out")
    said = evaluate(run, engines=engines, settings=Settings(model="tiny"))
    one = said["sources"]["drinks"]
    assert one["n"] == 2
    assert one["accuracy"] in (0, 0.5, 1)
    assert 0 < one["confidence"] < 1
    assert set(one["baselines"]) == {"longer", "popular", "tf-idf", "empty", "other"}
    (row, _) = _rows(tmp_path / "out" / "profiles.jsonl")
    assert row["answers"][0]
    begun = time.monotonic()
    again = evaluate(run, engines=engines, settings=Settings(model="tiny"))
    assert again == said
    assert time.monotonic() - begun < 2


@pytest.mark.model
def test_a_server_is_asked_by_several_at_a_time(tiny_engine, evaluate):
    """Three requests at once, and the figures of one at a time."""
    found = []
    for jobs in (1, 3):
        server = ChatServer(tiny_engine)
        with server.running():
            run = Run(plan=Plan(), direct=True, jobs=jobs, limit=2)
            settings = Settings(model=server.url)
            found.append(evaluate(run, engines=opener, settings=settings))
    assert found[0] == found[1]
    assert found[0]["sources"]["drinks"]["n"] == 2


def _rows(path: Path) -> list[dict]:
    return [json.loads(line) for line in path.read_text("utf-8").splitlines()]


def _found(folder: Path, pattern: str) -> list[bytes]:
    return [
        line for path in folder.glob(pattern) for line in path.read_bytes().splitlines()
    ]


def _wait(until) -> None:
    begun = time.monotonic()
    while not until():
        assert time.monotonic() - begun < 60
        time.sleep(0.01)
