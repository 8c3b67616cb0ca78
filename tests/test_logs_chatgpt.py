"""ChatGPT's export: the branch where the user is, and what the hidden messages hold."""

import json
import shutil
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from persona_cli.logs import Tally, find_logs, read_log
from persona_cli.logs.branches import Step, Tree
from persona_cli.logs.chatgpt_context import unwrapped
from persona_cli.logs.messages import Turn
from tests.chatgpt_export import chat, conversation, message, node, write
from tests.peak import peak

EXPORT = Path(__file__).parent / "logs" / "chatgpt"
FIRST = "chatgpt:10000000-0000-4000-8000-000000000001"
NODE = "20000000-0000-4000-8000-"


def read(path, **options):
    tally = Tally()
    return list(read_log(path, tally=tally, **options)), tally


@pytest.fixture(scope="module")
def export():
    return read(EXPORT / "conversations.json")


def of_kind(deeds, kind):
    return [deed for deed in deeds if deed.kind == kind]


def test_the_active_branch_is_what_was_said(export):
    """The edited prompt and not its older version; each with the answer before it."""
    deeds, _ = export
    said = [(d.query, d.chosen) for d in of_kind(deeds, "message")]
    assert said == [
        ("", "How do I parse dates in Python?"),
        ("datetime.fromisoformat(text)", "Good. And with a time zone?"),
        (
            "It is the same call, as the offset is part of the text.",
            "What is wrong in this picture?\n\nIt is the second line, I think.",
        ),
        ("", "Suggest a name for a cat."),
        ("", "Only this."),
        ("", "And that."),
        ("", "Round we go."),
    ]


def test_ids_times_and_scopes(export):
    """The message's own time, the conversation's else; a project by its id."""
    deeds, _ = export
    first, _, third, cat = of_kind(deeds, "message")[:4]
    assert first.id == f"{FIRST}:{NODE}000000000007"
    assert first.source == FIRST
    assert first.at.isoformat() == "2026-01-01T00:00:40+00:00"
    assert third.at.isoformat() == "2026-01-01T00:05:00+00:00"
    assert (first.scope, cat.scope) == ("global", "project:g-p-678abc")


def test_what_is_not_the_users_is_counted(export):
    """Each by its reason, and nothing of it is anyone's words."""
    deeds, tally = export
    assert tally.left_out == {
        "a hidden message": 5,
        "content of another type": 1,
        "a message to a tool": 1,
        "a tool's message": 1,
        "unknown role": 1,
        "a message on a branch that was left": 1,
    }
    assert tally.skipped == {
        "a node that is no object": 1,
        "a message that is no object": 1,
        "a message without `author`": 1,
        "no `mapping`": 1,
    }
    assert tally.mended == {"`current_node` is not there, newest branch taken": 1}
    words = "\n".join(f"{deed.chosen}\n{deed.query}" for deed in deeds)
    for others in ("I always prefer tools", "Perl", "Utrecht", "They want", "Pyhton"):
        assert others not in words


def test_custom_instructions_are_stated_once_and_as_they_are_now(export):
    """Without what wraps them; the older ones were taken back."""
    deeds, _ = export
    own = [deed for deed in of_kind(deeds, "stated") if not deed.secondhand]
    assert [(deed.source, deed.chosen) for deed in own] == [
        ("chatgpt:about-user", "Preferred name: Ada\nRole: Works on compilers."),
        ("chatgpt:about-answers", "Answer briefly, with the code first."),
    ]
    assert {deed.at.isoformat() for deed in own} == {"2026-01-01T00:00:00+00:00"}


def test_saved_memories_are_second_hand(export):
    """What ChatGPT noted is not what the user said."""
    deeds, _ = export
    noted = [deed for deed in deeds if deed.secondhand]
    assert [(deed.source, deed.chosen, str(deed.at.date())) for deed in noted] == [
        ("chatgpt:memory", "Prefers metric units.", "2025-03-04"),
        ("chatgpt:memory", "Is learning to bake bread.", "2025-04-05"),
    ]


def test_a_regenerated_answer_is_passed_over(export):
    """A pair that only a rule saw, with the prompt as its query."""
    deeds, tally = export
    (pair,) = of_kind(deeds, "pair")
    assert (pair.query, pair.chosen, pair.signal) == (
        "How do I parse dates in Python?",
        "datetime.fromisoformat(text)",
        "branch",
    )
    assert pair.rejected.startswith("There are many libraries")
    assert pair.id == f"{FIRST}:{NODE}000000000010>{NODE}000000000008"
    assert tally.signals == {"branch": 1}


def test_thumbs_are_ratings_of_answers(export):
    """The last thumb counts, by either vintage's key; the rest is left."""
    deeds, _ = export
    rated = [(d.rating, d.chosen[:8], d.query) for d in of_kind(deeds, "rating")]
    asked = "How do I parse dates in Python?"
    assert rated == [(0.0, "There ar", asked), (1.0, "datetime", asked)]


def test_a_folder_gives_conversations_and_no_documents(tmp_path):
    """Files that were handed in are nobody's posts; the account's are left out."""
    names = [path.name for path in find_logs([str(EXPORT)])]
    assert "file-1-notes.txt" not in names
    assert "chat.html" not in names
    tally = Tally()
    for path in find_logs([str(EXPORT)]):
        list(read_log(path, tally=tally))
    assert tally.left_out["another file of an export"] == len(names) - 1 == 6
    # Named by the shell's glob, the page is no post either.
    assert list(read_log(EXPORT / "chat.html", tally=Tally())) == []
    # Elsewhere a file of such a name may be anything.
    (tmp_path / "user.json").write_text('{"chosen": "a", "rejected": "b"}\n')
    assert len(read(tmp_path / "user.json")[0]) == 1


def test_feedback_alone_tells_of_nothing(tmp_path):
    """A thumb is of an answer, which is elsewhere."""
    path = tmp_path / "message_feedback.json"
    shutil.copy(EXPORT / path.name, path)
    deeds, tally = read(path, format="chatgpt")
    assert deeds == []
    assert tally.left_out == {"a thumb without its conversation": 4}


@pytest.mark.parametrize(
    "content", [b"[{", b"\xff\xfe\x00", b'[{"rating": 1}, 7]', b""]
)
def test_broken_feedback_costs_no_conversation(tmp_path, content):
    """It lies beside them; what is wrong with it is said, at most."""
    path = write(tmp_path, chat("one", "two", "three"))
    (tmp_path / "message_feedback.json").write_bytes(content)
    deeds, tally = read(path)
    assert [deed.chosen for deed in deeds] == ["one", "three"]
    assert not tally.skipped


FORK = {
    "root": node(None),
    "prompt": node("root", message("user", "Name it.")),
    "one": node("prompt", message("assistant", "One.")),
    "two": node("prompt", message("assistant", "Two.")),
    "on": node("two", message("user", "Go on.")),
}


def pairs_of(folder, mapping, current="on"):
    deeds, _ = read(write(folder, conversation(mapping, current)))
    return [(d.query, d.chosen, d.rejected) for d in of_kind(deeds, "pair")]


def test_a_fork_is_a_choice(tmp_path):
    """The plain case, from which the next test takes one thing away."""
    assert pairs_of(tmp_path, FORK) == [("Name it.", "Two.", "One.")]


THINKS = {"content": {"content_type": "thoughts", "thoughts": []}}
UNSOUND = {
    "nobody went on": ({}, "two"),
    "the other was asked further": ({"x": node("one", message("user", "And?"))}, "on"),
    "the other was broken off": (
        {"one": node("prompt", message("assistant", "One.", status="in_progress"))},
        "on",
    ),
    "the other used a tool": (
        {"x": node("one", message("assistant", "go", recipient="python"))},
        "on",
    ),
    "the other forked again": (
        {
            "x": node("one", message("assistant", "x")),
            "y": node("one", message("assistant", "y")),
        },
        "on",
    ),
    "the other is two": (
        {
            "t": node("prompt", message("assistant", "", **THINKS)),
            "one": node("t", message("assistant", "One.")),
            "uno": node("t", message("assistant", "Uno.")),
        },
        "on",
    ),
    "the same words": ({"one": node("prompt", message("assistant", " Two. "))}, "on"),
    "an edited prompt": (
        {
            "one": node("first", message("assistant", "One.")),
            "first": node("root", message("user", "Name this.")),
        },
        "on",
    ),
    "very long": ({"one": node("prompt", message("assistant", "x" * 20_001))}, "on"),
}


@pytest.mark.parametrize("case", UNSOUND)
def test_no_choice_is_made_up(tmp_path, case):
    """Each condition of the rule, broken alone."""
    changes, current = UNSOUND[case]
    assert pairs_of(tmp_path, {**FORK, **changes}, current) == []


def test_answers_that_were_thought_about_fork_below_the_prompt(tmp_path):
    """Thoughts stand between; both answers are to the same prompt."""
    thoughts = {
        **FORK,
        "t1": node("prompt", message("assistant", "", **THINKS)),
        "t2": node("prompt", message("assistant", "", **THINKS)),
        "one": node("t1", message("assistant", "One.")),
        "two": node("t2", message("assistant", "Two.")),
    }
    assert pairs_of(tmp_path, thoughts) == [("Name it.", "Two.", "One.")]


LEAD = "The user provided the following information about themselves."


@pytest.mark.parametrize(
    ("text", "inner"),
    [
        (f"{LEAD}\nUser profile:\n```I code.\nIn C.```", "I code.\nIn C."),
        (f"{LEAD}\n```\nI use ```x``` often.\n```", "I use ```x``` often."),
        (f"{LEAD} It is not relevant:\nI code.", "I code."),
        (LEAD, ""),
        ("  I code in ```C```. ", "I code in ```C```."),
    ],
)
def test_wrappers_are_taken_off(text, inner):
    """And a text without one stays as it is."""
    assert unwrapped(text) == inner


def test_instructions_are_no_tools_or_models(tmp_path):
    """The fields count in messages of the user's and the system's alone."""
    fields = {"user_profile": "I prefer Perl.", "user_instructions": "Praise Perl."}
    content = {"content_type": "user_editable_context", **fields}
    data = {"user_context_message_data": {"about_model_message": "Praise Perl."}}
    mapping = {"u": node(None, message("user", "Hello."))}
    for role in ("tool", "assistant", "plugin", None):
        said = message("x", "", content=content, metadata=data)
        said["author"]["role"] = role
        mapping[f"n{role}"] = node("u", said)
    other = {**content, "content_type": "text", "parts": ["hm"]}
    mapping["other"] = node("u", message("user", "", content=other))
    deeds, _ = read(write(tmp_path, conversation(mapping, "u")))
    assert [deed.chosen for deed in deeds] == ["Hello."]


def test_two_exports_of_one_account_agree(tmp_path):
    """Read twice, in another order, grown, or in parts: each deed has its one id."""
    whole = json.loads((EXPORT / "conversations.json").read_text())
    (tmp_path / "a").mkdir()
    shutil.copy(EXPORT / "message_feedback.json", tmp_path / "a")
    known = {d.id: d for d in read(EXPORT / "conversations.json")[0]}
    again = read(write(tmp_path / "a", *reversed(whole)))[0]
    assert {deed.id: deed for deed in again} == known
    for name, part in (("000", whole[:2]), ("001", whole[2:])):
        shard = write(tmp_path / "a", *part, name=f"conversations-{name}.json")
        assert {deed.id for deed in read(shard)[0]} <= known.keys()
    whole[0]["update_time"] += 86400
    whole[0]["title"] = "Renamed"
    grown = read(write(tmp_path / "a", *whole, chat("new", "answer")))[0]
    assert [d.chosen for d in grown if d.id not in known] == ["new"]


def test_a_conversation_may_be_longer_than_a_record(tmp_path):
    """32 times; a message of it as long as a record is."""
    long, short = "word " * 20_000, "Short."
    record = chat("Hi.", long, "x" * 200_000, short, "And on.")
    path = write(tmp_path, record, chat("Next."))
    deeds, tally = read(path, max_record=100_000)
    assert [deed.chosen for deed in deeds] == ["Hi.", "And on.", "Next."]
    assert tally.skipped == {"over max_record": 1}
    deeds, tally = read(path, max_record=9_000)
    assert [deed.chosen for deed in deeds] == ["Next."]
    assert "is over max_record 281 KiB" in tally.notes[0]


NAMES = st.sampled_from(["a", "b", "c", "d", "e", "f"])
ODD = st.none() | st.integers() | st.text(max_size=3) | st.lists(NAMES, max_size=2)
SAID = st.builds(
    message,
    st.sampled_from(["user", "assistant", "system", "tool"]),
    st.text(max_size=5),
    create_time=ODD | st.floats(0, 2e9),
    status=ODD,
    weight=ODD,
    recipient=st.just("all") | ODD,
    metadata=ODD | st.just({"is_visually_hidden_from_conversation": True}),
)
NODES = st.builds(node, st.none() | NAMES, ODD | SAID) | ODD


@settings(max_examples=200, derandomize=True, deadline=None)
@given(st.dictionaries(NAMES, NODES, max_size=6), NAMES | ODD, ODD)
def test_no_mapping_breaks_the_reader(tmp_path_factory, mapping, current, name):
    """Circles, orphans, things in the place of others: the neighbour is read."""
    folder = tmp_path_factory.mktemp("odd")
    record = conversation(mapping, current, id=name, conversation_id=name)
    deeds, _ = read(write(folder, record, chat("neighbour")))
    own = [deed.chosen for deed in deeds if "neighbour" not in deed.chosen]
    assert deeds[-1].chosen == "neighbour" or deeds[-1].kind == "stated"
    users = [
        "\n\n".join(part for part in one["message"]["content"]["parts"] if part)
        for one in mapping.values()
        if isinstance(one, dict)
        and isinstance(one["message"], dict)
        and one["message"]["author"]["role"] == "user"
    ]
    said = [d.chosen for d in deeds[:-1] if d.kind == "message"]
    assert all(text in users for text in said), own
    assert len(said) <= len(mapping)


@settings(max_examples=200, derandomize=True)
@given(st.lists(st.tuples(NAMES, st.none() | NAMES), max_size=8), NAMES)
def test_a_branch_is_a_path(links, leaf):
    """Each step once, each after its parent, the last one where the user is."""
    tree = Tree([Step(name, parent, Turn("user", name)) for name, parent in links])
    branch = tree.branch(leaf)
    assert len({step.id for step in branch}) == len(branch)
    for before, after in pairwise(branch):
        assert after.parent == before.id
    assert bool(branch) == bool(links)
    if leaf in tree.steps:
        assert branch[-1].id == leaf
    list(tree.choices(branch))


def test_memory_does_not_grow_with_the_export(tmp_path):
    """Four times as many conversations take 2 MB more at most; none is kept."""
    grown = []
    for times in (6, 24):
        path = tmp_path / f"{times}" / "conversations.json"
        path.parent.mkdir()
        with path.open("w") as file:
            for number in range(times):
                file.write("," if number else "[")
                file.write(json.dumps(chat(*["word " * 400] * 300, name=f"c{number}")))
            file.write("]")
        mebibytes, count, _ = peak(path)
        assert count == str(150 * times)
        grown.append(mebibytes)
    assert path.stat().st_size > 14 << 20
    assert grown[1] <= grown[0] + 2, grown
    assert grown[1] < 16, grown
