"""The past of a profile in git, without what is to be forgotten.

Every version that ever was is passed through ``forgetting.without``. A text that none
of the new versions holds is gone, and no commit message quotes it any longer.
"""

from collections.abc import Callable, Collection
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import lru_cache

from persona_cli import evidence as ev
from persona_cli import profile as pr
from persona_cli.errors import InputError
from persona_cli.evidence import Evidence, Link, Wording
from persona_cli.forgetting import Gone, without
from persona_cli.git.moves import Moves, plan_moves
from persona_cli.git.place import Place
from persona_cli.git.rewrite import Contents, Files, Past, Rewritten, rewrite
from persona_cli.interaction import mark
from persona_cli.places import STATE
from persona_cli.profile import Profile
from persona_cli.quoting import TELLING, less_entries, less_lines
from persona_cli.rivals import normal
from persona_cli.similar import NEAR, similarity


@dataclass(frozen=True, slots=True)
class NewPast:
    """The past as it would have been, nothing of it written yet.

    lost:   texts that it holds no longer, as ``normal`` has them
    saying: commits, by their new id, whose messages say it still: they are about
            something else, and the owner's own
    counts: commits that the moved names reach and that get new ids, and how many of
            them were signed
    """

    gone: Gone
    lost: frozenset[str]
    rewritten: Rewritten
    moves: Moves
    counts: tuple[int, int]
    saying: tuple[str, ...]


def read_past(place: Place, profile: str, evidence: str) -> Past:
    """All versions of a profile, in whatever branch.

    profile, evidence: their names, from the top of the repository
    """
    folder = profile.rpartition("/")[0]
    return Past(place, (profile, evidence), drop=f"{folder}/{STATE}".lstrip("/"))


def gone_ever(
    past: Past,
    gone: Gone,
    *,
    takes: Callable[[Link], bool],
    present: Collection[str],
) -> Gone:
    """What is to be forgotten, with what the past says belongs to it.

    Claims that said the same and are in the profile no more; headings they stood
    under; interactions that bore them out, whose words go wherever they are quoted.

    takes:   links that go by themselves, and their interactions
    present: ids of the claims that are in the profile now
    """
    said: dict[str, set[str]] = {}
    sections: dict[str, set[str]] = {}
    linked: dict[str, set[str]] = {}
    marks = set(gone.marks)
    for _, contents in past.versions():
        profile, evidence = _parsed(contents)
        for claim in profile.claims if profile else ():
            said.setdefault(claim.id, set()).add(claim.text)
            sections.setdefault(claim.id, set()).add(claim.section)
        for entry in evidence.entries if evidence else ():
            if isinstance(entry, Wording):
                said.setdefault(entry.claim, set()).add(entry.words)
                sections.setdefault(entry.claim, set()).add(entry.section)
                continue
            linked.setdefault(entry.claim, set()).add(mark(entry.interaction))
            if takes(entry):
                marks.add(mark(entry.interaction))
    claims = set(gone.claims) - set(present)
    texts = {text for claim in claims for text in said.get(claim, ()) if text}
    for name, found in said.items():
        if name not in claims and name not in present and _same(found, texts):
            claims.add(name)
    return replace(
        gone,
        claims=frozenset(claims | gone.claims),
        marks=frozenset(marks),
        quotes=frozenset(m for claim in claims for m in linked.get(claim, ())),
        sections=frozenset(s for c in claims for s in sections.get(c, ()) if s),
    )


def new_past(past: Past, gone: Gone, *, every: bool) -> NewPast:
    """Write the past anew.

    every: all branches and tags are moved to it, not the one that is checked out alone
    Raises: BusyError, InputError as ``plan_moves`` does
    """
    new: dict[Files, Contents] = {}
    said: set[str] = set()
    kept: set[str] = set()
    unread: list[tuple[Files, Contents]] = []
    lost_claims: set[str] = set(gone.claims)
    for files, contents in past.versions():
        profile, evidence = _parsed(contents)
        if profile is None or evidence is None:
            unread.append((files, contents))
            continue
        done = without(profile, evidence, gone)
        lost_claims |= done.lost
        after = _less_lines(done.profile, gone)
        said |= _texts(profile, evidence)
        kept |= _texts(after, done.evidence)
        new[files] = _rendered(contents, after, done.evidence)
    lost = frozenset(said - kept)
    for files, contents in unread:
        new[files] = tuple(
            less_lines(content, lost_claims, lost, gone) for content in contents
        )
    plainly = replace(gone, text="")
    telling = frozenset(text for text in lost if len(text) >= TELLING)
    rewritten = rewrite(
        past,
        new,
        lambda text, ours: (
            less_entries(text, lost_claims, lost, gone)
            # Of a commit about something else: whole sentences alone. A word that is to
            # be forgotten may be one that such messages are full of.
            if ours
            else less_entries(text, (), telling, plainly)
        ),
    )
    moves = plan_moves(past.place, rewritten, every=every)
    counts = _counts(past, rewritten, moves)
    return NewPast(gone, lost, rewritten, moves, counts, _saying(past, rewritten, gone))


def _same(found: Collection[str], texts: Collection[str]) -> bool:
    return any(
        normal(one) == normal(other) or similarity(one, other) >= NEAR
        for one in found
        for other in texts
        if one
    )


def _parsed(contents: Contents) -> tuple[Profile | None, Evidence | None]:
    """A version; None for a file that cannot be read, an empty one for none."""
    words, lines = contents
    profile: Profile | None = None
    evidence: Evidence | None = None
    with suppress(InputError, UnicodeDecodeError):
        profile = pr.parse((words or b"").decode(), place="a past version")
    with suppress(InputError, UnicodeDecodeError):
        rows = [row for row in (lines or b"").decode().split("\n") if row.strip()]
        evidence = Evidence(tuple(f"{row}\n" for row in rows), tuple(map(_line, rows)))
    return profile, evidence


@lru_cache(1 << 16)  # versions have most of their lines in common
def _line(row: str) -> ev.Entry:
    return ev.parse(row, place="a past version").entries[0]


_normal = lru_cache(1 << 16)(normal)


def _texts(profile: Profile, evidence: Evidence) -> set[str]:
    found = {_normal(claim.text) for claim in profile.claims}
    for entry in evidence.entries:
        if isinstance(entry, Wording):
            found |= {_normal(entry.words), _normal(entry.why)}
        elif len(entry.quote) >= TELLING:
            found.add(_normal(entry.quote))
    return found - {""}


def _rendered(contents: Contents, profile: Profile, evidence: Evidence) -> Contents:
    """The files anew; what nothing was taken from keeps its bytes."""
    words, lines = contents
    before = (lines or b"").decode()
    kept = ev.render(evidence)
    same = kept == "".join(f"{row}\n" for row in before.split("\n") if row.strip())
    return (
        None if words is None else pr.render(profile).encode(),
        lines if lines is None or same else kept.encode(),
    )


def _less_lines(profile: Profile, gone: Gone) -> Profile:
    """Without lines that no claim is, and that say it."""
    kept = [line for line in profile.body if not gone.says(line)]
    if len(kept) == len(profile.body):
        return profile
    return pr.parse("".join((*profile.head, *kept)), place="a past version")


def _saying(past: Past, rewritten: Rewritten, gone: Gone) -> tuple[str, ...]:
    found = []
    for commit in past.commits if gone.text else ():
        sha = rewritten.commits.get(commit.sha, commit.sha)
        content = rewritten.pack.read(sha) or commit.message
        if gone.says(content.decode("utf-8", "replace")):
            found.append(sha)
    return tuple(found)


def _counts(past: Past, rewritten: Rewritten, moves: Moves) -> tuple[int, int]:
    parents = {commit.sha: commit.parents for commit in past.commits}
    waiting = [move.old for move in moves.moves]
    seen: set[str] = set()
    while waiting:
        sha = waiting.pop()
        if sha in seen or sha not in rewritten.commits:
            continue
        seen.add(sha)
        waiting += parents.get(sha, ())
    return len(seen), len(seen & rewritten.signed)
