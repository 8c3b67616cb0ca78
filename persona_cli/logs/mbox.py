"""A mailbox in the mbox form: many mails in one file, of which the user's own are kept.

A line ``From `` after a blank one, or at the beginning, begins a mail (RFC 4155); where
such a line stood in a mail it was written ``>From ``, and is read back. The file is
read line by line: in memory is one mail, and of it no more than ``max_record``, so that
a large attachment costs nothing and loses no words before it.

Not read: mailboxes that trust a ``Content-Length`` and escape nothing (mboxcl2). There
a mail's text can begin another mail.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from persona_cli.errors import UsageError
from persona_cli.interaction import Interaction
from persona_cli.logs.fault import Fault
from persona_cli.logs.log import Log
from persona_cli.logs.mail import Mail, mail_of, sender
from persona_cli.logs.source import Source

# "From ada@example.org Thu Jan  1 00:00:00 2026"; the address may be anything.
_BEGINS = re.compile(rb"From \S.{0,300}[0-9]{2}:[0-9]{2}.{0,40}\r?\n")
_ESCAPED = re.compile(rb">+From ")
_FIRST_HEADER = re.compile(rb"[!-9;-~]{1,100}:|[ \t]|>From ")


@dataclass(slots=True)
class _Piece:
    """The mail that is being read.

    number: of its first line
    lines:  what is kept of it, without the line ``From ``
    size:   their bytes
    head:   its headers have not ended
    wanted: it is the user's, as far as is known
    cut:    it is longer than what is kept
    """

    number: int
    lines: list[bytes] = field(default_factory=list)
    size: int = 0
    head: bool = True
    wanted: bool = True
    cut: bool = False


def is_mbox(head: bytes) -> bool:
    """Whether a file's first bytes are a mailbox's."""
    first, newline, rest = head.partition(b"\n")
    return bool(
        newline and _BEGINS.fullmatch(first + newline) and _FIRST_HEADER.match(rest)
    )


def mbox(source: Source, log: Log, *, max_record: int) -> Iterator[Interaction]:
    """The user's own mails, in the order of the file.

    Raises: UsageError when ``log.me`` does not say whose they are
    """
    if not log.me:
        raise UsageError(
            f"{log.name}: a mailbox holds everybody's mails; which address is yours?",
            remedy="Name it: --me you@example.org (may be repeated), or `me:` in your"
            " settings file.",
        )
    for piece in _pieces(source, log, max_record):
        log.meet(piece.number)
        log.usable += 1
        if not piece.wanted:
            log.leave_out("a mail of somebody else's")
            continue
        try:
            mail = mail_of(b"".join(piece.lines))
            if piece.cut:
                log.mend("a long mail, read in part")
            if deed := _deed(mail, log):
                yield deed
        except Fault as fault:
            log.skip(fault)


def _deed(mail: Mail, log: Log) -> Interaction | None:
    for reason in mail.left_out:
        log.leave_out(reason)
    if not mail.text.strip():
        log.leave_out("a mail without words of its sender's")
        return None
    return log.deed(
        "post", mail.text, query=mail.quoted, when=mail.when, given=mail.id or None
    )


def _pieces(source: Source, log: Log, max_record: int) -> Iterator[_Piece]:
    """One mail after the other; of one that is not wanted, nothing is kept."""
    piece: _Piece | None = None
    blank = True
    number = 0
    while line := source.readline(max_record + 1):
        number += 1
        if not line.endswith(b"\n"):
            source.skip_line()
        if blank and line.startswith(b"From ") and _BEGINS.fullmatch(line):
            if piece is not None:
                yield piece
            piece, blank = _Piece(number), False
            continue
        blank = not line.strip()
        if piece is None:
            if blank:
                continue
            piece = _Piece(number)  # whatever stands before the first mail
        if piece.wanted:
            _keep(piece, line, blank, log, max_record)
    if piece is not None:
        if piece.head:
            piece.wanted = _is_mine(piece, log)
        yield piece


def _is_mine(piece: _Piece, log: Log) -> bool:
    head = b"".join(piece.lines)
    looks = head.lower()  # a quick look at all, and a slow one at few
    return any(one.encode() in looks for one in log.me) and sender(head) in log.me


def _keep(piece: _Piece, line: bytes, blank: bool, log: Log, most: int) -> None:
    if piece.head and blank:
        piece.head = False
        piece.wanted = _is_mine(piece, log)
        if not piece.wanted:
            piece.lines.clear()
            return
    piece.cut = piece.cut or piece.size + len(line) > most
    if piece.cut:
        return
    if _ESCAPED.match(line):
        line = line[1:]
    piece.size += len(line)
    piece.lines.append(line)
