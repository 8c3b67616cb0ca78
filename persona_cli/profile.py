"""A profile: markdown that people read, kept line by line.

The file is the truth, and most of it may be a person's. So a profile is its
lines, and every change replaces, removes or inserts whole lines; what persona
does not understand it carries through, byte for byte. ``parse`` then ``render``
gives back the same text.
"""

import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, NamedTuple

from persona_cli.errors import InputError
from persona_cli.scope import GLOBAL, PROJECT, as_word, from_word

FORMAT = 1
TYPE = "persona-profile"

_BULLET = re.compile(r"(?P<bullet>[-*+][ \t]+)(?P<text>.*)", re.DOTALL)
_MARK = re.compile(
    r"[ \t]*<!--[ \t]*(?P<id>c[0-9a-f]{3,16})(?:[ \t]+(?P<count>[0-9]{1,9})x)?"
    r"(?:[ \t]+(?P<last>[0-9]{4}-[0-9]{2}-[0-9]{2}))?(?P<tags>(?:[ \t]+[^\s<>]+)*)"
    r"[ \t]*-->[ \t]*\Z"
)
_FENCE = re.compile(r" {0,3}(```+|~~~+)")
_KEY = re.compile(r"([A-Za-z_][\w-]*)[ \t]*:")


@dataclass(frozen=True)
class Claim:
    """One sentence of preference.

    id:      ``c`` and hex digits; ``h`` and hex digits for an unmarked line
    section: lower case; ``general`` for a line above the first heading
    text:    the sentence, on one line
    count:   interactions that bear it out; 0 for a line written by hand
    last:    day of the newest of them, in UTC
    scope:   ``global`` or ``project:<name>``
    by:      who chose the words: ``""`` the model, ``digest`` or ``human``
    stated:  the user said it outright
    """

    id: str
    section: str
    text: str
    count: int = 0
    last: date | None = None
    scope: str = GLOBAL
    by: str = ""
    stated: bool = False

    @property
    def pinned(self) -> bool:
        """A person chose these words: they stay until a person changes them."""
        return self.by == "human"

    @property
    def tentative(self) -> bool:
        """Seen once, and neither stated nor written by a person."""
        return self.count <= 1 and not self.stated and not self.pinned


class Spot(NamedTuple):
    """Where a claim stands: lines ``first`` to ``end`` (exclusive) of the body."""

    claim: Claim
    first: int
    end: int
    marked: bool


@dataclass(frozen=True)
class Profile:
    """What a profile file says.

    head:  raw lines up to and with the second ``---``
    body:  raw lines after them
    meta:  the front matter, read
    spots: the claims, in the order of the file
    """

    head: tuple[str, ...]
    body: tuple[str, ...]
    meta: Mapping[str, Any]
    spots: tuple[Spot, ...]

    @property
    def version(self) -> int:
        """Grows by one with every version that persona writes."""
        return int(self.meta["version"])

    @property
    def title(self) -> str:
        """What the profile calls itself."""
        return str(self.meta.get("title", ""))

    @property
    def claims(self) -> tuple[Claim, ...]:
        """Every claim, in the order of the file."""
        return tuple(spot.claim for spot in self.spots)

    def find(self, claim_id: str) -> Claim | None:
        """The claim with this id."""
        return next((c for c in self.claims if c.id == claim_id), None)


def empty(title: str) -> Profile:
    """A profile that says nothing yet, as version 0."""
    from persona_cli import strict_yaml

    text = (
        f"---\ntype: {TYPE}\ntitle: {strict_yaml.dump_inline(title)}\n"
        f"persona: {FORMAT}\nversion: 0\n---\n# {title}\n"
    )
    return parse(text, place=title)


def render(profile: Profile) -> str:
    """The text of the file."""
    return "".join((*profile.head, *profile.body))


def parse(text: str, *, place: str, hurried: bool = False) -> Profile:
    """Read a profile file.

    place:   where the text came from; begins every error
    hurried: of the front matter, read type, format and version alone, and do without
             the YAML library when they stand there as persona writes them; ``meta``
             then holds no more than these
    Raises:  InputError when there is no front matter, it is not ours or of a newer
            format, or the file holds an unresolved merge conflict
    """
    lines = _split_lines(text)
    for number, line in enumerate(lines, 1):
        if line.startswith(("<<<<<<< ", ">>>>>>> ")):
            raise InputError(
                f"{place}:{number}: unresolved merge conflict",
                remedy="Keep one side of each conflict, and delete the marks.",
            )
    fences = [
        i for i, line in enumerate(lines) if line.lstrip("\ufeff").rstrip() == "---"
    ]
    if len(fences) < 2 or fences[0] != 0:
        raise InputError(
            f"{place}:1: not a profile: no front matter between two --- lines",
            remedy="Compare it with an earlier version: persona diff, persona undo.",
        )
    head, body = lines[: fences[1] + 1], lines[fences[1] + 1 :]
    meta = _in_a_hurry("".join(head[1:-1])) if hurried else None
    if meta is None:
        meta = _front_matter("".join(head[1:-1]), place=place)
    return Profile(tuple(head), tuple(body), meta, tuple(_spots(body)))


def rewrite(
    profile: Profile,
    *,
    replaced: Mapping[str, Claim] | None = None,
    removed: Collection[str] = (),
    added: Iterable[Claim] = (),
    meta: Mapping[str, Any] | None = None,
) -> Profile:
    """A copy in which some claims' lines, and some keys, are others.

    replaced: claim id -> the claim that takes its line
    removed:  claim ids; their lines go, and nothing else
    added:    each goes to the end of its section, which is made where missing
    meta:     keys of the front matter to set, None to take one out; the other keys
              keep their bytes
    Raises:   KeyError for an id that is not here, which is a mistake of ours
    """
    from persona_cli import strict_yaml

    replaced = replaced or {}
    newline = "\r\n" if profile.head[0].endswith("\r\n") else "\n"
    body = list(profile.body)
    spots = {spot.claim.id: spot for spot in profile.spots}
    for claim_id in {*replaced, *removed}:
        spot = spots[claim_id]
        body[spot.first : spot.end] = [""] * (spot.end - spot.first)
        if claim_id in replaced:
            bullet = _BULLET.match(profile.body[spot.first])
            lead = bullet["bullet"] if bullet else "- "
            body[spot.first] = lead + line_of(replaced[claim_id]) + newline
    kept = [line for line in body if line]
    for claim in added:
        _insert(kept, claim, newline)
    head = list(profile.head)
    for key, value in (meta or {}).items():
        line = f"{key}: {strict_yaml.dump_inline(value)}{newline}"
        _set_key(head, key, "" if value is None else line)
    # Front matter of an odd form may not take another key: named as a person knows it.
    return parse("".join((*head, *kept)), place="profile.md")


def line_of(claim: Claim) -> str:
    """A claim as its line, without the bullet: words, then the mark, if it has one."""
    if claim.id.startswith("h"):
        return claim.text
    mark = [claim.id, f"{claim.count}x"]
    if claim.last:
        mark.append(claim.last.isoformat())
    if claim.scope != GLOBAL:
        mark.append(as_word(claim.scope))
    if claim.stated:
        mark.append("stated")
    if claim.by:
        mark.append(f"by:{claim.by}")
    return f"{claim.text} <!-- {' '.join(mark)} -->"


def new_id(text: str, taken: Collection[str]) -> str:
    """An id for a new claim: short, and the same in every run.

    taken: ids that must not come again, of retired claims too
    """
    import hashlib  # here, not above: most profiles that are read need no new id

    for digits in range(3, 17):
        for attempt in range(4):
            seed = f"{text}\x1f{attempt}".encode()
            found = "c" + hashlib.sha256(seed).hexdigest()[:digits]
            if found not in taken:
                return found
    raise AssertionError("no id is free")


def section_name(text: str) -> str:
    """A section as persona writes it: lower case, one line."""
    return " ".join(text.split()).casefold()


def _split_lines(text: str) -> list[str]:
    # Not splitlines(): it also splits at U+2028 and form feeds, which a person's
    # sentence may hold.
    return re.findall(r"[^\n]*\n|[^\n]+", text)


def _in_a_hurry(text: str) -> Mapping[str, Any] | None:
    """The three keys every profile has; None when YAML has to decide."""
    if text.count(f"type: {TYPE}\n") != 1 or text.count(f"persona: {FORMAT}\n") != 1:
        return None
    found = [line[8:] for line in text.split("\n") if line.startswith("version:")]
    if len(found) != 1 or not found[0].strip().isdecimal():
        return None
    return {"type": TYPE, "persona": FORMAT, "version": int(found[0])}


def _front_matter(text: str, *, place: str) -> Mapping[str, Any]:
    from persona_cli import strict_yaml  # here, not above: see ``hurried``

    remedy = "Mend the front matter, or take the last good one: persona undo."
    try:
        meta = strict_yaml.load(text)
    except strict_yaml.YamlFault as fault:
        raise InputError(
            f"{place}:{fault.line + 1}:{fault.column}: {fault.problem}", remedy=remedy
        ) from fault
    match meta:
        case {"type": "persona-profile", "persona": int(found)} if found > FORMAT:
            raise InputError(
                f"{place}:1: written by a newer persona (format {found})",
                remedy="Update persona: pip install --upgrade persona-cli.",
            )
        case {
            "type": "persona-profile",
            "persona": int(found),
            "version": int(version),
        } if found >= 1 and version >= 0 and not isinstance(version, bool):
            return {str(key): value for key, value in meta.items()}
    raise InputError(
        f"{place}:1: not a profile: the front matter needs `type: {TYPE}`,"
        " `persona: 1` and a whole `version`",
        remedy=remedy,
    )


def _plain(body: Sequence[str]) -> Iterator[int]:
    """Places of the lines that are markdown, not code and not a comment."""
    fence, comment = "", False
    for index, line in enumerate(body):
        if fence:
            if line.strip().startswith(fence) and not line.strip(" `~\r\n\t"):
                fence = ""
        elif comment:
            comment = "-->" not in line
        elif opened := _FENCE.match(line):
            fence = opened[1]
        elif line.lstrip().startswith("<!--") and "-->" not in line:
            comment = True
        else:
            yield index


def _spots(body: Sequence[str]) -> Iterator[Spot]:
    section, end = "general", 0
    seen: set[str] = set()
    for first in _plain(body):
        line = body[first]
        if first < end:
            continue
        if line.startswith("## "):
            section = section_name(line[3:]) or "general"
        elif (bullet := _BULLET.match(line)) and bullet["text"].strip():
            end = first + 1
            while end < len(body) and _continues(body[end]):
                end += 1
            claim, marked = _claim(bullet["text"], body[first + 1 : end], section)
            if claim.id in seen:  # a copied line: the copy is a person's
                claim, marked = _by_hand(claim.text, section, seen), False
            seen.add(claim.id)
            yield Spot(claim, first, end, marked)


def _continues(line: str) -> bool:
    return line[:1] in " \t" and bool(line.strip())


def _claim(text: str, more: Sequence[str], section: str) -> tuple[Claim, bool]:
    words = " ".join(part.strip() for part in (text, *more))
    mark = _MARK.search(words)
    if mark is None:
        return _by_hand(words, section, ()), False
    tags = mark["tags"].split()
    try:
        last = date.fromisoformat(mark["last"]) if mark["last"] else None
    except ValueError:  # a person mistyped the day; the claim is still good
        last = None
    claim = Claim(
        id=mark["id"],
        section=section,
        text=words[: mark.start()].rstrip(),
        count=int(mark["count"] or 0),
        last=last,
        scope=next((from_word(t) for t in tags if t.startswith(PROJECT)), GLOBAL),
        by=next((tag[3:] for tag in tags if tag.startswith("by:")), ""),
        stated="stated" in tags,
    )
    return claim, True


def _by_hand(text: str, section: str, taken: Collection[str]) -> Claim:
    found = "h" + new_id(f"{section}\x1f{text}", {"c" + t[1:] for t in taken})[1:]
    return Claim(id=found, section=section, text=text, by="human")


def _insert(body: list[str], claim: Claim, newline: str) -> None:
    line = f"- {line_of(claim)}{newline}"
    if body and not body[-1].endswith("\n"):
        body[-1] += newline
    plain = list(_plain(body))
    inside, place = False, None
    ends = {s.first: s.end for s in _spots(body) if s.claim.section == claim.section}
    for index in plain:
        if body[index].startswith("## "):
            inside = section_name(body[index][3:]) == claim.section
            if inside:
                place = index + 1
        elif inside and index in ends:
            place = ends[index]
    if place is not None:
        body.insert(place, line)
        return
    # Before a fence or comment that somebody never closed: inside it, the claim
    # would not be one.
    end = plain[-1] + 1 if plain else 0
    if _closed(body):
        end = len(body)
    gap = [newline] if end and body[end - 1].strip() else []
    body[end:end] = [*gap, f"## {claim.section}{newline}", line]


def _closed(body: Sequence[str]) -> bool:
    return len(body) in _plain([*body, "\n"])


def _set_key(head: list[str], key: str, line: str) -> None:
    """Put ``line`` in the place of a top-level key, however many lines it took."""
    for index, text in enumerate(head):
        found = _KEY.match(text)
        if found and found[1] == key:
            end = index + 1
            while end < len(head) - 1 and head[end][:1] in " \t-\r\n":
                end += 1
            head[index:end] = [line] if line else []
            return
    if not line:
        return
    head.insert(len(head) - 1, line)
