"""From a model's answer to lines that can be believed."""

from datetime import UTC, datetime

import pytest

from persona_cli.digest import Observation, digest
from persona_cli.draft import DraftLine, citation_grammar, read_draft
from persona_cli.engine import Message, Sampling
from persona_cli.grounds import borne_out
from persona_cli.infer import Asking, infer, next_window
from persona_cli.interaction import Interaction
from persona_cli.markers import OWN_RUN
from persona_cli.models.catalogue import Manners
from persona_cli.profile import Claim
from persona_cli.summary import align, sentences
from persona_cli.templates import load_template
from persona_cli.window import Window, block
from tests.fakes import ScriptedEngine


def pair(number, chosen, rejected):
    return Interaction(f"p:{number}", "pair", "p:1", chosen, rejected=rejected)


def wrote(number, text):
    at = datetime(2026, 6, number, tzinfo=UTC)
    return Interaction(f"m:{number}", "message", "m:1", text, at=at)


PAIRS = {
    one.id: one
    for one in (
        pair(1, "Use `pathlib` to read the file.", "Use `os` to read the file."),
        pair(2, "Join paths with `pathlib`.", "Join paths with `os`."),
        pair(3, "Write a loop.", "Write a map."),
    )
}
PAST = [Claim("c111", "coding", "Prefers short answers.", 3)]


@pytest.mark.parametrize(
    ("text", "cites", "believed"),
    [
        ("Prefers pathlib.", ("p:1", "p:2"), True),
        ("Dislikes os.", ("p:1", "p:2"), True),
        ("Prefers os.", ("p:1", "p:2"), False),
        ("Dislikes pathlib.", ("p:1", "p:2"), False),
        ("Prefers pathlib.", ("p:1",), False),
        ("Prefers pathlib.", ("p:1", "p:3"), False),
        ("Prefers files and paths.", ("p:1", "p:2"), False),
        ("Prefers answers.", ("p:1", "p:2"), False),
        ("The user asked about pathlib.", ("p:1", "p:2"), False),
    ],
)
def test_a_small_models_line_needs_grounds(text, cites, believed):
    """Two choices it sets apart, with the right sign; a topic is no preference."""
    line = DraftLine("coding", text, rests_on=cites)
    assert borne_out(line, PAIRS, []) is believed


def test_what_the_user_said_outright_is_ground_enough():
    """One sentence of the user's own bears out a line that repeats it."""
    said = Observation(
        "coding", "Prefers pytest to unittest.", "", ("m:1",), (), {}, True, 1.0
    )
    deeds = {"m:1": wrote(1, "I prefer pytest to unittest.")}
    line = DraftLine("coding", "Prefers pytest to unittest.", rests_on=("m:1",))
    assert borne_out(line, deeds, [said])
    assert not borne_out(line, deeds, [])


def test_a_plain_summary_is_aligned():
    """Sentences find the past claim they restate, and what they rest on."""
    deeds = [wrote(1, "I prefer pytest to unittest."), wrote(2, "Fine.")]
    draft = align(
        "The user prefers short answers. They prefer pytest over unittest.\n"
        "- Enjoys long walks on beaches.",
        PAST,
        deeds,
        digest(deeds),
    )
    first, second = draft.lines
    assert (first.keeps, first.section) == (("c111",), "coding")
    assert second.rests_on == ("m:1",)
    assert draft.dropped == {"cites nothing": 1}


def test_sentences_lose_their_list_marks():
    """Bullets, numbers and headings are form, not words."""
    text = "# Summary\n- Likes tea. Hates noise.\n2. Walks a lot.\n"
    assert sentences(text) == ["Likes tea.", "Hates noise.", "Walks a lot."]


def test_a_summary_model_is_asked_for_a_summary():
    """Its own prompt, no grammar, and the past as plain sentences."""
    engine = ScriptedEngine("The user prefers short answers.")
    window = Window((wrote(1, "Shorter, please, prefer short answers."),))
    asking = Asking(manners=Manners(prompt="summary"))
    (found,) = infer(PAST, window, [], engine, asking, seed=1)
    assert engine.grammars == [None]
    assert "<past>\nPrefers short answers.\n</past>" in engine.prompts[0]
    assert found.by == "scripted summary@2"
    (line,) = found.draft.lines
    assert line.keeps == ("c111",)


@pytest.mark.parametrize("name", ["infer", "summary"])
def test_prompts_carry_the_mark_of_our_own_runs(name):
    """A log of persona at work is known for one, and never learned from."""
    assert OWN_RUN in load_template(name).body


def test_the_window_leaves_room_for_the_answer():
    """Twice for a model that thinks first."""
    deeds = [wrote(n, "word " * 100) for n in range(1, 20)]
    engine = ScriptedEngine(context=2400)
    plain = Asking(answer_tokens=500)
    thinking = Asking(answer_tokens=500, manners=Manners(thinking=("<t>", "</t>")))
    sizes = [
        len(next_window(deeds, PAST, engine, asking).interactions)
        for asking in (plain, thinking)
    ]
    assert sizes[0] > sizes[1] > 0


@pytest.mark.model
def test_the_grammar_holds_the_real_model_to_the_form(tiny_engine):
    """Whatever a 135M model means to say: every line of it can be read."""
    deeds = list(PAIRS.values())
    blocks = "\n\n".join(block(deed, n) for n, deed in enumerate(deeds, 1))
    answer = tiny_engine.complete(
        [Message("user", f"What does this person like?\n\n{blocks}")],
        max_tokens=120,
        sampling=Sampling(temperature=1.0),
        seed=3,
        grammar=citation_grammar(past=2, window=len(deeds)),
    )
    draft = read_draft(
        answer.text, past=["c111", "c222"], window=list(PAIRS), cut=answer.cut
    )
    assert draft.lines or answer.cut
    assert draft.dropped == {}
