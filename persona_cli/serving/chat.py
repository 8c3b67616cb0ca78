"""A chat request with the profile in it; every byte beside its messages as it came."""

import json
from collections.abc import Sequence
from dataclasses import replace
from typing import Any, NamedTuple

from persona_cli.chats import recognise, with_profile
from persona_cli.errors import InputError
from persona_cli.markers import OWN_RUN
from persona_cli.serving.refusal import RefusalError

_BLANK = " \t\n\r"
_JSON = json.JSONDecoder()


class Asked(NamedTuple):
    """A chat request.

    messages: as the client sent them, without the profile; none when it is no chat
              that persona knows, or one of its own
    model:    as the client names it; may be empty
    body:     what goes upstream
    """

    messages: Sequence[dict[str, Any]]
    model: str
    body: bytes


def asked(body: bytes, block: str) -> Asked:
    """Put the profile into a request for a chat completion.

    What is no chat goes on as it is: the server says what is wrong with it. So does
    what persona itself asks a model, or a profile would feed itself.

    body:   as it came
    block:  the profile, from ``inject.block``; empty changes nothing
    Raises: RefusalError when a key stands twice, of which one would be lost
    """
    try:
        text = body.decode("utf-8-sig")
    except UnicodeDecodeError:
        return Asked((), "", body)
    if OWN_RUN in text:
        return Asked((), "", body)
    try:
        found = recognise(text, place="request")
    except InputError as error:
        raise RefusalError.of(400, error) from error
    if found is None or found.lines or found.found[0].form not in _WITH_MESSAGES:
        return Asked((), "", body)
    # Whatever the model is called: this address is for requests of this form.
    chat = replace(found.found[0], form="openai")
    model = chat.value.get("model")
    model = model if isinstance(model, str) else ""
    if block:
        messages = with_profile(chat, block).value["messages"]
        start, end = _place_of(text, "messages")
        body = f"{text[:start]}{json.dumps(messages)}{text[end:]}".encode()
    return Asked(chat.value["messages"], model, body)


# Anthropic's requests look like OpenAI's, and are told apart by the model's name.
_WITH_MESSAGES = ("openai", "anthropic")


def _place_of(text: str, key: str) -> tuple[int, int]:
    """Where the value of a key stands in an object, which is known to have it."""
    at = _after_blank(text, text.index("{") + 1)
    while True:
        name, at = _JSON.raw_decode(text, at)
        start = _after_blank(text, _after_blank(text, at) + 1)
        _, end = _JSON.raw_decode(text, start)
        if name == key:
            return start, end
        at = _after_blank(text, _after_blank(text, end) + 1)


def _after_blank(text: str, at: int) -> int:
    while text[at] in _BLANK:
        at += 1
    return at
