"""Gemini Apps in Google Takeout: the prompts of ``MyActivity.json``.

A row is one thing that was done; a prompt's title is ``Prompted`` and what was typed.
In other languages the word before it is another one, which is not known and so stays:
every row that leads to a conversation (``titleUrl`` of gemini.google.com) counts, but
those whose English titles speak of something else that was done. The conversation is
the session.

Replies are not read: they are often missing, stand in HTML, and the rows run from the
newest to the oldest. So a prompt's context is empty. A row has no id; a prompt is known
by its words and its time.

Rows of other products in such a file are left out. Takeout makes HTML unless JSON was
asked for; the HTML is refused (see ``read``).

Source: public descriptions of Takeout; no schema is published
"""

import re
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

from persona_cli.interaction import Interaction
from persona_cli.logs.fault import Fault
from persona_cli.logs.log import Log

_HOSTS = ("gemini.google.com", "bard.google.com")
_PRODUCTS = ("Gemini Apps", "Gemini", "Bard")

_PROMPTED = re.compile(r"(?:Prompted|Asked|Said)(?:\s*:)?\s+")
_OTHER_DEED = re.compile(
    r"(?:Used|Gave feedback|Created|Selected|Shared|Deleted|Viewed|Opened|Listened)\b"
)
_SESSION = re.compile(r"/app/(?:c/)?([0-9A-Za-z_-]{1,100})/?")


class GeminiReader:
    """Reads rows of activity, one after the other."""

    def __init__(self, log: Log) -> None:
        self._log = log

    def read(self, record: Any) -> Iterator[Interaction]:
        """The prompt of one row, if it is one."""
        match record:
            case {"title": str(title)} if record.keys() & {"header", "products"}:
                pass
            case _:
                raise Fault("not a row of activity")
        host, session = _place(record.get("titleUrl"))
        if host not in _HOSTS and not _is_gemini(record):
            self._log.leave_out("activity in another product")
            return
        begins = _PROMPTED.match(title)
        if begins is None and (_OTHER_DEED.match(title) or not session):
            self._log.leave_out("activity that is no prompt")
            return
        text = title[begins.end() :] if begins else title
        if not text.strip():
            self._log.leave_out("message without text")
            return
        yield self._log.deed(
            "message", text.strip(), when=record.get("time"), session=session
        )


def _is_gemini(record: dict[str, Any]) -> bool:
    products = record.get("products")
    names = products if isinstance(products, list) else []
    return any(name in _PRODUCTS for name in (record.get("header"), *names))


def _place(url: Any) -> tuple[str, str]:
    """(host, id of the conversation) of a row's address; empty where there is none."""
    if not isinstance(url, str):
        return "", ""
    try:
        parts = urlsplit(url)
        host = parts.hostname or ""
    except ValueError:
        return "", ""
    found = _SESSION.fullmatch(parts.path)
    return host, found[1] if found and host in _HOSTS else ""
