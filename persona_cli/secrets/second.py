"""A second opinion on what is a secret: detect-secrets, where somebody asks for it.

Its detectors are asked for what they see in a line, and nothing else of it is used: no
verification, which would send the find to its service, and no ``pragma`` in the text
that would let a secret pass. Two are left out, as they are mostly wrong about prose:
addresses of the internet, and the head of a private key, which our own rule takes with
the key. Random-looking text counts where a word such as *token* stands in its line.

Source: detect-secrets 1.5, https://github.com/Yelp/detect-secrets
"""

import importlib.util
import re
from collections import Counter
from collections.abc import Callable, Iterator
from functools import cache
from typing import Any, NamedTuple

from persona_cli import secrets as own
from persona_cli.secrets import Allowed, Found
from persona_cli.secrets.rule import Rule

# Their types, as it calls them.
_LEFT_OUT = frozenset(("Public IP (ipv4)", "Private Key"))

# Only in a line that speaks of a secret.
_RANDOM = frozenset(("Base64 High Entropy String", "Hex High Entropy String"))
_SPEAKS = re.compile(
    r"key|token|secret|passw|pwd|credential|auth|bearer", re.IGNORECASE
)
# With a digit: what has none is the name of something.
_RUN = re.compile(
    r"(?<![A-Za-z0-9+/_-])(?=[A-Za-z+/_-]{0,99}[0-9])[A-Za-z0-9+/_-]{20,200}"
)

# What was replaced before is no secret any more.
_MARK = re.compile(r"\[redacted:[^\]]{0,60}\]?")

# Characters: shorter finds are words of the sentence.
_SHORTEST = 6

# Characters: its patterns take more than linear time on long lines, so these are read
# in pieces, which share as much as a secret is long.
_PIECE, _SHARED = 2_000, 400

_MOST_PASSES = 4


class _Detector(NamedTuple):
    """One of theirs.

    asks:   given a line, the items in it
    random: it goes by how random a text looks
    """

    rule: Rule
    asks: Callable[[str], Iterator[str]]
    random: bool


def asked(allowed: Allowed) -> bool:
    """Whether who says what is allowed asks for a second opinion, too."""
    return bool(getattr(allowed, "second", False))


def is_installed() -> bool:
    """Whether there is somebody to ask."""
    return importlib.util.find_spec("detect_secrets") is not None


def clean(text: str, allowed: Allowed) -> bool:
    """Whether no rule, and no second opinion that is asked for, finds anything."""
    return own.clean(text) and not (asked(allowed) and any(_finds(text, allowed)))


def redact(text: str, allowed: Allowed) -> tuple[str, Counter[str]]:
    """As ``secrets.redact``, and then by the second opinion where it is asked for."""
    text, found = own.redact(text, allowed)
    if not asked(allowed):
        return text, found
    for _ in range(_MOST_PASSES):
        hits = {hit.item: hit.rule.name for hit in _finds(text, allowed)}
        if not hits:
            break
        for item, kind in hits.items():
            found[kind] += text.count(item)
            text = text.replace(item, f"[redacted:{kind}]")
        text, more = own.redact(text, allowed)
        found.update(more)
    return text, found


def find(text: str, allowed: Allowed) -> Iterator[Found]:
    """As ``secrets.find``, and then by the second opinion where it is asked for."""
    yield from own.find(text, allowed)
    if asked(allowed):
        yield from _finds(text, allowed)


def _finds(text: str, allowed: Allowed) -> Iterator[Found]:
    for number, line in enumerate(_MARK.sub(" ", text).split("\n"), start=1):
        speaks = _SPEAKS.search(line) is not None
        for piece in _pieces(line):
            for detector in _detectors():
                if detector.random and not speaks:
                    continue
                for item in detector.asks(piece):
                    counts = len(item) >= _SHORTEST and item.strip() == item
                    if counts and not allowed(detector.rule.name, item):
                        yield Found(detector.rule, item, number)


def _pieces(line: str) -> Iterator[str]:
    if len(line) <= _PIECE:
        yield line
        return
    for start in range(0, len(line), _PIECE - _SHARED):
        yield line[start : start + _PIECE]


@cache
def _detectors() -> tuple[_Detector, ...]:
    # An optional library, and slow to load: it brings an HTTP client, never used here.
    from detect_secrets.core.plugins import util

    found = []
    plugins: dict[str, Any] = dict(util.get_mapping_from_secret_type_to_class())
    for kind, plugin in plugins.items():
        if kind not in _LEFT_OUT:
            name = re.sub(r"[^a-z0-9]+", "-", kind.casefold()).strip("-")
            rule = Rule(f"second-{name}", re.compile(r"(?!)"))
            random = kind in _RANDOM
            found.append(_Detector(rule, _asks(plugin(), random=random), random))
    return tuple(found)


def _asks(plugin: Any, *, random: bool) -> Callable[[str], Iterator[str]]:
    def each(line: str) -> Iterator[str]:
        yield from map(str, plugin.analyze_string(line))

    def quoted(line: str) -> Iterator[str]:
        # They look at what stands in quotes alone, as it does in programs.
        for run in _RUN.findall(line):
            yield from each(f'"{run}"')

    return quoted if random else each
