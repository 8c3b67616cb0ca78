"""Chats as JSON: told from other text, changed in one place, given other forms."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from persona_cli.chats import Chat, recognise, with_profile
from persona_cli.errors import InputError, UsageError
from persona_cli.inject import block, inject_chat
from persona_cli.profile import Claim

BLOCK = block([Claim("c1", "general", "Prefers tea.", 9)], name="ada", version=7)
NEWER = block([Claim("c1", "general", "Prefers coffee.", 9)], name="ada", version=8)

USER = {"role": "user", "content": "Hi"}
MESSAGES = {"messages": [USER]}
GEMINI = {"contents": [{"role": "user", "parts": [{"text": "Hi"}]}]}


def chat(value):
    found = recognise(json.dumps(value))
    assert found is not None, value
    assert not found.lines
    return found.found[0]


def told(value, text=BLOCK):
    return with_profile(chat(value), text).value


@pytest.mark.parametrize(
    ("value", "form"),
    [
        ([USER], "messages"),
        ([{"role": "assistant", "content": None, "tool_calls": []}, USER], "messages"),
        ({"messages": [USER]}, "openai"),
        ({"model": "m", "messages": [{"role": "system", "content": "S"}]}, "openai"),
        ({"system": "S", "messages": [USER]}, "anthropic"),
        ({"system": [{"type": "text", "text": "S"}], "messages": [USER]}, "anthropic"),
        ({"model": "claude-x", "max_tokens": 9, "messages": [USER]}, "anthropic"),
        (GEMINI, "gemini"),
        ({**GEMINI, "systemInstruction": {"parts": [{"text": "S"}]}}, "gemini"),
        ({"contents": [{"parts": [{"text": "Hi"}]}]}, "gemini"),
    ],
    ids=str,
)
def test_a_chat_is_recognised(value, form):
    """Pretty or on one line, with a mark of byte order or blanks around it."""
    assert chat(value).form == form
    for text in (json.dumps(value, indent=4), f"\ufeff\n{json.dumps(value)}  \n"):
        found = recognise(text)
        assert found is not None
        assert (found.lines, found.found[0].form) == (False, form)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "Hi",
        "[",
        "[]",
        "{}",
        '{"a": 1}',
        "[1, 2]",
        '["user"]',
        '[{"role": "admin", "name": "x"}]',
        '[{"role": "admin", "content": "x"}]',
        '[{"role": "user"}]',
        '[{"role": "user", "content": 7}]',
        '{"messages": []}',
        '{"messages": "none"}',
        '{"contents": "none"}',
        '{"contents": [{"role": "user"}]}',
        '[{"role": "user", "content": NaN}]',
        '{"a": 1}\n{"b": 2}\n',
        '[{"role": "user", "content": "Hi"}] What is wrong with this?',
        "[" * 100_000,
        "{oops\n{oops\n",
    ],
    ids=range(21),
)
def test_what_is_no_chat_is_a_prompt(text):
    """Text that merely looks like JSON goes through as text."""
    assert recognise(text) is None


def test_lines_of_chats_are_recognised():
    """Any form a line; blank lines do not count, but are numbered."""
    lines = [
        json.dumps([USER]),
        "",
        json.dumps(GEMINI),
        json.dumps({"messages": [USER]}),
    ]
    found = recognise("\n".join(lines) + "\n")
    assert found is not None
    assert found.lines
    assert [one.form for one in found.found] == ["messages", "gemini", "openai"]
    assert [one.place for one in found.found] == ["stdin:1", "stdin:3", "stdin:4"]


@pytest.mark.parametrize("bad", ["{oops", '{"a": 1}', "Hi", '[{"role": "user"'])
def test_a_bad_line_among_chats_is_named(bad):
    """Also where it is the first."""
    good = json.dumps([USER])
    with pytest.raises(InputError, match=r"^stdin:3: not a chat"):
        recognise(f"{good}\n{good}\n{bad}\n{good}")
    with pytest.raises(InputError, match=r"^stdin:1: not a chat"):
        recognise(f"{bad}\n{good}") if bad[0] in "[{" else recognise("{\n" + good)


def test_a_key_that_stands_twice_is_refused():
    """One of the two would be lost without a word."""
    with pytest.raises(InputError, match="key 'content' stands twice"):
        recognise('[{"role": "user", "content": "a", "content": "b"}]')


def test_the_block_goes_before_the_system_message():
    """The old words stay, whatever the role is called and wherever it stands."""
    for role in ("system", "developer"):
        value = [USER, {"role": role, "content": "Be kind.", "name": "n"}]
        assert told(value) == [
            USER,
            {"role": role, "content": f"{BLOCK}\n\nBe kind.", "name": "n"},
        ]


def test_without_a_system_message_there_is_one_now():
    """First in a list; as its own key before the messages elsewhere."""
    system = {"role": "system", "content": BLOCK}
    assert told([USER]) == [system, USER]
    assert told({"m": 1, "messages": [USER]}) == {"m": 1, "messages": [system, USER]}
    claude = told({"model": "claude-x", "messages": [USER], "top_k": 1})
    assert list(claude) == ["model", "system", "messages", "top_k"]
    assert claude["system"] == BLOCK
    gemini = told({"safety": 1, **GEMINI})
    assert list(gemini) == ["safety", "system_instruction", "contents"]
    assert gemini["system_instruction"] == {"parts": [{"text": BLOCK}]}
    assert "systemInstruction" in told({**GEMINI, "generationConfig": {}})


def test_parts_stay_parts():
    """The block becomes a part of its own, before the others."""
    cached = {"type": "text", "text": "S", "cache_control": {"type": "ephemeral"}}
    image = {"type": "image_url", "image_url": {"url": "data:"}}
    mine = {"type": "text", "text": f"{BLOCK}\n\n"}
    assert told([{"role": "system", "content": [cached, image]}])[0]["content"] == [
        mine, cached, image,
    ]  # fmt: skip
    assert told({"system": [cached], "messages": [USER]})["system"] == [mine, cached]
    gemini = told(
        {**GEMINI, "systemInstruction": {"role": "r", "parts": [{"text": "S"}]}}
    )
    assert gemini["systemInstruction"] == {
        "role": "r",
        "parts": [{"text": f"{BLOCK}\n\n"}, {"text": "S"}],
    }


def test_an_empty_system_message_is_filled():
    """No blank lines after the block where nothing follows."""
    for nothing in ("", None, []):
        (message,) = told([{"role": "system", "content": nothing}])
        content = message["content"]
        assert content in (BLOCK, [{"type": "text", "text": BLOCK}])


def test_an_older_block_is_replaced_where_it_stands():
    """One block in the end, and the words around it untouched."""
    system = {"role": "system", "content": f"Before.\n\n{BLOCK}\n\nAfter. {BLOCK}!"}
    (message,) = told([system], NEWER)
    assert message["content"] == f"Before.\n\n{NEWER}\n\nAfter. !"


def test_a_mark_that_never_ends_is_somebody_elses_text():
    """What is no whole block is left alone, also in great numbers."""
    for text in (
        "<!-- persona:begin ada v1 --> Be kind.",
        "<!-- persona:begin " * 50_000,
    ):
        (message,) = told([{"role": "system", "content": text}])
        assert message["content"] == f"{BLOCK}\n\n{text}"


def test_nothing_to_say_changes_nothing():
    """An empty block leaves even an older one."""
    value = [{"role": "system", "content": BLOCK}, USER]
    assert told(value, "") == value


texts = st.text(max_size=20) | st.just(BLOCK)
extras = st.dictionaries(
    st.text(max_size=5).filter(
        lambda key: key not in ("role", "content", "text", "type", "messages", "system")
    ),
    st.none() | st.integers() | st.text(max_size=5),
    max_size=2,
)
parts = st.builds(
    lambda text, more: {"type": "text", "text": text, **more}, texts, extras
)
contents = texts | st.lists(parts, max_size=3)
message = st.builds(
    lambda role, content, more: {"role": role, "content": content, **more},
    st.sampled_from(["system", "developer", "user", "assistant", "tool"]),
    contents,
    extras,
)
messages = st.lists(message, min_size=1, max_size=4)
values = (
    messages
    | st.builds(lambda m, more: {**more, "messages": m}, messages, extras)
    | st.builds(
        lambda m, more, s: {**more, "messages": m, "system": s},
        messages,
        extras,
        contents,
    )
    | st.builds(
        lambda p, more, s: {
            "contents": [{"role": "user", "parts": p}],
            **more,
            "system_instruction": {"parts": s},
        },
        st.lists(parts),
        extras,
        st.lists(parts),
    )
)


@given(values)
def test_twice_is_once(value):
    """The block is there once, however often it is put in."""
    once = told(value)
    assert told(once) == once
    twice = told(once, NEWER)
    assert told(twice, NEWER) == twice


def leaves(value):
    """Everything in a value that is not a dict or list, with its keys."""
    if isinstance(value, dict):
        return [leaf for key, item in value.items() for leaf in (key, *leaves(item))]
    if isinstance(value, list):
        return [leaf for item in value for leaf in leaves(item)]
    return [value]


@given(values)
def test_nothing_is_lost(value):
    """Every key and every text is still there, in the same order."""
    rest = iter(leaves(told(value)))
    for leaf in leaves(value):
        if isinstance(leaf, str) and BLOCK not in leaf:
            assert any(isinstance(one, str) and one.endswith(leaf) for one in rest), (
                leaf
            )
        elif not isinstance(leaf, str):
            assert any(one == leaf for one in rest), leaf


FULL = [
    {"role": "system", "content": "S"},
    USER,
    {"role": "assistant", "content": "Hello"},
    {"role": "user", "content": [{"type": "text", "text": text} for text in "ab"]},
]


def turned(value, form, text=""):
    written = inject_chat(text, value if isinstance(value, Chat) else chat(value), form)
    return json.loads(written) if form not in ("text", "chatml") else written


def test_a_chat_goes_round_all_json_forms_without_loss():
    """messages, anthropic, gemini and back is where it began."""
    claude = turned(FULL, "anthropic")
    assert claude == {"system": "S", "messages": FULL[1:]}
    gemini = turned(claude, "gemini")
    assert gemini["system_instruction"] == {"parts": [{"text": "S"}]}
    assert [one["role"] for one in gemini["contents"]] == ["user", "model", "user"]
    assert turned(gemini, "messages") == FULL


def test_a_chat_becomes_chatml():
    """With the block, and no assistant's turn opened where the last is theirs."""
    written = turned(FULL[:2], "chatml", BLOCK)
    assert written == (
        f"<|im_start|>system\n{BLOCK}\n\nS<|im_end|>\n"
        "<|im_start|>user\nHi<|im_end|>\n<|im_start|>assistant\n"
    )
    assert turned(FULL[:3], "chatml").endswith("Hello<|im_end|>\n")


def test_one_turn_becomes_text():
    """The block in front of the user's words."""
    assert turned([USER], "text", BLOCK) == f"{BLOCK}\n\nHi\n"


def test_the_form_it_has_already_keeps_everything():
    """A request to OpenAI is in the form messages, with all its keys."""
    value = {"model": "m", "tools": [{}], "messages": [USER]}
    assert turned(value, "messages") == value


@pytest.mark.parametrize(
    ("value", "form", "fault"),
    [
        ({"model": "m", "messages": [USER]}, "gemini", "the key 'model'"),
        ([{"role": "tool", "content": "x"}], "anthropic", "role 'tool'"),
        ([{**USER, "name": "n"}], "anthropic", "the key 'name'"),
        (
            [{"role": "assistant", "content": None, "tool_calls": []}],
            "gemini",
            "the key 'tool_calls'",
        ),
        ([{"role": "user", "content": [{"type": "image"}]}], "gemini", "no text"),
        ([{"role": "user", "content": []}], "gemini", "without text"),
        (
            {
                "system": [{"type": "text", "text": "S", "cache_control": {}}],
                **MESSAGES,
            },
            "gemini",
            "the key 'cache_control'",
        ),
        ([USER, FULL[0]], "anthropic", "within the chat"),
        (FULL[1:], "text", "more than one turn"),
        (FULL[:2], "text", "more than one turn"),
        (FULL[3:], "chatml", "several parts"),
        ({**GEMINI, "generationConfig": {}}, "messages", "generationConfig"),
    ],
    ids=str,
)
def test_what_another_form_cannot_hold_is_refused(value, form, fault):
    """Better no output than one with something missing."""
    with pytest.raises(UsageError, match=fault):
        turned(value, form)


def test_half_a_character_survives():
    """JSON may hold a lone surrogate, and UTF-8 may not: it stays an escape."""
    found = recognise('[{"role": "user", "content": "a\\ud800b"}]')
    assert found is not None
    written = inject_chat("", found.found[0], None)
    assert '"a\\ud800b"' in written
    written.encode()
