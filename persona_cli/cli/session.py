"""What every command needs first: settings, root, and which profile is meant."""

import os
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import typer

from persona_cli.cli.output import quiet
from persona_cli.errors import InputError, UsageError
from persona_cli.places import check_name, folder_names, no_profile_yet
from persona_cli.settings import Settings, find_root, load_settings

if TYPE_CHECKING:
    from persona_cli.archive import Archive
    from persona_cli.store import Store


class Session(NamedTuple):
    """Where the profiles are, and how things are set."""

    root: Path
    settings: Settings

    def store(self, name: str | None) -> "Store":
        """The profile that is meant.

        Raises: UsageError when that is not clear, InputError when there is none
        """
        from persona_cli.store import Store  # git and all; apply does without

        second = self.settings.second_opinion == "on"
        if second:
            _require_second_opinion()
        name = name or self.default_name()
        return Store(self.root, name, second_opinion=second)

    def archive(self, store: "Store") -> "Archive":
        """The interactions of a profile, with its neighbours' beside them."""
        from persona_cli.archive import Archive
        from persona_cli.rivals import Rivals

        rivals = Rivals(self.root, store.name)
        return Archive(store.state, held_share=self.settings.held_out, rivals=rivals)

    def at_work(
        self, store: "Store", doing: str, *, write: bool, commit: bool
    ) -> AbstractContextManager[None]:
        """The lock and what comes with it; nothing at all for a dry run."""
        if not write:
            return nullcontext()
        timeout = self.settings.lock_timeout
        return store.at_work(doing, timeout=timeout, commit=commit, tell=tell)

    def default_name(self) -> str:
        """The profile that goes without saying."""
        if self.settings.profile:
            return self.settings.profile
        names = folder_names(self.root)
        if len(names) == 1:
            return names[0]
        if not names:
            raise no_profile_yet(self.root)
        raise UsageError(
            f"which profile? {self.root} has {', '.join(names)}",
            remedy="Name one, or set a default: profile: NAME in persona.yaml.",
        )


def _require_second_opinion() -> None:
    from persona_cli.secrets.second import is_installed

    if not is_installed():
        raise UsageError(
            "second_opinion: detect-secrets is not installed",
            remedy="Install it: pip install 'persona-cli[secrets]'.",
        )


def begin(root: Path | None, **flags: Any) -> Session:
    """Find the root and merge the settings.

    flags: settings given on the command line; None is not given
    """
    try:
        here = Path.cwd()
    except FileNotFoundError as error:
        raise InputError(
            ".: the folder you are in is gone",
            remedy="Go to another one, and run it again.",
        ) from error
    found = find_root(root, os.environ, here)
    return Session(found, load_settings(found, flags, os.environ))


def split_name(
    words: Sequence[str], session: Session, *, one: str
) -> tuple[str, list[str]]:
    """Tell an optional profile name from what follows it.

    The first word is the name when such a profile exists. Otherwise the default
    profile is meant, and all words follow it; unless it could only be a name.

    one: what the words are, for the error: "log"
    """
    names = folder_names(session.root)
    if words and words[0] in names:
        return words[0], list(words[1:])
    if words and len(words) > 1 and _only_a_name(words[0], one=one):
        check_name(words[0])
        if not names:
            raise no_profile_yet(session.root, words[0])
        raise UsageError(
            f"no profile {words[0]!r}, and no such {one} (there is {', '.join(names)})",
            remedy=f"Make it: persona init {words[0]}.",
        )
    return session.default_name(), list(words)


def _only_a_name(word: str, *, one: str) -> bool:
    # Nobody calls a profile chats.jsonl: that is a log, and it is not there.
    if one == "log" and ("/" in word or Path(word).suffix):
        return False
    return word != "-" and not Path(word).exists() and not set(word) & set("*?[ ")


def how_to_run(*, dry_run: bool, no_commit: bool) -> dict[str, bool]:
    """What a run may touch: a dry one neither the disk nor git."""
    return {"write": not dry_run, "commit": not (dry_run or no_commit)}


def now() -> datetime:
    """The time; ``SOURCE_DATE_EPOCH`` holds it still, for builds that repeat."""
    fixed = os.environ.get("SOURCE_DATE_EPOCH", "")
    if fixed.isdecimal():
        return datetime.fromtimestamp(int(fixed), UTC)
    return datetime.now(UTC)


def tell(text: str) -> None:
    """Say something to the person at the terminal, on stderr; not when it is quiet."""
    if quiet():
        return
    with suppress_unheard():
        typer.echo(text, err=True)


def emit(text: str) -> None:
    """Print a result, on stdout, as it is."""
    _print(text, nl=not text.endswith("\n"))


def emit_json(value: Mapping[str, Any] | Sequence[Any]) -> None:
    """Print a result as JSON."""
    import json

    _print(json.dumps(value, ensure_ascii=False, indent=2), nl=True)


@contextmanager
def suppress_unheard() -> Iterator[None]:
    """Talk that cannot be written, to a full disk for one, ends no work."""
    try:
        yield
    except BrokenPipeError:
        raise
    except OSError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stderr.fileno())


def _print(text: str, *, nl: bool) -> None:
    try:
        typer.echo(text, nl=nl)
    except BrokenPipeError:
        raise
    except OSError as error:
        # Python would fail once more when it flushes stdout at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        raise InputError(
            f"stdout: {(error.strerror or str(error)).lower()}; what was finished is"
            " kept",
            remedy="See where the output goes, then run it again.",
        ) from error
