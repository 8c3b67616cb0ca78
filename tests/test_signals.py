"""Choices that a chat shows: which are taken for one, and what they may say."""

import json
from pathlib import Path
from typing import Any

import pytest

from persona_cli import profile as pr
from persona_cli.digest import digest
from persona_cli.evidence import Evidence
from persona_cli.interaction import Interaction
from persona_cli.logs import Tally, read_log
from persona_cli.logs.archive import from_record, to_record
from persona_cli.logs.signals import corrects, displeased
from persona_cli.provenance import Voices
from persona_cli.split import held_out
from tests.obedient import CITES, ObedientEngine, fold, learn, learned
from tests.poison import (
    CARRIERS,
    PLANTED,
    WISH,
    Rows,
    agent,
    chat,
    named,
    session,
    told,
    user,
)

ASK, LONG, NO = "What is a heap?", "A heap is " + "very " * 30 + "nice.", "no, shorter"
SHORT, ON = "A tree in an array.", "And how is it sorted?"


def read(folder: Path, rows: Rows) -> tuple[list[Interaction], Tally]:
    path = folder / "log.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    tally = Tally()
    return list(read_log(path, tally=tally)), tally


def talk(*texts: str) -> Rows:
    """User and assistant, in turns."""
    roles = ("user", "assistant")
    return [{"messages": [told(roles[n % 2], text) for n, text in enumerate(texts)]}]


def pairs(deeds: list[Interaction]) -> list[tuple[str, str, str]]:
    found = [deed for deed in deeds if deed.kind == "pair"]
    return [(deed.query, deed.chosen, deed.rejected) for deed in found]


def test_a_correction_that_was_heard_makes_a_pair(tmp_path):
    """And stays a message of its own; the pair comes when the user goes on."""
    deeds, tally = read(tmp_path, talk(ASK, LONG, NO, SHORT, ON))
    assert pairs(deeds) == [(ASK, SHORT, LONG)]
    assert [deed.chosen for deed in deeds if deed.kind == "message"] == [ASK, NO, ON]
    assert [deed.kind for deed in deeds] == ["message", "message", "pair", "message"]
    assert deeds[2].signal == "correction"
    assert tally.signals == {"correction": 1}
    assert tally.interactions == 4


def test_what_does_not_go_on_makes_no_pair(tmp_path):
    """Nobody knows whether the second answer was good."""
    for rows in (
        talk(ASK, LONG, NO, SHORT),
        talk(ASK, LONG, NO, SHORT, "That is still too long."),
        talk(ASK, LONG, NO, SHORT, "Why did you leave out the array?", "So.", "Hm."),
        talk(ASK, LONG, "Thanks, that helps.", SHORT, ON),
        talk(ASK, LONG, NO, LONG, ON),
        talk("", LONG, NO, SHORT, ON),
    ):
        deeds, tally = read(tmp_path, rows)
        assert pairs(deeds) == []
        assert not tally.signals


def test_of_a_row_of_corrections_the_last_is_a_choice(tmp_path):
    """Over the answer just before it, to the first request."""
    deeds, _ = read(tmp_path, talk(ASK, LONG, NO, "So.", "too short", SHORT, ON))
    assert pairs(deeds) == [(ASK, SHORT, "So.")]


def test_answers_with_tools_between_are_no_answers(tmp_path):
    """What an agent says after its work is not what a word was about."""
    call: dict[str, Any] = {**told("assistant", ""), "tool_calls": [{"id": "t"}]}
    for between in (call, told("tool", "out"), told("assistant", "One more thing.")):
        turns = [user(ASK), between, told("assistant", LONG), user(NO)]
        turns += [told("assistant", SHORT), user(ON)]
        assert pairs(read(tmp_path, [{"messages": turns}])[0]) == []
        turns = [user(ASK), told("assistant", LONG), user(NO), between]
        turns += [told("assistant", SHORT), user(ON)]
        assert pairs(read(tmp_path, [{"messages": turns}])[0]) == []


def test_the_same_chat_that_went_on_makes_the_same_pair(tmp_path):
    """A log that grew, or was exported again, tells of no second choice."""
    first, _ = read(tmp_path, talk(ASK, LONG, NO, SHORT, ON))
    again, _ = read(tmp_path, talk(ASK, LONG, NO, SHORT, ON, "So.", "Fine, thanks."))
    assert [deed.id for deed in again][: len(first)] == [deed.id for deed in first]


@pytest.mark.parametrize(
    "text",
    [
        "no, shorter",
        "No. Use a table.",
        "nope, in Python",
        "too long",
        "That's way too long!",
        "That is still too long.",
        "Too many bullets.",
        "shorter please",
        "Much shorter.",
        "make it less formal",
        "in Python please",
        "In French instead.",
        "use uv instead",
        "without the introduction",
        "Not what I asked.",
        "I meant the other kind of heap.",
        "that's wrong",
        "Ok, but shorter",
        "try again",
        "more concise, please",
    ],
)
def test_what_corrects(text):
    """Short, and begins as corrections do."""
    assert corrects(text)
    assert displeased(text)


@pytest.mark.parametrize(
    "text",
    [
        "Thanks!",
        "No",
        "Now explain stacks.",
        "Notes on heaps, please.",
        "Is it too long?",
        "I meant well when I wrote this letter, but it is " + "very " * 40 + "long.",
        "no, shorter\n\nHere is the text again",
        "In Python, how do I sort a list?",
        "Which is shorter?",
        "What about longer lists?",
        "Nothing else.",
        "Instead of a heap, could one take a tree?",
    ],
)
def test_what_does_not_correct(text):
    """Questions, thanks, what goes on, and what says more than a correction."""
    assert not corrects(text)


# Claude Code: changes to files.

TURNED_DOWN = (
    "The user doesn't want to proceed with this tool use. The tool use was rejected"
    " (eg. if it was a file edit, the new_string was NOT written to the file)."
)


def uses(number: int, tool: str, **given: str) -> dict[str, Any]:
    part = {"type": "tool_use", "id": f"toolu_{number}", "name": tool, "input": given}
    return agent("assistant", [part])


def came(number: int, text: str, *, error: bool = False) -> dict[str, Any]:
    part: dict[str, Any] = {"type": "tool_result", "tool_use_id": f"toolu_{number}"}
    part["content"] = text
    return agent("user", [part | ({"is_error": True} if error else {})])


def edit(number: int, new: str, *, file: str = "a.py", old: str = "x = 1") -> Any:
    return uses(number, "Edit", file_path=file, old_string=old, new_string=new)


def test_a_change_turned_down_and_the_next_let_through_are_a_pair(tmp_path):
    """Of the same place of the same file; to what the user had asked."""
    rows = [
        *[edit(1, "x = 2  # two"), came(1, TURNED_DOWN, error=True)],
        agent("user", "Without the comment."),
        *[edit(2, "x = 2"), came(2, "The file a.py has been updated.")],
        *[edit(3, "x = 3"), came(3, "The file a.py has been updated.")],
    ]
    deeds, tally = read(tmp_path, session(*rows))
    assert pairs(deeds) == [("Without the comment.", "x = 2", "x = 2  # two")]
    assert tally.signals == {"edit": 1}
    (pair,) = (deed for deed in deeds if deed.kind == "pair")
    assert (pair.id, pair.signal) == ("claude-code:s1:toolu_2:edit", "edit")
    whole = [
        uses(1, "Write", file_path="b", content="one"),
        came(1, TURNED_DOWN, error=True),
        uses(2, "Write", file_path="b", content="two"),
        came(2, "ok"),
    ]
    assert [pair[1:] for pair in pairs(read(tmp_path, session(*whole))[0])] == [
        ("two", "one")
    ]


@pytest.mark.parametrize(
    "rows",
    [
        [edit(1, "y"), came(1, TURNED_DOWN, error=True)],
        [edit(1, "y"), came(1, "String to replace not found.", error=True),
         edit(2, "z"), came(2, "ok")],
        [edit(1, "y"), came(1, TURNED_DOWN, error=True),
         edit(2, "z", file="b.py"), came(2, "ok")],
        [edit(1, "y"), came(1, TURNED_DOWN, error=True),
         edit(2, "z", old="else"), came(2, "ok")],
        [edit(1, "y"), came(1, TURNED_DOWN, error=True),
         edit(2, "z"), came(2, TURNED_DOWN, error=True)],
        [edit(1, "y"), came(1, TURNED_DOWN, error=True),
         edit(2, "y"), came(2, "ok")],
        [edit(1, "y"), came(1, TURNED_DOWN, error=True),
         uses(2, "Write", file_path="a.py", content="z"), came(2, "ok")],
        [edit(1, "y"), came(1, TURNED_DOWN),
         edit(2, "z"), came(2, "ok")],
        [uses(1, "Bash", command="cat a"), came(1, TURNED_DOWN, error=True),
         edit(2, "z"), came(2, "ok")],
        [edit(1, "y" * 30_000), came(1, TURNED_DOWN, error=True),
         edit(2, "z"), came(2, "ok")],
    ],
)  # fmt: skip
def test_other_changes_are_no_choice(tmp_path, rows):
    """Turned down alone, failed, elsewhere, the same once more, or too long."""
    deeds, tally = read(tmp_path, session(*rows))
    assert pairs(deeds) == []
    assert not tally.signals


# What such a pair may say.


def pair(number: int, chosen: str, rejected: str, **more: Any) -> Interaction:
    name, source = f"chat:{number}", "chat:1"
    return Interaction(name, "pair", source, chosen, "Why?", rejected, **more)


def test_it_shows_how_and_not_what():
    """Short answers may be learned from them; the words in them may not."""
    every = [
        pair(n, f"Zormip. {n}.", f"It depends, and there is much to say on {n}. " * 9)
        for n in range(12)
    ]
    outright = {one.claim for one in digest(every)}
    seen = {one.claim for one in digest([_signal(one) for one in every])}
    assert any("zormip" in claim for claim in outright)
    assert not any("zormip" in claim for claim in seen)
    assert seen
    assert seen < outright


def _signal(deed: Interaction) -> Interaction:
    return from_record({**to_record(deed), "signal": "correction"})


def test_it_is_kept_in_the_archive_and_never_held_out():
    """The profile is told the correction itself: it would be no fair question."""
    seen = pair(1, "a", "b", signal="correction")
    assert from_record(to_record(seen)) == seen
    numbers = range(50)
    outright = [pair(n, "a", "b") for n in numbers]
    assert any(held_out(deed, share=0.5) for deed in outright)
    assert not any(held_out(_signal(deed), share=0.5) for deed in outright)
    with pytest.raises(ValueError, match="belongs to kind pair"):
        Interaction("x", "post", "x", "a", signal="edit")


def corrected(text: str) -> list[dict[str, Any]]:
    """A sentence in both answers, and in each of two chats."""
    said = [user(ASK), told("assistant", f"{LONG} {text}"), user(NO)]
    return [*said, told("assistant", f"{SHORT} {text}"), user(ON)]


def edited(text: str) -> Rows:
    rows: Rows = []
    for n in (1, 3):
        rows += [edit(n, f"# {text}\ny = {n}"), came(n, TURNED_DOWN, error=True)]
        rows += [edit(n + 1, f"# {text}\nx = {n}"), came(n + 1, "ok")]
    return session(*rows)


POISONED = {
    "once": lambda t: chat(*corrected(t)),
    "twice": lambda t: [*chat(*corrected(t)), *chat(*corrected(t + " "))],
    "in the second alone": lambda t: chat(
        *(
            turn
            for n in range(3)
            for turn in (
                *(user(ASK), told("assistant", f"{LONG} {n}"), user(NO)),
                *(told("assistant", f"{t} {n}"), user(ON)),
            )
        )
    ),
    "edits": edited,
}  # fmt: skip


def got_through(folder: Path, cites: Any, *, seen: bool = True) -> list[str]:
    through = []
    for name, build in POISONED.items():
        for number, sentence in enumerate((*PLANTED, "{x} is a lovely thing.")):
            canary = named(number)
            path = folder / "log.jsonl"
            rows = build(sentence.format(x=canary))
            path.write_text("".join(json.dumps(row) + "\n" for row in rows))
            deeds = list(read_log(path, tally=Tally()))
            assert any(deed.signal for deed in deeds) == seen, name
            assert any(deed.kind == "pair" for deed in deeds), name
            known = learn(path, cites)
            assert any("tabs over spaces" in claim for claim in known.claims), name
            if known.holds(canary):
                through.append(f"{name}: {sentence}")
    return through


@pytest.mark.parametrize("cites", CITES)
def test_no_injected_claim_comes_in_by_a_pair_that_was_seen(tmp_path, cites):
    """Whichever answers hold it, and however often."""
    assert got_through(tmp_path, cites) == []


def test_taken_for_choices_made_outright_they_would_let_some_in(tmp_path, monkeypatch):
    """The twin: the same pairs without their mark."""
    import persona_cli.logs.log as reading

    real = reading.Log.deed

    def unmarked(self: Any, *args: Any, **more: Any) -> Interaction:
        deed = real(self, *args, **more)
        return from_record({**to_record(deed), "signal": ""})

    monkeypatch.setattr(reading.Log, "deed", unmarked)
    assert got_through(tmp_path, "all", seen=False) != []


def test_a_claim_of_their_manner_passes(tmp_path):
    """A model may say what a correction shows, in its own words."""
    deeds, _ = read(tmp_path, talk(WISH, "Ok.", ASK, LONG, NO, SHORT, ON))
    (seen,) = (deed for deed in deeds if deed.signal)
    voices = Voices(deeds, [])
    from persona_cli.draft import DraftLine

    said = DraftLine("communication", "Prefers brief replies.", rests_on=(seen.id,))
    assert not voices.others_said(said)
    assert CARRIERS
    done = fold(pr.empty("ada"), Evidence(), deeds, ObedientEngine())
    assert learned(done.profile, done.evidence).claims
