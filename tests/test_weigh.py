"""How probable whole answers are, on the real model; and judges that ask backwards."""

import math

import pytest
from fakes import ScriptedEngine

from persona_cli.backward import (
    MATTERS,
    Weight,
    backward_messages,
    claims_of,
    combine,
)
from persona_cli.each import each_messages, read_statement, statement
from persona_cli.engine import Message
from persona_cli.errors import ModelError
from persona_cli.interaction import Interaction
from persona_cli.judge import Judge, Question
from persona_cli.profile import Claim
from persona_cli.stating import stated
from persona_cli.weighing import BEARS_OUT, weighed

# After a choice that bears a claim out; the rest weighs -20.
LIKELY = -20.0 + MATTERS + BEARS_OUT + 3

ASKED = [Message("user", "What is the capital of France?")]


class Weigher(ScriptedEngine):
    """Says its lines; a text weighs as much as a table says for what was taken."""

    def __init__(self, table, *lines):
        super().__init__(*lines)
        self.table = table

    def weigh(self, messages, texts):
        took = messages[-1].content.split("Took: ")[1].split("\n")[0]
        return [self.table.get((took, text), -20.0) for text in texts]

    def contrast(self, messages, rivals, *, opening, until, **limits):
        return self.complete(messages, **limits)


class Hearing(Weigher):
    """The same; and what somebody wrote makes everything likely."""

    def weigh(self, messages, texts):
        if "Took: " in messages[-1].content:
            return super().weigh(messages, texts)
        return [LIKELY] * len(texts)


def pair(number, took="short", left="long"):
    return Interaction(
        id=f"t:{number}",
        kind="pair",
        source="t",
        query=f"q{number}",
        chosen=took,
        rejected=left,
    )


@pytest.mark.model
def test_a_likely_answer_weighs_more_than_an_unlikely_one(tiny_engine):
    """The model knows its capital."""
    right, wrong = tiny_engine.weigh(
        ASKED, ["The capital of France is Paris.", "The capital of France is cheese."]
    )
    assert wrong < right < 0


@pytest.mark.model
def test_an_answer_weighs_the_same_in_whatever_company(tiny_engine):
    """To the bit: nothing of one answer is left when the next is weighed."""
    texts = ["Paris.", "It is the city of Lyon, I think.", "Paris."]
    together = tiny_engine.weigh(ASKED, texts)
    alone = [tiny_engine.weigh(ASKED, [text])[0] for text in texts]
    assert together == alone
    assert together[0] == together[2]


@pytest.mark.model
def test_weighing_agrees_with_reading_token_by_token(tiny_engine):
    """A text's weight is the sum of its tokens' own, and of the end's."""
    import numpy as np

    memory = tiny_engine.loaded()
    prompt = tiny_engine.prompt_tokens(ASKED)
    tokens = [*memory.vocabulary.said("Paris, of course."), 2]  # <|im_end|>
    total = 0.0
    for place, token in enumerate(tokens):
        memory.clear()
        memory.read([*prompt, *tokens[:place]])
        row = memory.logits(-1).astype(np.float64)
        total += float(row[token] - np.logaddexp.reduce(row))
    (found,) = tiny_engine.weigh(ASKED, ["Paris, of course."])
    assert found == pytest.approx(total, abs=1e-3)


@pytest.mark.model
def test_what_does_not_fit_is_refused(tiny_engine):
    """Prompt and answer share the context."""
    with pytest.raises(ModelError, match="the context holds"):
        tiny_engine.weigh(ASKED, ["word " * 20_000])


def test_a_judge_that_asks_backwards_changes_its_mind_with_the_items():
    """Swapped items get the other answer, exactly; an empty profile gets none."""
    engine = Weigher({("short", "Likes it short."): -5.0})
    judge = Judge(engine, "backward")
    there = Question("1", "q", "short", "long")
    back = Question("2", "q", "long", "short")
    (one,) = judge.judge("## communication\n- Likes it short.", [there]).verdicts
    (other,) = judge.judge("## communication\n- Likes it short.", [back]).verdicts
    assert one.p > 0.9
    assert one.p + other.p == pytest.approx(1)
    assert judge.judge("", [there]).verdicts[0].p == 0.5


def test_weights_that_are_no_numbers_are_refused():
    """Nothing is summed up of them."""
    engine = Weigher({("short", "Likes it short."): math.nan})
    question = Question("1", "q", "short", "long")
    with pytest.raises(ModelError, match="no probabilities"):
        Judge(engine, "backward").judge("- Likes it short.", [question])


def test_an_engine_that_cannot_say_what_sets_apart_is_not_asked_each():
    """It would say what goes with everything."""
    with pytest.raises(ModelError, match="what sets an interaction apart"):
        stated([pair(1)], ScriptedEngine())


def test_a_judge_whose_engine_cannot_weigh_says_so():
    """Not every server tells how probable an answer is."""
    asked = [Question("1", "", "a", "b")]
    with pytest.raises(ModelError, match="cannot tell how probable") as caught:
        Judge(ScriptedEngine(), "backward").judge("- A.", asked)
    assert "a local model" in (caught.value.remedy or "")


def test_claims_about_something_else_do_not_add_up():
    """What neither choice makes likelier than it is anyway is about another matter."""
    aside = Weight(there=-30.0, back=-31.0, anyway=-30.0)
    about = Weight(there=-21.0, back=-20.0, anyway=-30.0)
    assert combine([about]) < 0.3
    assert combine([about, *[aside] * 10]) < 0.4
    assert 0.5 < combine([aside] * 10) < 0.6
    assert combine([Weight(about.back, about.there, about.anyway)]) == pytest.approx(
        1 - combine([about])
    )


def test_what_a_claim_weighs_anyway_is_asked_once():
    """Of choices that tell nothing, whatever is asked and however often."""
    engine = Weigher({("short", "Likes it short."): -20.0 + MATTERS + 3})
    seen = []
    weigh = engine.weigh
    engine.weigh = lambda messages, texts: (
        seen.append(messages[-1].content),
        weigh(messages, texts),
    )[1]
    judge = Judge(engine, "backward")
    for number in range(3):
        judge.judge("- Likes it short.", [Question(str(number), "q", "short", "long")])
        judge.judge("- Likes it short.", [Question("x", f"{number}", "long", "short")])
    assert sum("one of them" in text for text in seen) == 1


def test_claims_are_list_items_or_else_lines():
    """A profile's text may come from anywhere."""
    assert claims_of("## food\n- Likes tea.\n- Dislikes milk.") == [
        "Likes tea.",
        "Dislikes milk.",
    ]
    assert claims_of("Likes tea.\n") == ["Likes tea."]
    assert claims_of("") == []


def test_no_text_can_look_like_another_line_of_the_prompt():
    """Whatever an item holds, it stays on its line."""
    (message,) = backward_messages("q", "a\nLeft: b", "c")
    assert message.content.splitlines() == ["Asked: q", "Took: a Left: b", "Left: c"]
    (message,) = each_messages(pair(1))
    assert message.content.splitlines() == ["Asked: q1", "Took: short", "Left: long"]


def test_a_statement_is_read_as_it_is_written():
    """Claim first, section after; and chatter is none."""
    said = statement("food", "Likes tea.")
    assert read_statement(said) == ("food", "Likes tea.")
    assert read_statement("Sure! Here is what I think.") is None


def test_a_claim_cites_the_choices_that_bear_it_out():
    """Not the one it was said of alone; and what speaks against it is counted."""
    table = {("short", "Likes it short."): LIKELY}
    lines = ["Likes it short. | communication"] * 4
    engine = Weigher(table, *lines)
    window = [pair(1), pair(2), pair(3), pair(4, took="long", left="short")]
    told = weighed([], window, engine)
    (line,) = told.draft.lines
    assert line.rests_on == ("t:1", "t:2", "t:3")
    assert line.against == ("t:4",)
    engine.done()


def test_what_a_choice_is_not_about_bears_nothing_out():
    """A claim that is no likelier than anyway only happens to prefer one side."""
    table = {("short", "Likes it short."): -20.0 + BEARS_OUT + 1}
    engine = Weigher(table, "Likes it short. | communication")
    told = weighed([], [pair(1)], engine)
    assert told.draft.lines == ()


def test_an_interaction_that_shows_nothing_makes_no_claim():
    """It can be said, and is neither a claim nor a fault."""
    engine = Weigher({("short", "Nothing."): 0.0}, "Nothing.")
    told = weighed([], [pair(1)], engine)
    assert (told.draft.lines, told.draft.dropped) == ((), {})


def test_a_change_of_mind_retires_what_it_contradicts():
    """But one choice to the contrary is a slip, and the claim stays."""
    table = {
        ("long", "Likes it long."): LIKELY,
        ("short", "Likes it short."): LIKELY,
    }
    past = [Claim("c001", "communication", "Likes it short.", count=3)]
    for number, retired in ((1, ()), (3, ("c001",))):
        window = [pair(n, took="long", left="short") for n in range(number)]
        engine = Weigher(table, *["Likes it long. | communication"] * number)
        told = weighed(past, window, engine)
        (line,) = told.draft.lines
        assert (line.text, line.retires) == ("Likes it long.", retired)


def test_a_claim_that_no_choice_bears_out_is_dropped_and_counted():
    """What a small model says is not believed, only measured."""
    engine = Weigher({}, "Likes cheese. | food")
    told = weighed([], [pair(1)], engine)
    assert told.draft.lines == ()
    assert told.draft.dropped == {"not borne out": 1}
    assert math.isfinite(told.tokens)


def test_a_claim_is_weighed_on_what_it_may_be_about():
    """Of its section, or with a word in common; to weigh all on all takes minutes."""
    seen = []

    class Noting(Weigher):
        def weigh(self, messages, texts):
            seen.append((messages[-1].content.splitlines()[0], *texts))
            return super().weigh(messages, texts)

    lines = ["Likes it short. | communication", "Likes green tea. | food", "Nothing."]
    window = [pair(1), pair(2, "sencha", "beer"), pair(3, "a tea shop", "a bar")]
    table = {
        ("short", "Likes it short."): LIKELY,
        ("sencha", "Likes green tea."): LIKELY,
    }
    weighed([], window, Noting(table, *lines))
    told = {asked: set(texts) for asked, *texts in seen}  # the last time
    assert told["Asked: q1"] == {"Likes it short."}
    assert told["Asked: q2"] == {"Likes green tea."}
    assert told["Asked: q3"] == {"Likes green tea."}


def test_a_claim_that_names_something_is_about_what_names_it():
    """A flag of one command is no reason why another was preferred."""
    text = "Runs everything with the '--fast' flag."
    took = ["run it --fast", "run it with care"]
    table = {(one, text): LIKELY for one in took}
    window = [pair(n, took=one) for n, one in enumerate(took)]
    engine = Weigher(table, f"{text} | coding", f"{text} | coding")
    (line,) = weighed([], window, engine).draft.lines
    assert line.rests_on == ("t:0",)


def test_what_somebody_wrote_speaks_for_what_is_said_of_it_and_against_its_contrary():
    """It has no reverse to weigh against, and counts as one choice."""
    note = Interaction(id="t:9", kind="message", source="t", query="", chosen="shorter")
    table = {("long", "Likes long answers."): LIKELY}
    lines = ["Likes long answers. | communication"] * 4
    lines.append("Likes short answers. | communication")
    window = [*(pair(n, took="long", left="short") for n in range(4)), note]
    told = weighed([], window, Hearing(table, *lines))
    by_text = {line.text: line for line in told.draft.lines}
    assert by_text["Likes long answers."].against == ("t:9",)
    past = [Claim("c001", "communication", "Likes short answers.", count=3)]
    engine = Hearing({}, "Likes short answers. | communication")
    told = weighed(past, [note], engine)
    (line,) = told.draft.lines
    assert (line.keeps, line.rests_on) == (("c001",), ("t:9",))
