"""Text made inert: what stands in a claim cannot end the block it is put in.

A claim may come from a log that somebody else had a hand in. In a prompt it is read
by a model, in a terminal by a person; so whatever would act on one, or hide from the
other, is written out with backslashes, where both can see it. Ordinary text of any
language comes through byte for byte.
"""

import re
import unicodedata

LONGEST = 1000

# Tokens that chat templates are made of, in the vocabularies seen so far. Only whole
# ones: a lone ``|>`` is F#, and ``<div>`` is a word of web developers.
_NAMED = (
    "s|bos|eos|pad|unk|mask|cls|sep|sop|eop|think|thinking|thought|system|user"
    "|assistant|human|model|profile|persona|instructions?|reponame|filename|tool"
    r"|BOS|EOS|PAD|UNK|CLS|SEP|MASK|\w{1,30}_\w{1,30}"
)
_BRACKETED = (
    "INST|SYS|SYSTEM_PROMPT|TOOL_CALLS|TOOL_RESULTS|AVAILABLE_TOOLS|TOOL_CONTENT|ARGS"
    "|CALL_ID|IMG|IMG_BREAK|IMG_END|PREFIX|SUFFIX|MIDDLE|THINK|gMASK|sMASK|MASK|CLS|SEP"
    "|PAD|UNK|BOS|EOS"
)
_CONTROL = re.compile(
    r"<(?=[|｜][^\s<>]{1,64}[|｜]>)"
    rf"|</?(?=(?:{_NAMED})>)"
    rf"|\[/?(?=(?:{_BRACKETED})\])"
    r"|<</?(?=SYS>>)"
)
_COMMENT = re.compile(r"<(?=!--)|--(?=!?>)")
_FENCE = re.compile(r"`{3,}|~{3,}")

# Joiners and selectors show nothing themselves. They belong to the text between
# letters of scripts that need them, and within emoji.
_NON_JOINER, _JOINER, _TEXT_STYLE, _EMOJI_STYLE = "\u200c", "\u200d", "\ufe0e", "\ufe0f"
_JOINED_SCRIPTS = (
    ("\u0600", "\u08ff"),
    ("\u0900", "\u109f"),
    ("\u1780", "\u18af"),
    ("\ufb50", "\ufdff"),
)
_FLAGS = tuple(
    "\U0001f3f4" + "".join(chr(0xE0000 + ord(c)) for c in code) + "\U000e007f"
    for code in ("gbeng", "gbsct", "gbwls")
)
# Invisible, and yet no format characters to Unicode.
_BLANKS = frozenset("\u034f\u115f\u1160\u17b4\u17b5\u2800\u3164\uffa0")
_IGNORABLE = re.compile("[\u180b-\u180f\ufe00-\ufe0f\U000e0000-\U000e0fff]")
_SUSPECT = re.compile(r"[^\x20-\x7e\w]")


def inert(text: str) -> str:
    """A claim as it may stand in a prompt: on one line, all of it visible.

    Escaped with backslashes: control tokens of chat templates, HTML comments (and so
    persona's own marks), fences, line breaks, control, direction, zero-width and tag
    characters, private use. Escaping what is escaped changes nothing.

    Shape: one line, at most 1,000 characters; cut with an ellipsis
    """
    # Before the work: escaping only lengthens, and an entry may be of a megabyte.
    shown = _visible(text[: LONGEST + 1])
    shown = _COMMENT.sub(lambda found: found[0] + "\\", break_controls(shown))
    shown = _FENCE.sub(lambda found: "".join("\\" + c for c in found[0]), shown)
    if len(shown) <= LONGEST:
        return shown
    return _whole(shown[: LONGEST - 1]) + "…"


def all_visible(text: str) -> bool:
    """Whether nothing in a text hides, or changes how the rest is shown."""
    return _visible(text) == text


def break_controls(text: str) -> str:
    """The same text, a backslash in each control token of a chat template."""
    return _CONTROL.sub(lambda found: found[0] + "\\", text)


def _visible(text: str) -> str:
    if not _SUSPECT.search(text) and not any(c in text for c in _BLANKS):
        return text
    return "".join(_parts(text))


def _parts(text: str) -> list[str]:
    parts: list[str] = []
    place = 0
    while place < len(text):
        flag = next((f for f in _FLAGS if text.startswith(f, place)), "")
        if flag:
            parts.append(flag)
            place += len(flag)
            continue
        char = text[place]
        hidden = _hides(char) and not _belongs(text, place)
        parts.append(_escape(char) if hidden else char)
        place += 1
    return parts


def _hides(char: str) -> bool:
    """Whether a character may show nothing, or change how others are shown."""
    return (
        unicodedata.category(char) in ("Cc", "Cf", "Co", "Cs", "Zl", "Zp")
        or char in _BLANKS
        or bool(_IGNORABLE.match(char))
        or (ord(char) & 0xFFFE) == 0xFFFE  # no character at all, and never will be
        or "\ufdd0" <= char <= "\ufdef"
    )


def _belongs(text: str, place: int) -> bool:
    """Whether an invisible character is part of how the one before it is written."""
    char, before = text[place], text[place - 1] if place else ""
    after = text[place + 1] if place + 1 < len(text) else ""
    if not before:
        return False
    if char == _JOINER and _is_emoji(after):
        return _is_emoji(before) or before == _EMOJI_STYLE
    if char in (_JOINER, _NON_JOINER):
        return _joins(before) and _joins(after)
    if char in (_TEXT_STYLE, _EMOJI_STYLE):
        return _is_emoji(before) or before in "#*0123456789"
    if "\U000e0100" <= char <= "\U000e01ef":  # which form of a Chinese character
        return "\u3400" <= before <= "\u9fff" or "\U00020000" <= before <= "\U0003ffff"
    return False


def _is_emoji(char: str) -> bool:
    # Skin tones are Sk, the rest mostly So; ASCII has marks of these kinds, no emoji.
    symbol = char != "" and unicodedata.category(char) in ("So", "Sk", "Sm", "Po", "Pd")
    return symbol and not char.isascii()


def _joins(char: str) -> bool:
    return char != "" and any(first <= char <= last for first, last in _JOINED_SCRIPTS)


def _escape(char: str) -> str:
    short = {"\n": r"\n", "\r": r"\r", "\t": r"\t"}.get(char)
    code = ord(char)
    return short or (f"\\x{code:02x}" if code < 0x100 else f"\\u{{{code:x}}}")


def _whole(text: str) -> str:
    """Without the half of a character that a cut may leave at the end."""
    while text and _hides(text[-1]):
        text = text[:-1]
    return text
