"""Arithmetic that tells a number with a meaning from any other number."""

import math
import string
from collections import Counter

_VALUES = {c: i for i, c in enumerate(string.digits + string.ascii_uppercase)}


def digits_of(text: str) -> list[int]:
    """The ASCII digits of a text, as numbers."""
    return [ord(c) - 48 for c in text if "0" <= c <= "9"]


def luhn(digits: list[int]) -> bool:
    """ISO/IEC 7812: every second digit doubled, from the right, they add up to tens."""
    total = 0
    for place, digit in enumerate(reversed(digits)):
        doubled = digit * 2 if place % 2 else digit
        total += doubled - 9 if doubled > 9 else doubled
    return total % 10 == 0


def mod97(text: str) -> int:
    """ISO 7064: the remainder by 97 of a text of digits and letters, A being 10."""
    return int("".join(str(_VALUES[c]) for c in text.upper())) % 97


def iso7064_mod11_10(digits: list[int]) -> bool:
    """ISO 7064 hybrid MOD 11,10: German tax numbers."""
    product = 10
    for digit in digits[:-1]:
        total = (digit + product) % 10 or 10
        product = total * 2 % 11
    return (11 - product) % 10 == digits[-1]


def weighted(digits: list[int], weights: list[int], modulus: int) -> int:
    """The remainder of the digits, each taken so many times."""
    return sum(d * w for d, w in zip(digits, weights, strict=True)) % modulus


_D5 = [
    [(i + j) % 5 if j < 5 else 5 + (i + j) % 5 for j in range(10)] for i in range(5)
] + [[5 + (i - j) % 5 if j < 5 else (i - j) % 5 for j in range(10)] for i in range(5)]
_SHIFT = [1, 5, 7, 6, 2, 8, 3, 0, 9, 4]


def verhoeff(digits: list[int]) -> bool:
    """Verhoeff's check, over the dihedral group of ten: Indian Aadhaar numbers."""
    check = 0
    for place, digit in enumerate(reversed(digits)):
        for _ in range(place % 8):
            digit = _SHIFT[digit]
        check = _D5[check][digit]
    return check == 0


def entropy(text: str) -> float:
    """Bits a character, by how often each comes; 0 for nothing."""
    if not text:
        return 0.0
    counts = Counter(text).values()
    return -sum(n / len(text) * math.log2(n / len(text)) for n in counts)


def is_random(text: str) -> bool:
    """Whether a text of base64 looks drawn: three classes of characters, well mixed."""
    return (
        any(c.isdigit() for c in text)
        and any(c.isupper() for c in text)
        and any(c.islower() for c in text)
        and entropy(text) > 3.5
    )
