"""Every commit written anew, some files and messages being others.

Only the named files change, and messages. All else keeps its bytes: other files,
authors, dates, the order of parents. A commit whose own
past is unchanged is not written at all, and keeps its id.
"""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass

from persona_cli.errors import InputError
from persona_cli.git.objects import (
    Object,
    Pack,
    TreeEntry,
    in_batches,
    read_objects,
    read_shas,
    sha_of,
    tree_content,
    tree_entries,
)
from persona_cli.git.place import Place
from persona_cli.git.run import run_git

# What each file is in one commit, by the id of its blob; empty where there is none.
Files = tuple[str, ...]
Contents = tuple[bytes | None, ...]

# Kept back from commits and tags that are written anew: a signature of other bytes.
_SIGNATURES = (b"gpgsig ", b"gpgsig-sha256 ")
_SIGNED_TAG = (b"-----BEGIN PGP SIGNATURE-----", b"-----BEGIN SSH SIGNATURE-----")

_ALL = ("--topo-order", "--reverse", "--all", "--reflog", "HEAD")


@dataclass(frozen=True, slots=True)
class OldCommit:
    """A commit as it is.

    head:    the lines above its message
    files:   what it has of the named files
    dropped: whether it has the folder that no commit may have
    """

    sha: str
    tree: str
    parents: tuple[str, ...]
    head: bytes
    message: bytes
    files: Files
    dropped: bool

    @property
    def signed(self) -> bool:
        """Whether someone vouches for these very bytes."""
        return any(line.startswith(_SIGNATURES) for line in self.head.split(b"\n"))


class Past:
    """All commits of a repository, also those that only a reflog names.

    names: of the files, from the top
    drop:  a folder that goes from every commit: it should never have been in one
    """

    def __init__(self, place: Place, names: Sequence[str], *, drop: str) -> None:
        self.place, self.names, self.drop = place, tuple(names), drop
        self.commits = tuple(self._read())

    def versions(self) -> Iterator[tuple[Files, Contents]]:
        """What the files were, each state of all of them once, oldest first."""
        states = dict.fromkeys(commit.files for commit in self.commits)
        states.pop(("",) * len(self.names), None)
        for batch in in_batches(states, 16):
            shas = dict.fromkeys(sha for files in batch for sha in files if sha)
            found = dict(zip(shas, read_objects(self.place.top, shas), strict=True))
            for files in batch:
                yield files, tuple(self._content(found.get(sha)) for sha in files)

    def _read(self) -> Iterator[OldCommit]:
        said = run_git(self.place.top, "rev-list", *_ALL, "--")
        shas = said.decode("ascii").split()
        for batch in in_batches(shas, 2000):
            asked = [
                f"{sha}:{name}" for sha in batch for name in (*self.names, self.drop)
            ]
            blobs = in_batches(read_shas(self.place.top, asked), len(self.names) + 1)
            found = read_objects(self.place.top, batch)
            for sha, commit, files in zip(batch, found, blobs, strict=True):
                if commit is None:
                    raise InputError(
                        f"{self.place.top}: the history is damaged ({sha} is missing)",
                        remedy="See what git fsck says there.",
                    )
                yield _parsed(commit, files)

    def _content(self, found: Object | None) -> bytes | None:
        return found.content if found is not None and found.kind == "blob" else None


@dataclass(frozen=True, slots=True)
class Rewritten:
    """The new past, nothing of it in the repository yet.

    commits: old id -> new id, of every commit that changes
    signed:  old ids of those that were signed and will not be
    pack:    what is new
    """

    commits: Mapping[str, str]
    signed: frozenset[str]
    pack: Pack


def rewrite(
    past: Past,
    new: Mapping[Files, Contents],
    message: Callable[[bytes, bool], bytes],
) -> Rewritten:
    """Write every commit anew that has other files, another message, or such a parent.

    new:     what files become; those of a state that is not here stay as they are
    message: what a message becomes; and whether its commit changes one of the files
    """
    pack = Pack(past.place.hash)
    trees = _Trees(past, new, pack)
    by_sha = {commit.sha: commit for commit in past.commits}
    commits: dict[str, str] = {}
    signed = set()
    for commit in past.commits:
        tree = trees.swapped(commit)
        before = [by_sha[p].files for p in commit.parents if p in by_sha]
        touches = any(commit.files) and {*before} != {commit.files}
        text = message(commit.message, touches)
        parents = [commits.get(parent, parent) for parent in commit.parents]
        if (tree, text, tuple(parents)) == (
            commit.tree,
            commit.message,
            commit.parents,
        ):
            continue
        if commit.signed:
            signed.add(commit.sha)
        head = _head(commit.head, tree, parents)
        commits[commit.sha] = pack.add("commit", head + b"\n\n" + text)
    return Rewritten(commits, frozenset(signed), pack)


def tag_anew(content: bytes, commits: Mapping[str, str]) -> bytes | None:
    """An annotated tag that names the new commit; None when it names none of them."""
    first, _, rest = content.partition(b"\n")
    target = commits.get(first.removeprefix(b"object ").decode("ascii", "replace"))
    if target is None:
        return None
    for signature in _SIGNED_TAG:
        rest = rest.partition(signature)[0]
    return b"object " + target.encode() + b"\n" + rest


def _parsed(commit: Object, files: Collection[str]) -> OldCommit:
    head, _, message = commit.content.partition(b"\n\n")
    lines = head.split(b"\n")
    parents = [line[7:].decode() for line in lines if line.startswith(b"parent ")]
    *named, dropped = files
    return OldCommit(
        commit.sha,
        lines[0].removeprefix(b"tree ").decode(),
        tuple(parents),
        head,
        message,
        tuple(named),
        bool(dropped),
    )


def _head(head: bytes, tree: str, parents: Sequence[str]) -> bytes:
    lines = [f"tree {tree}".encode(), *(f"parent {p}".encode() for p in parents)]
    skipping = False
    for line in head.split(b"\n"):
        skipping = line.startswith(_SIGNATURES) or (skipping and line[:1] == b" ")
        if not skipping and not line.startswith((b"tree ", b"parent ")):
            lines.append(line)
    return b"\n".join(lines)


class _Trees:
    """Trees with other files in them."""

    def __init__(self, past: Past, new: Mapping[Files, Contents], pack: Pack) -> None:
        self._past, self._new, self._pack = past, new, pack
        self._done: dict[str, str] = {}
        self._read = self._read_ahead()

    def swapped(self, commit: OldCommit) -> str:
        """The tree of a commit, as it shall be."""
        if commit.tree not in self._done:
            self._done[commit.tree] = self._swap(commit)
        return self._done[commit.tree]

    def _read_ahead(self) -> dict[str, bytes]:
        """The trees that may change, in few calls of git and not one for each."""
        trees = dict.fromkeys(
            commit.tree
            for commit in self._past.commits
            if commit.dropped or commit.files in self._new
        )
        folders = {""}
        for path in (*self._past.names, self._past.drop):
            parts = path.split("/")[:-1]
            folders |= {"/".join(parts[: n + 1]) for n in range(len(parts))}
        names = [f"{tree}:{folder}" for tree in trees for folder in folders]
        found = read_objects(self._past.place.top, names)
        return {one.sha: one.content for one in found if one and one.kind == "tree"}

    def _swap(self, commit: OldCommit) -> str:
        changes: dict[str, bytes | None] = {}
        contents = self._new.get(commit.files)
        if contents is not None:
            for name, old, content in zip(
                self._past.names, commit.files, contents, strict=True
            ):
                if old and (content is None or self._sha(content) != old):
                    changes[name] = content  # noqa: PERF403 (no clearer as one)
        if commit.dropped:
            changes[self._past.drop] = None
        tree = commit.tree
        for name, content in changes.items():
            tree = self._put(tree, name.encode("utf-8", "surrogateescape"), content)
        return tree

    def _put(self, tree: str, path: bytes, content: bytes | None) -> str:
        first, _, rest = path.partition(b"/")
        kept = []
        for entry in self._entries(tree):
            if entry.name != first:
                kept.append(entry)
            elif rest:
                kept.append(entry._replace(sha=self._put(entry.sha, rest, content)))
            elif content is not None:
                kept.append(entry._replace(sha=self._pack.add("blob", content)))
        return self._pack.add("tree", tree_content(kept))

    def _entries(self, tree: str) -> list[TreeEntry]:
        content = self._read.get(tree) or self._pack.read(tree) or b""
        return tree_entries(content, hash=self._past.place.hash)

    def _sha(self, content: bytes) -> str:
        return sha_of("blob", content, hash=self._past.place.hash)
