"""A zip as a vendor hands it out, read member by member and never unpacked to disk.

Nothing that the archive says of itself is believed. Names are looked at and shown, and
are no paths; sizes are counted while reading. What is in memory is one buffer, and the
list of members, which has a limit of its own.

Only stored and deflated members are read, which is what vendors make: of the other
methods Python takes a whole block at once, however far it expands.
"""

import io
import struct
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import PurePosixPath
from typing import Any, BinaryIO, cast

from persona_cli.errors import InputError
from persona_cli.logs.export import Beside
from persona_cli.logs.failures import printable

MAGIC = (b"PK\x03\x04", b"PK\x05\x06")

# Bytes of the list of members: some 60,000 as exports name them.
_LONGEST_LIST = 8 << 20

# JSON packs to a tenth; deflate can go to a thousandth, of zeros.
_MOST_TIMES = 200
_ANYWAY = 64 << 20

_ENCRYPTED = 0x1
_METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
_LONGEST_NAME = 200

_BROKEN = (
    zipfile.BadZipFile,
    zlib.error,
    struct.error,
    EOFError,
    NotImplementedError,
    OSError,
    OverflowError,
    RuntimeError,
    ValueError,
)


class BombError(InputError):
    """An archive that expands beyond belief: nothing more of it is read."""


def is_zip(head: bytes) -> bool:
    """Whether a file's first bytes are a zip's."""
    return head.startswith(MAGIC)


class Zip:
    """An open archive.

    name: as the user knows it, to be shown
    size: of the file, in bytes
    """

    def __init__(self, archive: zipfile.ZipFile, *, name: str, size: int) -> None:
        self._archive = archive
        self._room = max(size * _MOST_TIMES, _ANYWAY)
        found = [Member(info) for info in archive.infolist()]
        found = [member for member in found if not member.folder]
        self._members = sorted(found, key=lambda member: member.path)
        self._by_path = {member.path: member for member in found}
        self.name = name

    def members(self) -> Iterator["Member"]:
        """Its files, by name."""
        yield from self._members

    def open(self, member: "Member") -> BinaryIO:
        """A member's bytes, as a stream.

        Raises: InputError, also while reading, when it is damaged or encrypted;
                BombError when there is no end to it
        """
        shown = f"{self.name}/{member.shown}"
        if member.info.flag_bits & _ENCRYPTED:
            raise InputError(
                f"{shown}: encrypted",
                remedy="Unpack it with its password, and give the folder.",
            )
        if member.info.compress_type not in _METHODS:
            raise InputError(
                f"{shown}: packed in a way that is not read",
                remedy="Unpack the archive, and give the folder.",
            )
        try:
            opened = cast("zipfile.ZipExtFile", self._archive.open(member.info))
        except _BROKEN as error:
            raise _damaged(shown) from error
        return io.BufferedReader(_Stream(opened, shown, self), 1 << 18)

    def beside(self, member: "Member") -> Beside:
        """What opens the files that lie in the folder of ``member``."""
        folder = PurePosixPath(member.path).parent

        def opened(name: str) -> BinaryIO | None:
            found = self._by_path.get(str(folder / name))
            return None if found is None else self.open(found)

        return opened

    def spend(self, size: int) -> None:
        """Count bytes that came out of it."""
        self._room -= size
        if self._room < 0:
            raise BombError(
                f"{self.name}: expands to more than {_MOST_TIMES} times its size",
                remedy="No export does. If it is yours, unpack it and give the folder.",
            )


class Member:
    """One file of an archive; nothing but its name is known.

    path:   as the archive has it
    name:   the last part
    shown:  the path, safe to print
    """

    def __init__(self, info: zipfile.ZipInfo) -> None:
        self.info = info
        self.path = info.filename
        self.name = self.path.rpartition("/")[2]
        self.shown = printable(self.path[-_LONGEST_NAME:].strip("/"))
        self.folder = self.path.endswith("/")


@contextmanager
def opened_zip(file: BinaryIO, *, name: str, size: int) -> Iterator[Zip]:
    """An archive, ready to be read.

    Raises: InputError when it is damaged
    """
    try:
        archive = zipfile.ZipFile(_Bounded(file))
    except _BROKEN as error:
        raise _damaged(name) from error
    with archive:
        yield Zip(archive, name=name, size=size)


class _Bounded:
    """A file of which nobody takes much at once; the list of members is so read."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self.seek, self.tell, self.seekable = file.seek, file.tell, file.seekable

    def read(self, size: int = -1) -> bytes:
        if size > _LONGEST_LIST:
            raise zipfile.BadZipFile("its list of members is too long")
        return self._file.read(size)


class _Stream(io.RawIOBase):
    """A member's bytes, with the failures of unpacking under names of ours."""

    def __init__(self, opened: "zipfile.ZipExtFile", shown: str, archive: Zip) -> None:
        super().__init__()
        self._opened = opened
        self._shown = shown
        self._archive = archive

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        try:
            part = self._opened.read(len(buffer))
        except _BROKEN as error:
            raise _damaged(self._shown) from error
        self._archive.spend(len(part))
        buffer[: len(part)] = part
        return len(part)

    def close(self) -> None:
        if not self.closed:
            self._opened.close()
        super().close()


def _damaged(shown: str) -> InputError:
    return InputError(
        f"{shown}: damaged, or no zip",
        remedy="Download the export again; `unzip -t` says where it is broken.",
    )
