"""Profiles in real git merges: two clones that both learned, and people who edited."""

import json
import shutil
import subprocess
from pathlib import Path

import pytest

from persona_cli import evidence as ev
from persona_cli import profile as pr
from tests.chat_server import ChatServer
from tests.fakes import ScriptedEngine
from tests.nothing_lost import left_behind

ATTRIBUTES = (
    "*/profile.md merge=persona\n"
    "*/evidence.jsonl merge=persona\n"
    "*/allowed.jsonl merge=union\n"
)


def chat(number: int, wish: str) -> dict:
    """A chat in which somebody wishes something."""
    return {
        "messages": [
            {"role": "user", "content": f"Question {number}?"},
            {"role": "assistant", "content": f"Answer {number}. " * 9},
            {"role": "user", "content": wish},
        ]
    }


class Clone:
    """A repository of profiles on one machine of its owner's."""

    def __init__(self, persona, root: Path) -> None:
        self.persona, self.root = persona, root
        self.folder = root / "me"

    def __call__(self, *words: str, code: int = 0) -> str:
        """What a command of persona says on stdout."""
        environ = {"PERSONA_ROOT": str(self.root)}
        return self.persona(*words, code=code, environ=environ).stdout

    def git(self, *words: str, code: int = 0, **environ: str) -> str:
        """The user's git, with persona on its path."""
        done = subprocess.run(
            ["git", *words],
            cwd=self.root,
            capture_output=True,
            text=True,
            env={**self.persona.environ, **environ},
            check=False,
        )
        assert done.returncode == code, done.stdout + done.stderr
        assert "Traceback" not in done.stderr
        return done.stdout + done.stderr

    def update(self, draft: str, *wishes: str) -> None:
        """A real update with an engine that says ``draft``."""
        log = self.persona.folder / "log.jsonl"
        rows = (json.dumps(chat(n, wish)) for n, wish in enumerate(wishes))
        log.write_text("\n".join(rows) + "\n")
        with ChatServer(ScriptedEngine(draft)).running() as server:
            self("update", "me", str(log), "--model", server.url)

    def edit(self, old: str, new: str) -> None:
        """A person's editor, and their commit."""
        path = self.folder / "profile.md"
        text = path.read_text()
        assert text.count(old) == 1, text
        path.write_text(text.replace(old, new))
        self.git("commit", "-qam", "edited")

    @property
    def profile(self) -> pr.Profile:
        """As it is on disk."""
        return pr.parse((self.folder / "profile.md").read_text(), place="profile.md")

    @property
    def evidence(self) -> ev.Evidence:
        """As it is on disk."""
        return ev.parse((self.folder / "evidence.jsonl").read_text(), place="evidence")

    def claims(self) -> dict[str, int]:
        """Words -> how often each claim is borne out."""
        return {claim.text: claim.count for claim in self.profile.claims}

    def links(self, text: str) -> set[str]:
        """The interactions that bear a claim out."""
        (claim,) = [c for c in self.profile.claims if c.text == text]
        links = self.evidence.links(claim.id)
        return {link.interaction for link in links if link.side == "for"}

    def assert_sound(self) -> None:
        """Nothing is wrong, nothing lies around, and persona sees no edit by hand."""
        said = json.loads(self("verify", "me", "--json"))
        assert said["findings"] == [] if isinstance(said, dict) else said == []
        assert left_behind(self.root) == []
        head = self.git("rev-parse", "HEAD")
        self("show", "me")
        self.git("fsck", "--full", "--strict")
        for claim in self.profile.claims:
            links = [k for k in self.evidence.links(claim.id) if k.side == "for"]
            assert claim.pinned or claim.count == len(links)
        assert self.git("rev-parse", "HEAD") == head


def learned(clone: Clone) -> None:
    """Make a profile that has learned one thing."""
    clone("init", "me")
    clone.update(
        "- [i1 i2] communication | Prefers short answers.",
        "I want short answers.",
        "Shorter answers, please.",
    )


def parted(here: Clone, there: Clone) -> None:
    """Let both learn: one thing each, and more of what they knew; one log both."""
    here.git("clone", "-q", str(here.root), str(there.root))
    there("init", "--merge-driver")
    common = "Short answers are what I want, really."
    here.update(
        "- [p1 i1 i2 i3] communication | Prefers short answers.\n"
        "- [i2 i3] coding | Wants type hints in Python.",
        common,
        "Give me short answers with type hints in Python.",
        "Type hints in Python, in short answers.",
    )
    there.update(
        "- [p1 i1 i2 i3] communication | Prefers short answers.\n"
        "- [i2 i3] media | Dislikes spoilers in reviews.",
        common,
        "Short answers, and no spoilers in reviews.",
        "I dislike spoilers in reviews, and like short answers.",
    )


@pytest.fixture(scope="module")
def made(tmp_path_factory) -> Path:
    """Where two machines that parted are kept, once a test has made them."""
    return tmp_path_factory.mktemp("made") / "both"


@pytest.fixture
def apart(run_persona, made):
    """Two machines, each with what it has learned: a copy for each test."""
    here = Clone(run_persona, run_persona.root)
    there = Clone(run_persona, run_persona.folder / "there")
    if not made.exists():
        learned(here)
        parted(here, there)
        made.mkdir()
        shutil.copytree(here.root, made / "here", symlinks=True)
        shutil.copytree(there.root, made / "there", symlinks=True)
    else:
        shutil.copytree(made / "here", here.root, symlinks=True)
        shutil.copytree(made / "there", there.root, symlinks=True)
    return here, there


@pytest.fixture
def here(apart):
    """One of them."""
    return apart[0]


def test_init_tells_git(here):
    """A new root has attributes, committed, and the config of its repository."""
    assert (here.root / ".gitattributes").read_text() == ATTRIBUTES
    assert here.git("status", "--porcelain") == ""
    said = here.git("check-attr", "merge", "me/profile.md", "me/evidence.jsonl")
    assert said.count("merge: persona") == 2
    assert here.git("config", "merge.persona.driver").startswith("persona merge-driver")


def test_two_machines_that_both_learned_become_one(apart):
    """Claims of both, and support by interactions: what both have read counts once."""
    here, there = apart
    mine, yours = (one.links("Prefers short answers.") for one in apart)
    assert len(mine & yours) == 3  # two from before, and the one that both have read
    here.git("pull", "-q", "--no-rebase", "--no-edit", str(there.root), "main")
    assert here.claims() == {
        "Prefers short answers.": len(mine | yours),
        "Wants type hints in Python.": 2,
        "Dislikes spoilers in reviews.": 2,
    }
    assert here.profile.version == 3
    order = [claim.section for claim in here.profile.claims]
    assert order == ["communication", "coding", "media"]
    here.assert_sound()
    for claim in here.profile.claims:
        assert here("why", claim.id, "-p", "me").count("messages") >= claim.count
    # The other way round: the same claims and the same evidence, up to order.
    there.git("fetch", "-q", str(here.root), "main")
    there.git("merge", "-q", "--no-edit", "FETCH_HEAD^1")
    assert there.claims() == here.claims()
    assert {*there.evidence.lines} == {*here.evidence.lines}
    there.assert_sound()


def test_a_merge_is_a_version_that_can_be_undone(apart):
    """And what is learned afterwards goes on from it."""
    here, there = apart
    here.git("pull", "-q", "--no-rebase", "--no-edit", str(there.root), "main")
    merged = here.claims()
    here.update(
        "- [p1 i1] communication | Prefers short answers.", "Short answers, once more."
    )
    assert here.claims() != merged
    here("undo", "me")
    assert here.claims() == merged
    here.assert_sound()


@pytest.mark.parametrize("verb", ["rebase", "cherry-pick"])
def test_one_commit_after_another(apart, verb):
    """A rebase and a cherry-pick merge by claim too, as far as evidence goes back."""
    here, there = apart
    mine, yours = (one.links("Prefers short answers.") for one in apart)
    here.git("fetch", "-q", str(there.root), "main:theirs")
    here.git(*({"rebase": ["rebase", "-q", "theirs"]}.get(verb, [verb, "theirs"])))
    assert here.claims() == {
        "Prefers short answers.": len(mine | yours),
        "Wants type hints in Python.": 2,
        "Dislikes spoilers in reviews.": 2,
    }
    here.assert_sound()


def test_an_octopus_is_refused_and_nothing_changes(apart):
    """Git merges three branches without a driver: it gives up, and so does persona."""
    here, there = apart
    here.git("fetch", "-q", str(there.root), "main:theirs")
    here.git("switch", "-q", "-c", "third", "HEAD~1")
    here.edit("# me\n", "# me, myself\n")
    before = (here.folder / "profile.md").read_bytes()
    said = here.git("merge", "main", "theirs", code=1)
    assert "content conflict in me/evidence.jsonl" in said
    here("show", "me", code=3)
    here.git("reset", "-q", "--merge")
    assert (here.folder / "profile.md").read_bytes() == before
    here.assert_sound()


def test_a_persons_words_go_before_a_models(apart):
    """Reworded by hand here, reinforced there: their words, and all the evidence."""
    here, there = apart
    mine, yours = (one.links("Prefers short answers.") for one in apart)
    here.edit("Prefers short answers.", "I like it short.")
    here.git("pull", "-q", "--no-rebase", "--no-edit", str(there.root), "main")
    (claim,) = [c for c in here.profile.claims if c.text == "I like it short."]
    assert claim.pinned
    assert claim.count == len(mine | yours)
    assert "Prefers short answers." not in here.claims()
    here.assert_sound()


def test_two_people_who_differ_are_left_to_decide(apart):
    """Git's own marks around this claim and no other line; then it goes on."""
    here, there = apart
    mine, yours = (one.links("Prefers short answers.") for one in apart)
    here.edit("Prefers short answers.", "I like it short.")
    there.edit("Prefers short answers.", "One sentence, always.")
    said = here.git(
        "pull", "-q", "--no-rebase", "--no-edit", str(there.root), "main", code=1
    )
    assert "1 to decide on" in said
    text = (here.folder / "profile.md").read_text()
    inside = text[text.index("<<<<<<<") : text.index(">>>>>>>")].splitlines()
    assert len(inside) == 4
    assert inside[1].startswith("- I like it short. <!-- ")
    assert inside[3].startswith("- One sentence, always. <!-- ")
    assert "- Wants type hints in Python." in text[text.index(">>>>>>>") :]
    assert "<<<<<<<" not in (here.folder / "evidence.jsonl").read_text()
    kept = "".join(
        line
        for line in text.splitlines(keepends=True)
        if "One sentence" not in line and line[:7] not in ("<<<<<<<", ">>>>>>>")
        if not line.startswith("=======")
    )
    (here.folder / "profile.md").write_text(kept)
    here.git("commit", "-qam", "decided")
    assert here.claims()["I like it short."] == len(mine | yours)
    here.assert_sound()


def test_what_was_forgotten_on_one_side_does_not_come_back(apart):
    """Forgotten here, borne out there: gone, and in no file of the merge."""
    here, there = apart
    (claim,) = [c for c in here.profile.claims if "short" in c.text]
    here("forget", claim.id, "-p", "me", "--yes")
    here.git("pull", "-q", "--no-rebase", "--no-edit", str(there.root), "main")
    assert "Prefers short answers." not in here.claims()
    assert not here.evidence.links(claim.id)
    assert "Dislikes spoilers in reviews." in here.claims()
    here.assert_sound()


def test_without_the_driver_git_keeps_both_sides(apart):
    """Its own merge of lines ends in conflicts, and loses nothing; doctor says so."""
    here, there = apart
    here.git("config", "--remove-section", "merge.persona")
    said = json.loads(here("doctor", "--json", "--no-measure"))
    (check,) = [row for row in said if row["name"] == "merges"]
    assert check["ok"] is None
    assert "persona init --merge-driver" in check["remedy"]
    here.git("pull", "-q", "--no-rebase", str(there.root), "main", code=1)
    lines = (here.folder / "evidence.jsonl").read_text().splitlines(keepends=True)
    assert {*there.evidence.lines} <= {*lines}
    here("show", "me", code=3)  # refused, with the place, until it is resolved
    # Late is not too late: the driver is set, and git merges these files once more.
    here("init", "--merge-driver")
    here.git("checkout", "-q", "--merge", "--", "me/profile.md", "me/evidence.jsonl")
    here.git("commit", "-qam", "merged")
    assert len(here.claims()) == 3
    here.assert_sound()


def test_a_file_that_is_no_profile_is_merged_as_lines(apart):
    """Persona gives up on it, and git's own merge takes its place."""
    here, there = apart
    there.edit("persona: 1\n", "persona: 99\n")
    here.git("pull", "-q", "--no-rebase", str(there.root), "main", code=1)
    text = (here.folder / "profile.md").read_text()
    assert "Dislikes spoilers in reviews." in text
    assert "Wants type hints in Python." in text


def test_a_persona_that_is_gone_loses_nothing(apart, tmp_path):
    """The line in git's config falls back on git's merge of lines."""
    here, there = apart
    driver = here.git("config", "merge.persona.driver").strip()
    gone = driver.replace("persona merge-driver", "no-such-persona merge-driver")
    here.git("config", "merge.persona.driver", gone)
    here.git("pull", "-q", "--no-rebase", str(there.root), "main", code=1)
    assert {*there.evidence.lines} <= {
        *(here.folder / "evidence.jsonl").read_text().splitlines(keepends=True)
    }
