"""Put back what a disk, or a mistake, has damaged: ``persona restore``.

Whole files stay as they are. A damaged one is laid aside in ``.state/damaged`` before
it is replaced: profile and evidence by the last good version in git, a ledger by its
own whole lines, a cache by none.
"""

from collections.abc import Callable
from pathlib import Path

from persona_cli import profile as pr
from persona_cli.archive import READERS, folded_line
from persona_cli.errors import InputError
from persona_cli.evidence import Link
from persona_cli.files import append_whole, fault, read_whole, remove, write_whole
from persona_cli.git.damage import damaged, mend
from persona_cli.git.place import find_place
from persona_cli.integrity import (
    blobs,
    evidence_faults,
    readable_evidence,
    readable_profile,
)
from persona_cli.ledger import ARCHIVE, CURSORS, FOLDED, lines, sealed, whole_length
from persona_cli.lock import profile_lock
from persona_cli.places import DAMAGED, EVIDENCE, PROFILE, STATE
from persona_cli.profile import Profile
from persona_cli.sound import ASIDE, good_versions
from persona_cli.state_check import IGNORE, IGNORED, line_is_good, state_faults
from persona_cli.store import Store, is_built_on
from persona_cli.transaction import recover


def restore(store: Store, *, timeout: float, tell: Callable[[str], None]) -> list[str]:
    """Mend what ``verify`` finds, as far as it can be mended here.

    timeout: seconds to wait for the lock
    tell:    called with what an earlier run left unfinished, and became of it
    Shape:   a sentence for each thing that was done
    Raises:  InputError when there is no good version to go back to, BusyError
    """
    with profile_lock(store.folder, timeout=timeout, doing="restore", on_wait=tell):
        done = _objects(store)
        place = find_place(store.folder)
        found = recover(
            store.folder,
            git=store.git if place is not None else None,
            is_built_on=is_built_on,
        )
        if found is not None:
            tell(found.says)
        done += _words(store, begun=place is not None)
        done += _state(store)
        if place is not None and store.git.status(store.tracked()):
            done += _committed(store)
        return done


def _objects(store: Store) -> list[str]:
    place = find_place(store.folder)
    if place is None:
        return []
    shas = damaged(place)
    back = mend(
        place,
        shas,
        contents=list(blobs(store, place).values()) if shas else [],
        aside=_aside(store) if shas else store.state,
    )
    done = [f"git: {len(shas)} damaged objects looked after"] if shas else []
    if back is not None:
        done.append(f"git: the last commit can't be read; back to {back[:9]}")
    return done


def _words(store: Store, *, begun: bool) -> list[str]:
    """Profile and evidence, from the last version in which both can be read."""
    profile: Profile | None = None
    halves = list(store.state.glob(ASIDE))
    wrong: set[str] = {PROFILE, EVIDENCE} if halves else set()
    try:
        profile = readable_profile(store)
    except InputError:
        wrong |= {PROFILE, EVIDENCE}
    try:
        evidence = readable_evidence(store)
        git = store.git if begun else None
        if list(evidence_faults(store, profile, evidence, git)):
            wrong.add(EVIDENCE)
    except InputError:
        wrong.add(EVIDENCE)
    done = []
    if wrong:
        version, words = _last_good(store, begun=begun)
        for name in (PROFILE, EVIDENCE):
            path = store.folder / name
            if name in wrong and read_whole(path) != words[name]:
                kept = _lay_aside(store, path)
                write_whole(path, words[name])
                done.append(f"{store.name}/{name}: as in v{version}{kept}")
    for half in halves:
        _lay_aside(store, half)
        remove(half)
        done.append(f"{store.name}/{STATE}/{half.name}: laid aside")
    return done


def _last_good(store: Store, *, begun: bool) -> tuple[int, dict[str, bytes]]:
    if begun:
        for sha, profile in good_versions(store.folder, store.git):
            evidence = store.git.show(sha, store.folder / EVIDENCE) or b""
            words = {PROFILE: pr.render(profile).encode(), EVIDENCE: evidence}
            return profile.version, words
    raise InputError(
        f"{store.folder}: no good version of it in git",
        remedy="Mend profile.md by hand, or take it from another copy.",
    )


def _state(store: Store) -> list[str]:
    """Ledgers keep their whole lines; caches go; the rest is written anew."""
    names = {Path(file).name for file, _ in state_faults(store.folder)}
    done = []
    for name in (ARCHIVE, FOLDED):
        if name in names:
            path = store.state / name
            kept = _lay_aside(store, path)
            write_whole(path, b"".join(_good_lines(path)), mode=0o600)
            done.append(f"{store.name}/{STATE}/{name}: its whole lines stay{kept}")
    if FOLDED in names:
        done += _folded_again(store)
    if IGNORE in names:
        path = store.folder / IGNORE
        words = (read_whole(path) or b"").rstrip(b"\n")
        write_whole(path, words + b"\n" * bool(words) + f"{IGNORED}\n".encode())
        done.append(f"{store.name}/{IGNORE}: keeps {IGNORED} out of git again")
    for name in names - {ARCHIVE, FOLDED, IGNORE, CURSORS}:
        remove(store.state / name)
        done.append(f"{store.name}/{STATE}/{name}: removed; it only saved time")
    if names & {ARCHIVE, FOLDED, CURSORS}:
        _forget_cursors(store.state)
        done.append(f"{store.name}/{STATE}/{CURSORS}: logs will be read again, once")
    return done


def _good_lines(path: Path) -> list[bytes]:
    found = [line for line in lines(path) if line_is_good(path, line.record)]
    return [line.content for line in found]


def _folded_again(store: Store) -> list[str]:
    """What the evidence cites is folded in, though the ledger has lost the line.

    The rest is pending again: it was shown to a model and bore nothing out.
    """
    known = {
        name
        for line in lines(store.state / FOLDED)
        for name in (line.record or {}).get("ids", ())
    }
    evidence = readable_evidence(store)
    cited = [link.interaction for link in evidence.entries if isinstance(link, Link)]
    missing = [name for name in dict.fromkeys(cited) if name not in known]
    if not missing:
        return []
    version = readable_profile(store).version
    append_whole(store.state / FOLDED, folded_line(missing, version=version))
    return [f"{store.name}/{STATE}/{FOLDED}: {len(missing)} told by the evidence"]


def _forget_cursors(state: Path) -> None:
    sizes = [whole_length(state / name) for name in (ARCHIVE, FOLDED)]
    known = {"readers": READERS, "files": {}, "pending": -1, "sizes": sizes}
    write_whole(state / CURSORS, sealed(known))


def _committed(store: Store) -> list[str]:
    """When the last commit had not what was put back, a commit of it."""
    version = readable_profile(store).version
    text = f"{store.name} v{version}: restored\n"
    sha = store.git.commit(store.tracked(), text)
    return [f"git: committed {sha[:9]}"] if sha else []


def _aside(store: Store) -> Path:
    folder = store.state / DAMAGED
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise fault(error, folder) from error
    return folder


def _lay_aside(store: Store, path: Path) -> str:
    """Keep a copy of a file; where, for the one who is told."""
    content = read_whole(path)
    if content is None:
        return ""
    number = 1
    while (copy := _aside(store) / f"{path.name}.{number}").exists():
        number += 1
    write_whole(copy, content, mode=0o600)
    return f"; what was there is in {STATE}/{DAMAGED}/{copy.name}"
