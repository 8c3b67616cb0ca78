"""Where a claim holds: everywhere, or in one project."""

from collections.abc import Iterable

GLOBAL = "global"
PROJECT = "project:"

# How a person wants to be answered does not change with the folder they stand in; what
# they do in one project may be that project's custom.
EVERYWHERE = frozenset({"communication"})

# So does what they say they like: "I prefer" is of the person, "always run the linter"
# may be of the project.
TASTES = ("Prefers ", "Likes ", "Loves ", "Enjoys ", "Dislikes ", "Hates ")

_LONGEST = 200


def united(scopes: Iterable[str]) -> str:
    """Where something holds that was seen in these scopes: in one, or everywhere."""
    found = set(scopes)
    return found.pop() if len(found) == 1 else GLOBAL


def covers(wide: str, narrow: str) -> bool:
    """Whether what holds in one scope holds in the other too."""
    return wide in (GLOBAL, narrow)


def scope_named(text: str) -> str:
    """The scope that a person names.

    text:   ``global``, ``project:NAME``, or a project's NAME
    Raises: ValueError for a name that no project can have
    """
    name = " ".join(text.removeprefix(PROJECT).split())
    if text == GLOBAL:
        return GLOBAL
    if not name or not name.isprintable() or len(name) > _LONGEST:
        raise ValueError(f"{text[:_LONGEST]!r} is not global or project:NAME")
    return f"{PROJECT}{name}"


def as_word(scope: str) -> str:
    """A scope as one word, which can stand in the mark of a claim's line.

    A folder may be called anything: what would end the word, or the mark, is written
    as ``%`` and two hex digits a byte.
    """
    return "".join(
        char
        if char.isprintable() and char not in " <>%"
        else "".join(f"%{byte:02x}" for byte in char.encode("utf-8", "replace"))
        for char in scope
    )


def from_word(word: str) -> str:
    """The scope that ``as_word`` wrote; the word itself where it wrote none."""
    if "%" not in word:
        return word
    first, *rest = word.encode().split(b"%")
    found = bytearray(first)
    for part in rest:
        try:
            found += bytes.fromhex(part[:2].decode()) + part[2:]
        except ValueError:
            found += b"%" + part
    text = found.decode("utf-8", "replace")
    # Nothing that acts on a terminal comes out of a mark that did not hold it.
    return text if text.isprintable() and "\ufffd" not in text else word
