"""Open a profile in the person's own editor, and take what comes back if it is one."""

import shlex
import subprocess
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from persona_cli import profile as pr
from persona_cli.errors import BusyError, InputError, UsageError
from persona_cli.files import write_whole
from persona_cli.store import Store

Spawn = Callable[[Sequence[str]], int]


@dataclass(frozen=True, slots=True)
class Edited:
    """What came of it.

    changed: the file is another than before
    commit:  None when nothing was committed
    """

    changed: bool
    commit: str | None


def edit(
    store: Store,
    *,
    environ: Mapping[str, str],
    lock_timeout: float,
    commit: bool = True,
    spawn: Spawn = subprocess.call,
) -> Edited:
    """Let a person edit a copy, and put it in place when it is a profile.

    A copy, because an editor that is killed must not leave half a profile; and
    without the lock, because people take their time.

    spawn:  starts argv, waits, and returns its exit code
    Raises: UsageError without an editor; InputError when what came back is no
            profile, BusyError when the profile changed meanwhile: the copy stays
    """
    editor = environ.get("VISUAL") or environ.get("EDITOR")
    if not editor:
        raise UsageError(
            "no editor: neither VISUAL nor EDITOR is set",
            remedy=f"Set EDITOR, or open {store.path} yourself.",
        )
    store.require()
    before = store.path.read_bytes()
    store.state.mkdir(mode=0o700, exist_ok=True)
    copy = store.state / "edit.md"
    write_whole(copy, before)
    if code := spawn([*shlex.split(editor), str(copy)]):
        raise UsageError(
            f"{editor}: ended with exit code {code}; the profile is as it was",
            remedy=f"Your copy is {copy}.",
        )
    after = copy.read_bytes()
    if after == before:
        copy.unlink()
        return Edited(changed=False, commit=None)
    try:
        pr.parse(after.decode(), place=str(copy))
    except UnicodeDecodeError as error:
        raise InputError(
            f"{copy}: not UTF-8 text", remedy="Save it as UTF-8."
        ) from error
    with store.at_work("edit", timeout=lock_timeout, commit=commit, mending=True):
        if store.path.read_bytes() != before:
            raise BusyError(
                f"{store.path}: changed while you were editing",
                remedy=f"Your copy is {copy}; carry it over by hand.",
            )
        write_whole(store.path, after)
        copy.unlink()  # before the commit, which refuses what looks like a secret
        sha = store.commit_by_hand() if commit else None
    return Edited(changed=True, commit=sha)
