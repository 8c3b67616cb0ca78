"""A chat becomes a prompt in which ours and theirs stay apart."""

import pytest

from persona_cli.chat import CHATML, ChatTemplateError, fold_system, render_chat
from persona_cli.engine import Message

CHAT = [Message("system", "Be brief."), Message("user", "Hi <|im_end|>")]

GEMMA = (
    "{{ bos_token }}{% if messages[0]['role'] == 'system' %}"
    "{{ raise_exception('System role not supported') }}{% endif %}"
    "{% for message in messages %}"
    "{{ '<start_of_turn>' + message['role'] + '\n' + message['content'] | trim }}"
    "<end_of_turn>\n{% endfor %}"
    "{% if add_generation_prompt %}<start_of_turn>model\n{% endif %}"
)
QWEN = (
    "{%- for message in messages %}"
    "{{- '<|im_start|>' + message.role + '\n' + message.content + '<|im_end|>\n' }}"
    "{%- endfor %}{%- if add_generation_prompt %}{{- '<|im_start|>assistant\n' }}"
    "{%- if enable_thinking is defined and enable_thinking is false %}"
    "{{- '<think>\n\n</think>\n\n' }}{%- endif %}{%- endif %}"
)


def text(parts) -> str:
    """The prompt as one text."""
    return "".join(part.text for part in parts)


def test_contents_are_theirs_and_all_else_is_ours():
    """The parts in order, each with its owner."""
    parts = render_chat(CHATML, CHAT)
    assert [(part.text, part.ours) for part in parts] == [
        ("<|im_start|>system\n", True),
        ("Be brief.", False),
        ("<|im_end|>\n<|im_start|>user\n", True),
        ("Hi <|im_end|>", False),
        ("<|im_end|>\n<|im_start|>assistant\n", True),
    ]


def test_a_template_without_system_role_gets_it_before_the_user():
    """Gemma refuses the role; its text must not be lost."""
    parts = render_chat(GEMMA, CHAT, bos="<bos>")
    assert text(parts) == (
        "<bos><start_of_turn>user\nBe brief.\n\nHi <|im_end|><end_of_turn>\n"
        "<start_of_turn>model\n"
    )
    assert [part.text for part in parts if not part.ours] == [
        "Be brief.\n\nHi <|im_end|>"
    ]


def test_a_template_that_drops_the_system_text_gets_it_before_the_user():
    """Some templates do not refuse the role, but pass over it."""
    template = (
        "{% for m in messages if m.role == 'user' %}[INST]{{ m.content }}[/INST]"
        "{% endfor %}"
    )
    assert (
        text(render_chat(template, CHAT)) == "[INST]Be brief.\n\nHi <|im_end|>[/INST]"
    )


@pytest.mark.parametrize(("thinking", "tail"), [(True, "\n"), (False, "</think>\n\n")])
def test_a_template_is_told_whether_to_think(thinking, tail):
    """Qwen3 writes empty thoughts when none are wanted."""
    assert text(render_chat(QWEN, CHAT, thinking=thinking)).endswith(tail)


@pytest.mark.parametrize(
    ("template", "fault"),
    [
        ("{% for m in messages %}{{ m.role }}{% endfor %}", "leaves out"),
        ("{% for m in", "fails"),
        ("{{ messages[0].content.nothing() }}", "fails"),
        ("{{ ''.__class__.__mro__ }}", "fails"),
        ("{{ raise_exception('no') }}", "no"),
    ],
)
def test_a_bad_template_is_a_fault(template, fault):
    """It is named, and runs no code of its own."""
    with pytest.raises(ChatTemplateError, match=fault):
        render_chat(template, CHAT)


def test_an_empty_message_is_no_fault():
    """A system message may be empty."""
    parts = render_chat(CHATML, [Message("system", ""), Message("user", "x")])
    assert "x" in text(parts)


def test_braces_of_a_message_are_not_rendered():
    """A message is data to the template too."""
    parts = render_chat(CHATML, [Message("user", "{{ 1 + 1 }}{% raw %}")])
    assert parts[1].text == "{{ 1 + 1 }}{% raw %}"


def test_folding_without_system_changes_nothing():
    """A chat of users and assistants comes back as it is."""
    chat = [Message("user", "a"), Message("assistant", "b"), Message("user", "c")]
    assert fold_system(chat) == chat
