"""A text for a person to judge: with what a model would read and they would not see.

``inert`` writes out what acts or hides. For a person that is not enough: a letter may
pass for another, and a long run of letters may be a sentence in base64.
"""

from persona_cli.inert import inert
from persona_cli.lookalike import encoded, imposters

_LONGEST_DECODED = 80


def revealed(text: str) -> str:
    """One line in which nothing hides: escapes as in ``inert``, and look-alikes too.

    Ordinary text of any language comes through byte for byte.
    """
    posing = imposters(text)
    if posing:
        text = "".join(
            f"\\u{{{ord(char):x}}}" if place in posing else char
            for place, char in enumerate(text)
        )
    return inert(text)


def suspicions(text: str) -> list[str]:
    """What to know of a text before one believes one's eyes; mostly nothing."""
    found: list[str] = []
    posing = imposters(text)
    if posing:
        found.append(f"{len(posing)} letters that pass for others")
    if inert(text).count("\\") > text.count("\\"):
        found.append("characters that hide or act, written out with backslashes")
    for run, said in encoded(text):
        what = f"{len(run)} characters of base64"
        if said:
            what += f': "{inert(said)[:_LONGEST_DECODED]}"'
        found.append(what)
    return found


def marked(text: str) -> str:
    """A text revealed, and after it what to know of it."""
    found = suspicions(text)
    return revealed(text) + (f"  [!] {'; '.join(found)}" if found else "")
