"""Numbers that states give to people: by check digits, or by what is said of them."""

import re
from collections.abc import Callable

from persona_cli.secrets.checks import (
    digits_of,
    iso7064_mod11_10,
    luhn,
    verhoeff,
    weighted,
)
from persona_cli.secrets.rule import Rule, rule

_LETTERS = "TRWAGMYFPDXBNJZSQVHLCKE"
_HETU = "0123456789ABCDEFHJKLMNPRSTUVWXY"
# What a character counts in an odd place of an Italian code; the same for A and 0.
_ODD = (
    *(1, 0, 5, 7, 9, 13, 15, 17, 19, 21, 2, 4, 18),
    *(20, 11, 3, 6, 8, 12, 14, 16, 10, 22, 25, 24, 23),
)


def _spanish(item: str) -> bool:
    bare = re.sub(r"[ -]", "", item).upper()
    number = bare[:-1].translate(str.maketrans("XYZ", "012"))
    return _LETTERS[int(number) % 23] == bare[-1]


def _french(item: str) -> bool:
    bare = re.sub(r"\D", "", item.upper().replace("2A", "19").replace("2B", "18"))
    return len(bare) == 15 and 97 - int(bare[:13]) % 97 == int(bare[13:])


def _italian(item: str) -> bool:
    total = 0
    for place, char in enumerate(item.upper()[:15]):
        value = int(char) if char.isdigit() else ord(char) - 65
        total += value if place % 2 else _ODD[value]
    return chr(65 + total % 26) == item.upper()[15]


def _belgian(item: str) -> bool:
    bare = "".join(map(str, digits_of(item)))
    body, check = int(bare[:9]), int(bare[9:])
    return check in (97 - body % 97, 97 - (2_000_000_000 + body) % 97)


def _swedish(item: str) -> bool:
    digits = digits_of(item)[-10:]
    return luhn(digits) and 1 <= digits[2] * 10 + digits[3] <= 12


def _finnish(item: str) -> bool:
    return _HETU[int(item[:6] + item[7:10]) % 31] == item[10].upper()


def _brazilian(item: str) -> bool:
    digits = digits_of(item)
    if len(set(digits)) == 1:
        return False
    for length in (9, 10):
        rest = weighted(digits[:length], list(range(length + 1, 1, -1)), 11)
        if digits[length] != (0 if rest < 2 else 11 - rest):
            return False
    return True


def _chinese(item: str) -> bool:
    factors = [2 ** (17 - place) % 11 for place in range(17)]
    rest = weighted(digits_of(item[:17]), factors, 11)
    return "10X98765432"[rest] == item[17].upper()


_FEWEST = 5


def _named(item: str) -> bool:
    """A number with a word before it: by any of the checks such numbers have."""
    bare = re.sub(r"[ .-]", "", item)
    if (
        not bare.isdigit()
    ):  # letters and digits mixed: passports; "sin 45 there" is none
        return sum(c.isdigit() for c in bare) >= _FEWEST
    digits = digits_of(bare)
    checks: dict[int, list[Callable[[list[int]], bool]]] = {
        8: [lambda _: True],
        9: [luhn, _dutch, _australian, lambda d: d[0] != 9],
        10: [_nhs],
        11: [iso7064_mod11_10, _polish, lambda d: _brazilian("".join(map(str, d)))],
        12: [verhoeff],
    }
    return any(check(digits) for check in checks.get(len(digits), []))


def _nhs(digits: list[int]) -> bool:
    return (11 - weighted(digits[:9], list(range(10, 1, -1)), 11)) % 11 == digits[9]


def _dutch(digits: list[int]) -> bool:
    return weighted(digits, [9, 8, 7, 6, 5, 4, 3, 2, -1], 11) == 0


def _australian(digits: list[int]) -> bool:
    return weighted(digits, [1, 4, 3, 7, 5, 8, 6, 9, 10], 11) == 0


def _polish(digits: list[int]) -> bool:
    return weighted(digits, [1, 3, 7, 9, 1, 3, 7, 9, 1, 3, 1], 10) == 0


def _of_state(item: str) -> bool:
    """The check of the one form that the item has."""
    for form, check in _FORMS:
        if re.fullmatch(form, item, re.IGNORECASE):
            return check(item)
    return False


_FORMS: tuple[tuple[str, Callable[[str], bool]], ...] = (
    # United States: no check digit, but numbers that were never given out
    (r"(?!000|666|9)[0-9]{3}-(?!00)[0-9]{2}-(?!0000)[0-9]{4}", lambda _: True),
    # United Kingdom
    (
        r"(?!BG|GB|KN|NK|NT|TN|ZZ)[A-CEGHJ-PR-TW-Z]{2}(?: ?[0-9]{2}){3} ?[A-D]",
        lambda _: True,
    ),
    (r"[0-9]{8}[ -]?[A-Z]|[XYZ][ -]?[0-9]{7}[ -]?[A-Z]", _spanish),
    (r"[12] ?[0-9]{2} ?[0-9]{2} ?[0-9][0-9AB] ?[0-9]{3} ?[0-9]{3} ?[0-9]{2}", _french),
    (r"[A-Z]{6}[0-9]{2}[A-EHLMPRST][0-9]{2}[A-Z][0-9]{3}[A-Z]", _italian),
    (r"[0-9]{2}\.[0-9]{2}\.[0-9]{2}-[0-9]{3}\.[0-9]{2}", _belgian),
    (r"(?:19|20)?[0-9]{2}[01][0-9][0-9]{2}[-+][0-9]{4}", _swedish),
    (r"[0-3][0-9][01][0-9]{3}[-+A-FU-Y][0-9]{3}[0-9A-Y]", _finnish),
    (r"[0-9]{3}\.[0-9]{3}\.[0-9]{3}-[0-9]{2}", _brazilian),
    (r"[1-9][0-9]{5}(?:19|20)[0-9]{2}[01][0-9][0-3][0-9][0-9]{3}[0-9X]", _chinese),
    (r"[2-9][0-9]{3} [0-9]{4} [0-9]{4}", lambda item: verhoeff(digits_of(item))),
)

_ANY = "|".join(form for form, _ in _FORMS)

_SAID = (
    "passport", "ssn", "social security", "national insurance", "sin", "tax id",
    "tax number", "steuer-?id(?:entifikationsnummer)?", "steuernummer", "nhs", "bsn",
    "burgerservicenummer", "pesel", "cpf", "tfn", "aadhaar", "driver'?s? licen[cs]e",
    "driving licen[cs]e", "id card", "personalausweis", "reisepass", "passeport",
    "pasaporte",
)  # fmt: skip

IDS: tuple[Rule, ...] = (
    rule(
        "national-id",
        rf"(?<![\w.+/-])(?:{'|'.join(form for form, _ in _FORMS)})(?![\w-]|\.[0-9])",
        # nearly all digits, with few signs between them; or a word of 9 or 16
        form=r"\b(?:[a-z]?[0-9][0-9 .-]{6}|[a-z]{2} ?[0-9]{2} ?[0-9]{2}"
        r"|[a-z]{6}[0-9]{2}[a-z])",
        check=_of_state,
        personal=True,
        ignore_case=True,
    ),
    rule(
        "id-number",
        # after a word that says so
        rf"\b(?:{'|'.join(_SAID)})\b"
        r"[^\n0-9]{0,20}?\b"
        r"(?P<secret>[A-Z]{0,2}[0-9][A-Z0-9]?(?:[ .-]?[A-Z0-9]){5,12})"
        r"(?![\w-]|\.[0-9])",
        form=rf"(?:{'|'.join(_SAID)})[^\n0-9]{{0,22}}[0-9][a-z0-9 .-]{{6}}",
        check=_named,
        personal=True,
        ignore_case=True,
    ),
)  # fmt: skip
