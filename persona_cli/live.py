"""A profile that is in force: read again whenever its file has changed.

For what runs for hours while the profile goes on being updated and edited.
"""

import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

from persona_cli.apply import Applied, ApplyRequest, apply
from persona_cli.errors import PersonaError
from persona_cli.places import decoded, profile_path, read_bytes
from persona_cli.profile import parse
from persona_cli.stamps import made_of

# A file that was written so shortly before it was read may be written once more
# without getting another time. In seconds.
_SETTLED = 2.0


class InForce(NamedTuple):
    """What a profile says now.

    applied: as ``apply`` chose it; its ``block`` is what goes into a chat
    """

    version: int
    applied: Applied


def in_force(root: Path, request: ApplyRequest) -> InForce:
    """Read a profile, and choose from it as ``persona apply`` does.

    request: whose, and how much of it; its version does not count
    Raises:  UsageError, InputError
    """
    path = profile_path(root, request.name)
    profile = parse(decoded(read_bytes(path), path), place=str(path), hurried=True)
    request = replace(request, version=profile.version)
    return InForce(profile.version, apply(profile.claims, request))


class Live:
    """A profile as it is, at any time.

    A file that somebody has half edited breaks no chat: the last good one holds until
    it is whole again, and that is said, once. One that is gone holds no longer.

    tell:   called with what is wrong with the file
    Raises: UsageError, InputError when it cannot be read at the start
    """

    def __init__(
        self, root: Path, request: ApplyRequest, *, tell: Callable[[str], None]
    ) -> None:
        self._root, self._request, self._tell = root, request, tell
        self._path = profile_path(root, request.name)
        self._stamp: list[Any] = self._stamped(self._path)
        self._found = in_force(root, request)
        self._fault = ""

    @property
    def name(self) -> str:
        """Whose it is."""
        return self._request.name

    def now(self) -> InForce:
        """What it says now. One look at the file, when that has not changed.

        Raises: UsageError, InputError when the file is gone
        """
        stamp = self._stamped(self._path)
        if stamp and stamp == self._stamp:
            return self._found
        try:
            self._found = in_force(self._root, self._request)
            self._fault = ""
        except PersonaError as error:
            if not self._path.is_file():
                raise
            self._complain(error)
        self._stamp = stamp
        return self._found

    def _complain(self, error: PersonaError) -> None:
        if str(error) != self._fault:
            version = self._found.version
            self._tell(f"{error}; v{version} holds until it is mended")
            self._tell(f"  try: {error.remedy}")
        self._fault = str(error)

    @staticmethod
    def _stamped(path: Path) -> list[Any]:
        """What tells this content from another; empty when nothing does yet."""
        found = made_of(path)
        if not found or found[0] is None:
            return []
        settled = time.time() - found[0][2] / 1e9 > _SETTLED
        return found if settled else []
