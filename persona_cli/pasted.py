"""What of a message its sender typed: without what they quoted, pasted or were sent.

Pasted text says what other people and programs want. No list of forms is complete,
so each cut goes rather too far than not far enough: a lost sentence costs a little
evidence, and a planted one costs the profile.
"""

import re
from collections.abc import Iterator

# Characters a person types in one message; what is longer was pasted, for the most.
LONGEST_MESSAGE = 4000
LONGEST_PARAGRAPH = 1500
_ENDS = 1000

# Names with a dash or underscore are tools' own: <system-reminder>, <command-name>.
# Elements with attributes are pages': <div style="display:none">.
_TAG = re.compile(
    r"<(?P<name>[A-Za-z][A-Za-z0-9]{0,40}(?:[-_:][A-Za-z0-9]{1,40}){0,6})"
    r"(?P<rest>\s[^<>]{0,500})?>|<!--"
)

# Tag characters, zero-width and bidirectional controls: nobody types them.
_UNSEEN = re.compile(
    "[\ufffc\U000e0000-\U000e007f\u200b\u2060-\u2064\u202a-\u202e\u2066-\u2069\ufeff]"
)

# Stands where something was cut, so that a line which led it in does not seem to lead
# in what follows it.
_CUT = "\ufffc"

_FENCE = re.compile(r"`{3,}|^[ \t]*~{3,}|\"{3,}|'{3,}", re.MULTILINE)

_QUOTE = re.compile(r"\s*(?:>|\||On .{1,200} wrote:$)")
_INDENTED = re.compile(r"(?: {4}|\t| {1,3}\t)\s*\S")
_ITEM = re.compile(r"\s*(?:[-*+•]|[0-9]{1,3}[.)])\s")

# From here on it is someone else's mail.
_FORWARDED = re.compile(
    r"-{3,}\s*(?:original message|forwarded message|begin forwarded)"
    r"|begin forwarded message:",
    re.IGNORECASE,
)

_MAIL_HEAD = re.compile(r"(?:from|to|cc|subject|sent|date|reply-to):\s", re.IGNORECASE)
_TRANSCRIPT = re.compile(
    r"\s*(?:\*\*)?(?:user|assistant|system|human|ai|bot|claude|chatgpt|gpt)"
    r"(?:\*\*)?\s*:",
    re.IGNORECASE,
)
_MACHINE = re.compile(
    r"""\s*(?:
        File\ ".{1,300}",\ line\ [0-9]
      | at\ \S{1,200}\(.{0,200}\)\s*$
      | \[?[0-9]{4}-[0-9]{2}-[0-9]{2}[T ][0-9]{2}:[0-9]{2}
      | \[?[0-9]{2}:[0-9]{2}:[0-9]{2}
      | \x1b\[
      | (?:[\w.]{1,100}:)?\s{0,9}
        \[?(?:DEBUG|INFO|WARN|WARNING|ERROR|FATAL|CRITICAL|TRACE)\b\]?[ :|]
      | (?:[a-z_]\w{0,60}\.){0,8}
        [A-Z]\w{0,60}(?:Error|Exception|Warning|Interrupt)\b(?::\ |$)
      | (?:npm|pnpm|yarn|cargo|gcc|warning|error|fatal|panic)(?:\[\w{1,20}\]|\ ERR!)?:\s
      | npm\ ERR!
      | index\ [0-9a-f]{7}
      | [\w./\\-]{1,200}:[0-9]{1,7}(?::[0-9]{1,7})?:\s
      | \^{2,}|~{2,}\^
    )""",
    re.VERBOSE,
)
_PROMPT = re.compile(
    r"\s*(?:Traceback \(most recent|[$%]|PS [A-Z]:\\.{0,100}>"
    r"|\S{1,40}@\S{1,60}[:~]\S{0,100}[$#])\s*\S"
)

_SESSION = re.compile(r"\s*(?:\$\s|PS [A-Z]:\\.{0,100}>)\s*\S")

# From here on a paragraph is of a program: a patch, whose lines begin as lists do.
_PATCH = re.compile(r"diff --git |@@ -|\+\+\+ |--- [ab]/")

# A line that hands over what someone else wrote.
_LEADS = re.compile(
    r"(?:\b(?:translat|summari[sz]|proofread|paraphras|rephras|transcrib)\w{0,6}\b"
    r".{0,200}|\b(?:says?|said|reads?|wrote|writes|states?"
    r"|this (?:mail|message|text|log|error|output|page))(?:\s\w{1,20}){0,3}\s?):\s*$",
    re.IGNORECASE,
)
_OPENS = {'"': '"', "“": "”", "„": "“”", "«": "»", "‘": "’"}


def typed(text: str, *, whole: bool = False) -> str:
    """What is left of a text when everything that was not typed is taken out.

    whole: keep it however long it is; it is no chat message
    Shape: paragraphs as they were, blank lines at most one in a row
    """
    text = _UNSEEN.sub("", text.replace("\r\n", "\n").replace("\r", "\n"))
    text = _without_fences(_without_tags(text))
    kept = [p for block in _blocks(text) if (p := _typed_lines(block))]
    kept = [p for p in kept if p != _CUT and not _is_quotation(p)]
    if whole:
        return "\n\n".join(kept)
    return _plausible([p for p in kept if len(p) <= LONGEST_PARAGRAPH])


def _without_tags(text: str) -> str:
    """Without tools' and pages' elements; one that never ends takes the rest."""
    kept: list[str] = []
    at = 0
    while (tag := _TAG.search(text, at)) is not None:
        kept.append(text[at : tag.start()])
        name = tag["name"]
        if name is None:
            end = text.find("-->", tag.end()) + 3
        elif not (re.search("[-_:]", name) or tag["rest"]):
            kept.append(tag[0])  # <div> in a sentence, or List<int>
            at = tag.end()
            continue
        elif (tag["rest"] or "").endswith("/"):
            end = tag.end()
        else:
            close = f"</{name}>"
            end = text.find(close, tag.end()) + len(close)
        kept.append(f"\n\n{_CUT}\n\n")
        at = end if end >= tag.end() else len(text)
    kept.append(text[at:])
    return "".join(kept)


def _without_fences(text: str) -> str:
    """Without what stands between fences; one that never closes takes the rest."""
    kept: list[str] = []
    at = 0
    opened = ""
    for fence in _FENCE.finditer(text):
        mark = fence[0].strip()
        if not opened:
            kept.append(text[at : fence.start()])
            opened = mark
        elif (
            mark.startswith(opened)
            and not text[fence.end() : fence.end() + 1].isalnum()
        ):
            opened = ""
            at = fence.end()
            kept.append(f"\n\n{_CUT}\n\n")
    if not opened:
        kept.append(text[at:])
    return "".join(kept)


def _blocks(text: str) -> Iterator[list[str]]:
    """Paragraphs as lines, up to where something begins whose end nobody can tell.

    A mail, a transcript and a shell session take the rest of the text along, and so
    does what a line leads in, unless that is quoted: then it ends where the quote does.
    """
    block: list[str] = []
    handed_over = False
    for line in [*text.split("\n"), ""]:
        if any(form.match(line) for form in (_FORWARDED, _TRANSCRIPT, _SESSION)):
            break
        if line.strip():
            block.append(line.rstrip())
            continue
        if not block:
            continue
        if handed_over and not _is_quoted(block):
            return
        if sum(bool(_MAIL_HEAD.match(line)) for line in block) > 1:
            return
        if not handed_over:
            yield block
        if any(_leads(line) for line in block[:-1]):
            return
        handed_over = _leads(block[-1])
        block = []
    if block and not handed_over:
        yield block


def _is_quoted(block: list[str]) -> bool:
    """Whether a paragraph shows itself where it ends: a quote, or what was cut."""
    text = "\n".join(block)
    return text == _CUT or _is_quotation(text) or all(map(_QUOTE.match, block))


def _typed_lines(block: list[str]) -> str:
    """A paragraph without quoted and machine lines.

    A command line, a patch or a traceback ends it, and so does a line that
    hands over; that line goes too, or it would seem to hand over what came later.
    """
    kept: list[str] = []
    if _INDENTED.match(block[0]) and not _ITEM.match(block[0]):
        return ""
    for line in block:
        if _PROMPT.match(line) or _PATCH.match(line):
            break
        if _QUOTE.match(line) or _MACHINE.match(line):
            continue
        if _INDENTED.match(line) and not kept:
            continue
        if _leads(line):
            break
        kept.append(line)
    return "\n".join(kept).strip("\n")


def _leads(line: str) -> bool:
    """Whether what follows a line is someone else's."""
    return line.endswith(":") and _LEADS.search(line[-300:]) is not None


def _is_quotation(paragraph: str) -> bool:
    """Whether a paragraph stands between quotation marks, whole."""
    bare = paragraph.strip().rstrip(".,;")
    closing = _OPENS.get(bare[:1])
    return closing is not None and len(bare) > 1 and bare[-1] in closing


def _plausible(paragraphs: list[str]) -> str:
    """The beginning and the end of a message too long to have been typed."""
    text = "\n\n".join(paragraphs)
    if len(text) <= LONGEST_MESSAGE:
        return text
    return "\n\n".join(
        [*_within(paragraphs, _ENDS), *reversed(_within(paragraphs[::-1], _ENDS))]
    )


def _within(paragraphs: list[str], room: int) -> list[str]:
    """The first paragraphs that fit into ``room`` characters."""
    kept: list[str] = []
    for paragraph in paragraphs:
        room -= len(paragraph)
        if room < 0:
            break
        kept.append(paragraph)
    return kept
