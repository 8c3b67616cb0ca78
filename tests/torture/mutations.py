"""Good files made wrong, by chance that is the same in every run."""

import random

# What stands in nobody's file, and what only seems to be another thing.
ODD = [
    *(
        b"\x00",
        b"\xff\xfe",
        b"\xef\xbb\xbf",
        b"\xed\xa0\x80",
        b"\xf0\x9f\x92",
        b"\x1b[2J",
    ),
    *(
        "\u2028",
        "\x85",
        "\u202e",
        "\u200b",
        "é",
        "e\u0301",
        "ﬁ",
        "\U0001f469\u200d\U0001f680",
    ),
    *(
        "\r",
        "\n",
        "\r\n",
        "\t",
        "\f",
        " " * 40,
        "\\u0000",
        "\\ud800",
        '"',
        "'",
        "`" * 3,
    ),
    *(
        "---\n",
        "...\n",
        "&a ",
        "*a",
        "!!str ",
        "!!python/name:os.system ",
        "? ",
        ": ",
        "- ",
    ),
    *(
        "{",
        "}",
        "[",
        "]",
        "[" * 2000,
        '{"a":' * 200,
        "<!-- ",
        " -->",
        "#",
        "|",
        ">",
        "%",
        "@",
    ),
    *(
        "null",
        "NaN",
        "-Infinity",
        "1e999",
        "9" * 5000,
        "0x10",
        "010",
        "~",
        "true",
        "-0",
    ),
    *(
        "<<<<<<< HEAD\n",
        "=======\n",
        ">>>>>>> other\n",
        "<<: *a\n",
        "$(id)",
        "%s{0}${HOME}",
    ),
]


def mutated(good: bytes, chance: random.Random) -> bytes:
    """A file with one to four things done to it."""
    content = good
    for _ in range(chance.randint(1, 4)):
        content = chance.choice(WAYS)(content, chance)
    return content


def _odd(content: bytes, chance: random.Random) -> bytes:
    what = chance.choice(ODD)
    at = chance.randint(0, len(content))
    raw = what if isinstance(what, bytes) else what.encode()
    return content[:at] + raw + content[at:]


def _flipped(content: bytes, chance: random.Random) -> bytes:
    if not content:
        return content
    at = chance.randrange(len(content))
    flipped = bytes([content[at] ^ 1 << chance.randrange(8)])
    return content[:at] + flipped + content[at + 1 :]


def _less(content: bytes, chance: random.Random) -> bytes:
    start = chance.randint(0, len(content))
    return content[:start] + content[start + chance.choice((1, 7, 60, 10**9)) :]


def _again(content: bytes, chance: random.Random) -> bytes:
    start = chance.randint(0, len(content))
    return content[: start + chance.randint(1, 80)] + content[start:]


def _line_again(content: bytes, chance: random.Random) -> bytes:
    lines = content.splitlines(keepends=True) or [b"\n"]
    lines.insert(chance.randint(0, len(lines)), chance.choice(lines))
    return b"".join(lines)


def _lines_swapped(content: bytes, chance: random.Random) -> bytes:
    lines = content.splitlines(keepends=True) or [b"\n"]
    one, other = chance.randrange(len(lines)), chance.randrange(len(lines))
    lines[one], lines[other] = lines[other], lines[one]
    return b"".join(lines)


def _line_long(content: bytes, chance: random.Random) -> bytes:
    lines = content.splitlines(keepends=True) or [b"\n"]
    at = chance.randrange(len(lines))
    lines[at] = (
        lines[at].rstrip(b"\n") + chance.choice((b"x", b" y", b"- ")) * 3000 + b"\n"
    )
    return b"".join(lines)


def _windows(content: bytes, _chance: random.Random) -> bytes:
    return content.replace(b"\n", b"\r\n")


def _marked(content: bytes, _chance: random.Random) -> bytes:
    return b"\xef\xbb\xbf" + content


WAYS = (_odd, _odd, _odd, _flipped, _flipped, _less, _again)
WAYS += (_line_again, _lines_swapped, _line_long, _windows, _marked)
