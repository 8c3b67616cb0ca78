"""A person moves a claim: out of a project, or into one."""

import json

import pytest

from persona_cli.init import init
from persona_cli.promote import promote
from persona_cli.select import select
from persona_cli.store import Store
from tests.test_reconcile import HEAD

BODY = """
## coding
- Runs the linter before a commit. <!-- c111 3x 2026-05-01 project:tide -->
- Uses uv. <!-- c222 2x 2026-05-01 -->
- I keep a changelog.
"""
LINTER = "Runs the linter before a commit."
WORDING = {
    "claim": "c111",
    "words": LINTER,
    "section": "coding",
    "status": "active",
    "by": "tiny",
    "version": 3,
}
LINK = {
    "claim": "c111",
    "interaction": "claude-code:s1:u1",
    "source": "claude-code:s1",
    "at": "2026-05-01T08:00:00Z",
    "side": "for",
    "quote": "run the linter before you commit",
}


@pytest.fixture
def persona(run_persona):
    init(run_persona.root, "me", title=None)
    folder = run_persona.root / "me"
    (folder / "profile.md").write_text(HEAD + BODY)
    lines = [json.dumps(LINK), json.dumps(WORDING)]
    (folder / "evidence.jsonl").write_text("\n".join(lines) + "\n")
    return run_persona


def claims(persona):
    """The claims by their words, as they are on disk now."""
    loaded = Store(persona.root, "me").load()
    return {claim.text: claim for claim in loaded.profile.claims}


def moved(persona, claim, to):
    """What the command does, in this process."""
    store = Store(persona.root, "me")
    with store.at_work("promote", timeout=1):
        return promote(store, claim, to=to)


def applied(persona, scope=None):
    """The words of the claims that go into a prompt there."""
    every = claims(persona).values()
    return [c.text for c in select(every, budget=None, task=None, scope=scope).kept]


def test_a_projects_claim_becomes_one_of_everywhere(persona):
    """One version and one commit, with the evidence as it was; undo takes it back."""
    there = ("apply", "me", "x", "--scope", "harbour")
    assert LINTER not in persona(*there).stdout
    said = persona("promote", "c111", "me").stderr
    assert said == "me v4: c111 held in project:tide, and now in global\n"
    assert LINTER in persona(*there).stdout
    claim = claims(persona)[LINTER]
    assert (claim.id, claim.scope, claim.count) == ("c111", "global", 3)
    assert claim.pinned  # so no later update moves it back
    links = Store(persona.root, "me").load().evidence.links("c111")
    assert [link.record() for link in links] == [LINK]
    assert persona.git("log", "-1", "--format=%s").strip() == (
        "me v4: c111 holds everywhere"
    )
    assert "project:tide -> global" in persona("diff", "-p", "me").stdout
    persona("undo", "me")
    assert claims(persona)[LINTER].scope == "project:tide"
    assert LINTER not in applied(persona, "harbour")


def test_the_other_way_round(persona):
    """What holds everywhere can be held to a project, whatever that is called."""
    done = persona("promote", "c222", "me", "--to", "project:my tide", "--json")
    record = json.loads(done.stdout)
    assert (record["before"], record["scope"]) == ("global", "project:my tide")
    assert "Uses uv." not in applied(persona)
    assert "Uses uv." in applied(persona, "my tide")


def test_a_line_without_a_mark_can_be_held_to_a_project(persona):
    """It gets one, and stays the person's."""
    by_hand = claims(persona)["I keep a changelog."]
    moved(persona, by_hand.id, "tide")
    text = (persona.root / "me" / "profile.md").read_text()
    (line,) = [one for one in text.splitlines() if "changelog" in one]
    assert line.startswith("- I keep a changelog. <!-- c")
    assert line.endswith(" 0x project:tide by:human -->")
    assert "I keep a changelog." not in applied(persona)
    assert "I keep a changelog." in applied(persona, "tide")


def test_a_scope_lives_through_a_persons_edit(persona):
    """Other words, the same mark: the claim is theirs, and holds where it held."""
    path = persona.root / "me" / "profile.md"
    path.write_text(path.read_text().replace(LINTER, "Runs ruff before a commit."))
    claim = claims(persona)["Runs ruff before a commit."]
    assert (claim.scope, claim.by) == ("project:tide", "human")


def test_where_it_holds_already_nothing_happens(persona):
    """No version, and no commit but that of what was written by hand before."""
    before = persona.git("rev-parse", "HEAD").strip()
    assert moved(persona, "c222", "global").commit is None
    said = persona("promote", "c222", "me").stderr
    assert "c222 holds there already" in said
    assert "version: 3" in (persona.root / "me" / "profile.md").read_text()
    assert persona.git("rev-list", "--count", f"{before}..HEAD").strip() == "1"


@pytest.mark.parametrize(
    ("words", "fault"),
    [
        (("cfff", "me"), "no claim 'cfff'"),
        (("c222", "me", "--to", "project:"), "is not global or project:NAME"),
        (("c222", "me", "--to", "a\x1b[31m"), "is not global or project:NAME"),
    ],
)
def test_what_cannot_be_is_refused(persona, words, fault):
    """With exit code 2, and nothing written."""
    done = persona("promote", *words, code=2)
    assert fault in done.stderr
    assert "\x1b" not in done.stderr
    assert "version: 3" in (persona.root / "me" / "profile.md").read_text()
