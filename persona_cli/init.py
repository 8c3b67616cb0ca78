"""Make a root and an empty profile; add to what is there, and change none of it."""

from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from persona_cli import profile as pr
from persona_cli.errors import InputError, UsageError
from persona_cli.files import make_private, read_whole, write_whole
from persona_cli.git import Git
from persona_cli.git.merge import set_up
from persona_cli.git.place import find_place
from persona_cli.places import EVIDENCE, PROFILE, STATE, profile_names
from persona_cli.store import Store

ATTRIBUTES = ".gitattributes"

# Which files git is to hand to persona when it merges, from the folder of profiles.
_MERGED = (
    f"*/{PROFILE} merge=persona",
    f"*/{EVIDENCE} merge=persona",
    # Hashes, one a line, in no order.
    "*/allowed.jsonl merge=union",
)


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
    attributes = root / ATTRIBUTES
    if not attributes.exists():  # a person's own is left alone: see ``merge_by_claim``
        write_whole(attributes, "".join(f"{line}\n" for line in _MERGED).encode())
        made.append(attributes)
    if not (store.folder / EVIDENCE).exists():
        write_whole(store.folder / EVIDENCE, b"")
    write_whole(store.path, pr.render(pr.empty(title or name)).encode())
    with suppress(InputError):  # it saves work later, and doctor says where it is not
        if (place := find_place(root)) is not None:
            set_up(place)
    if commit:
        store.git.require_ready()
        store.git.commit(made, f"{name} v0: an empty profile\n")
    return Made(store.path, repository, store.path)


def merge_by_claim(root: Path) -> Path | None:
    """Have git merge the profiles under a root claim by claim, in this clone.

    The config of git is of one clone, and comes with none: so every clone has to be
    told. Lines that ``.gitattributes`` lacks go to its end.

    Shape:  the attributes, where something was added to them and is to be committed
    Raises: InputError outside of a repository, or when the disk says no
    """
    place = find_place(root)
    if not root.is_dir() or place is None:
        raise InputError(
            f"{root}: not in a git repository",
            remedy="Run persona init, which makes one.",
        )
    set_up(place)
    path = root / ATTRIBUTES
    there = read_whole(path) or b""
    known = {line.strip() for line in there.splitlines()}
    lacking = [line for line in _MERGED if line.encode() not in known]
    if not lacking:
        return None
    gap = b"" if not there or there.endswith(b"\n") else b"\n"
    new = "".join(f"{line}\n" for line in lacking).encode()
    write_whole(path, there + gap + new)
    return path
