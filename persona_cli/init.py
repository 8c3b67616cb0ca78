"""Make a root and an empty profile; add to what is there, and change none of it."""

from dataclasses import dataclass
from pathlib import Path

from persona_cli import profile as pr
from persona_cli.errors import InputError, UsageError
from persona_cli.files import make_private, write_whole
from persona_cli.git import Git
from persona_cli.places import EVIDENCE, STATE, profile_names
from persona_cli.store import Store


@dataclass(frozen=True, slots=True)
class Made:
    """What ``init`` did.

    repository: the git repository it made, or None when there was one
    profile:    the new profile, or None when it was there
    """

    path: Path
    repository: Path | None
    profile: Path | None


def init(root: Path, name: str, *, title: str | None, commit: bool = True) -> Made:
    """Make ``root``, its repository and the profile, each where it is missing.

    Raises: UsageError for a name that may not be, InputError when the disk says no
    """
    store = Store(root, name)
    for other in profile_names(root):
        if other != name and other.casefold() == name.casefold():
            raise UsageError(
                f"{root}: has a profile {other!r} already, and many file systems"
                f" cannot tell {name!r} from it",
                remedy="Take another name.",
            )
    if (
        not store.path.exists()
        and (store.folder / EVIDENCE).exists()
        and store.git.top() is not None
        and store.git.is_tracked(store.path)
    ):
        raise InputError(
            f"{store.path}: gone, and its past is still there",
            remedy=f"Take the last good version: persona restore {name}.",
        )
    make_private(root)
    if not store.folder.exists():
        store.folder.mkdir()
        store.folder.chmod(0o700)  # whatever the umask says
    git = Git(root)
    repository = None
    if git.top() is None:
        git.init()
        repository = root
    if store.path.exists():
        return Made(store.path, repository, None)
    state = store.state
    state.mkdir(exist_ok=True)
    state.chmod(0o700)
    ignore = store.folder / ".gitignore"
    made = [store.path, store.folder / EVIDENCE]
    if not ignore.exists():
        write_whole(ignore, f"{STATE}/\n".encode())
        made.append(ignore)
    if not (store.folder / EVIDENCE).exists():
        write_whole(store.folder / EVIDENCE, b"")
    write_whole(store.path, pr.render(pr.empty(title or name)).encode())
    if commit:
        store.git.require_ready()
        store.git.commit(made, f"{name} v0: an empty profile\n")
    return Made(store.path, repository, store.path)
