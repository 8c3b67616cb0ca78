"""One mail: what its sender wrote in it, and what they answered.

Kept are the plain parts without what was quoted (``>``), the line that leads a quote
in, the signature (after ``-- ``) and whatever was forwarded. Attachments, mails within
the mail, and parts that are HTML alone are left out, and counted.

A mail that came in from outside is left out too, whoever it says it is from: a sender's
address is whatever its sender wrote. What someone sent themselves was handed in under
their password (``with ESMTPSA``, RFC 3848), or never travelled at all.
"""

import codecs
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC
from typing import TYPE_CHECKING

from persona_cli.interaction import fingerprint
from persona_cli.logs.fault import Fault
from persona_cli.logs.strict import check_text

if TYPE_CHECKING:  # email is a fiftieth of a second that other logs do without
    from email.message import Message

FROM_OUTSIDE = "a mail that came from outside: anyone can put your address on one"
HTML_ALONE = "a part of a mail that is HTML alone"
ATTACHED = "an attachment"

# Headers and parts of one mail; a real one has a tenth of either.
_MOST_HEADERS = 1000
_DEEPEST = 20

# Text encodings that no mail is in, and that make of text what it is not.
_NO_CHARSETS = frozenset(("idna", "punycode", "unicode-escape", "raw-unicode-escape"))

_FROM = re.compile(rb"^from:(.*(?:\n[ \t].*)*)", re.IGNORECASE | re.MULTILINE)
_TRAVELLED = re.compile(r"\s*from\s", re.IGNORECASE)
_HANDED_IN = re.compile(
    r"\swith\s+(?:e?smtps?a|lmtps?a|utf8smtps?a|https?|mapi)\b", re.IGNORECASE
)

_QUOTE = re.compile(r"\s{0,3}>")
_LEADS_IN = re.compile(r".{0,400}:\s*\Z", re.DOTALL)
_SIGNATURE = re.compile(r"--\s?")
_FORWARDED = re.compile(
    r"\s*(?:-{2,}\s*(?:original message|forwarded message|urspr\w+ nachricht"
    r"|weitergeleitete nachricht|message (?:d'origine|transf\w+))|begin forwarded"
    r"|_{20,}\s*\Z)",
    re.IGNORECASE,
)
_HEAD_LINE = re.compile(
    r"\*?(?:from|von|de|sent|gesendet|envoy\w+|to|an|cc|subject|betreff|objet|date|datum)"
    r"\s?:\*?\s",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Mail:
    """What a mail tells.

    text:     its sender's own words; may be empty
    quoted:   what they answered; context only
    when:     as its ``Date`` says, in ISO 8601; empty when that is not understood
    id:       a fingerprint of its ``Message-ID``, which often holds an address
    left_out: reasons, once each part
    """

    text: str = ""
    quoted: str = ""
    when: str = ""
    id: str = ""
    left_out: tuple[str, ...] = ()


def sender(headers: bytes) -> str:
    """The one address that a mail is from, in lower case; empty when not one."""
    from email.utils import getaddresses

    found = _FROM.findall(headers[: 1 << 16])
    if len(found) != 1:
        return ""
    people = getaddresses([found[0].decode("utf-8", "replace")])
    return address(people[0][1]) if len(people) == 1 else ""


def address(text: str) -> str:
    """An address as it is compared: bare, and in lower case."""
    from email.utils import getaddresses

    found = getaddresses([text])
    bare = found[0][1] if found else ""
    return bare.strip().casefold() if "@" in bare else ""


def mail_of(content: bytes) -> Mail:
    """A mail, read.

    content: its headers and body; may end early
    Raises:  Fault when it cannot be taken apart
    """
    import email
    from email.errors import MessageError

    try:
        message = email.message_from_bytes(content)
        if len(message) > _MOST_HEADERS:
            raise Fault("a mail with too many headers")
        if _is_from_outside(message):
            return Mail(left_out=(FROM_OUTSIDE,))
        left_out: list[str] = []
        texts = list(_plain(message, left_out, 0))
    except RecursionError as error:
        raise Fault("nested too deeply") from error
    except (MessageError, ValueError, LookupError, AttributeError, TypeError) as error:
        if isinstance(error, Fault):
            raise
        # The standard library has many ways to give up on a mail that is none.
        raise Fault("not a mail") from error
    text, quoted = _own_words("\n\n".join(texts))
    check_text(text)
    check_text(quoted)
    name = str(message.get("Message-ID", "")).strip()
    return Mail(
        text, quoted, _when(message), fingerprint(name) if name else "", tuple(left_out)
    )


def _is_from_outside(message: "Message") -> bool:
    """Whether it was delivered, and not handed in by whoever owns the mailbox."""
    hops = [str(hop) for hop in message.get_all("Received", [])]
    return any(_TRAVELLED.match(h) and not _HANDED_IN.search(h) for h in hops)


def _when(message: "Message") -> str:
    from email.utils import parsedate_to_datetime

    try:
        when = parsedate_to_datetime(str(message.get("Date", "")))
    except (ValueError, TypeError, OverflowError, IndexError):
        return ""
    return (when if when.tzinfo else when.replace(tzinfo=UTC)).isoformat()


def _plain(part: "Message", left_out: list[str], depth: int) -> Iterator[str]:
    """The plain texts of a mail or of a part of it."""
    if depth > _DEEPEST:
        raise Fault("nested too deeply")
    kind = part.get_content_type()
    disposition = str(part.get("Content-Disposition", "")).strip().lower()
    if disposition.startswith("attachment") or part.get_filename() is not None:
        left_out.append(ATTACHED)
    elif kind.startswith("message/"):
        left_out.append("a mail within a mail")
    elif part.is_multipart():
        parts = _parts(part)
        kinds = {inner.get_content_type() for inner in parts}
        if kind == "multipart/alternative" and "text/plain" in kinds:
            # The others say the same once more.
            parts = [one for one in parts if one.get_content_type() == "text/plain"]
        for inner in parts:
            yield from _plain(inner, left_out, depth + 1)
    elif kind == "text/plain":
        yield _decoded(part)
    elif kind == "text/html":
        left_out.append(HTML_ALONE)
    else:
        left_out.append(ATTACHED)


def _parts(part: "Message") -> "list[Message]":
    payload = part.get_payload()
    return [p for p in payload if not isinstance(p, str)] if payload else []


def _decoded(part: "Message") -> str:
    payload = part.get_payload(decode=True)
    content = payload if isinstance(payload, bytes) else b""
    text = content.decode(_charset(part), "replace").replace("\r\n", "\n")
    if str(part.get_param("format", "")).lower() == "flowed":
        text = re.sub(r"(?m)(?<=\S) \n(?![>\s]|-- ?$)", " ", text)  # RFC 3676
    return text


def _charset(part: "Message") -> str:
    try:
        found = codecs.lookup(part.get_content_charset("utf-8")).name
    except (LookupError, ValueError):
        return "utf-8"
    return "utf-8" if found.replace("_", "-") in _NO_CHARSETS else found


def _own_words(text: str) -> tuple[str, str]:
    """(what the sender wrote, what they quoted)."""
    own: list[str] = []
    quoted: list[str] = []
    quoting = False
    lines = text.split("\n")
    for place, line in enumerate(lines):
        if _SIGNATURE.fullmatch(line) or _FORWARDED.match(line):
            break
        after = lines[place + 1 : place + 3]
        if _HEAD_LINE.match(line) and any(map(_HEAD_LINE.match, after)):
            break  # an answer above the mail it answers, unmarked
        begins = not quoting
        quoting = _QUOTE.match(line) is not None
        if quoting:
            if begins:
                _drop_lead(own)
                own.append("")
            quoted.append(line.strip().removeprefix(">").strip())
        else:
            own.append(line.rstrip())
    words = re.sub(r"\n{3,}", "\n\n", "\n".join(own)).strip()
    said = [line for line in quoted if not line.startswith(">")]
    return words, "\n".join(said).strip()


def _drop_lead(own: list[str]) -> None:
    """Take off the line before a quote that says whose it is, in any language."""
    while own and not own[-1]:
        own.pop()
    start = len(own)
    while start and own[start - 1] and len(own) - start < 3:
        start -= 1
    lead = "\n".join(own[start:])
    if _LEADS_IN.fullmatch(lead) and re.search(r"[0-9]|@|<", lead):
        del own[start:]
