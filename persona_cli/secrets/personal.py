"""What reaches a person or their money: mail, phone, cards, accounts, net addresses.

Numbers that only look so are common in talk about programs: versions, times, hashes,
ports, build numbers. So each form is a narrow one, or has check digits, or a word
before it that says what it is.
"""

import ipaddress
import re

from persona_cli.secrets.checks import digits_of, luhn, mod97
from persona_cli.secrets.rule import Rule, rule

# First digits and length of the cards in use; the last, of networks to come.
_CARDS = re.compile(
    r"4[0-9]{12}|3[47][0-9]{13}|3(?:0[0-5]|[689][0-9])[0-9]{11}"
    r"|2(?:22[1-9]|2[3-9][0-9]|[3-6][0-9]{2}|7[01][0-9]|720)[0-9]{12}|[3-6][0-9]{15}"
)

# Country -> length of its account numbers.
_IBAN = {
    found[:2]: int(found[2:])
    for found in re.findall(
        "[A-Z]{2}[0-9]{2}",
        "AD24AE23AL28AT20AZ28BA20BE16BG22BH22BR29BY28CH21CR22CY28CZ24DE22DK18DO28"
        "EE20EG29ES24FI18FO18FR27GB22GE22GI23GL18GR27GT28HR21HU28IE22IL23IQ23IS26"
        "IT27JO30KW30KZ20LB28LC32LI21LT20LU20LV21LY25MC27MD24ME22MK19MR27MT31MU30"
        "NL18NO15PK24PL28PS29PT25QA29RO24RS22SA24SC31SE24SI19SK24SM27ST25SV28TL23"
        "TN24TR26UA29VA22VG24XK20",
    )
}

# Servers everyone asks for names.
_WELL_KNOWN = frozenset(("8.8.8.8", "8.8.4.4", "1.1.1.1", "1.0.0.1", "9.9.9.9"))

# Digits enough for a number that is dialled.
_RUN = r"[0-9][0-9 .()/-]{5}"

_CALLED = (
    r"(?:phone|telephone|tel|telefon|téléphone|teléfono|telefono|mobile|cell|handy|mobil"
    r"|whatsapp|signal|fax|sms|portable|call me|text me|reach me|ring me|ruf mich)"
)


def _is_card(item: str) -> bool:
    digits = digits_of(item)
    bare = "".join(map(str, digits))
    return _CARDS.fullmatch(bare) is not None and luhn(digits)


def _is_iban(item: str) -> bool:
    bare = re.sub(r"[ -]", "", item).upper()
    if _IBAN.get(bare[:2]) != len(bare):
        return False
    return mod97(bare[4:] + bare[:4]) == 1


def _is_phone(item: str) -> bool:
    digits = digits_of(item)
    bare = "".join(map(str, digits))
    if not 7 <= len(digits) <= 15 or len(set(bare)) < 3:
        return False
    return not re.search(r"555-?01[0-9]{2}$", item.replace(" ", "-"))  # those of films


def _is_public(item: str) -> bool:
    try:
        address = ipaddress.ip_address(item)
    except ValueError:
        return False
    if not address.is_global or address.is_multicast or item in _WELL_KNOWN:
        return False
    if address.version == 6:
        return item[0] in "23" and item.count(":") >= 3
    parts = [int(part) for part in item.split(".")]
    # Four small numbers are a version, or the place of a paragraph.
    return max(parts) >= 30 and parts[1:] != [0, 0, 0]


PERSONAL: tuple[Rule, ...] = (
    rule(
        "mail",
        r"(?<![A-Za-z0-9._%+-])(?!git@)[A-Za-z0-9._%+-]{1,64}+@"
        r"(?!(?:[A-Za-z0-9-]{1,63}\.){0,4}"
        r"(?:example(?:\.(?:com|org|net))?|invalid|test|localhost)(?![A-Za-z0-9.-]*\w))"
        r"(?:[A-Za-z0-9-]{1,63}\.){1,8}[A-Za-z]{2,24}(?![A-Za-z0-9])",
        "@",
        personal=True,
    ),
    rule(
        "iban",
        # A group has digits, but for the bank's: else it is the next word.
        r"\b[A-Z]{2}[0-9]{2}[ -]?[A-Z0-9]{4}"
        r"(?:[ -]?(?=[A-Z]{0,3}[0-9])[A-Z0-9]{4}){1,6}(?:[ -]?[0-9][A-Z0-9]{0,2})?\b",
        form=r"\b[a-z]{2}[0-9]{2}[ -]?[a-z0-9]{4}",
        check=_is_iban,
        personal=True,
        ignore_case=True,
    ),
    rule(
        "payment-card",
        r"[2-6](?<![\w.+-].)(?<![$€£#].)[0-9]{3}(?:([ -])[0-9]{4}\1[0-9]{4}\1[0-9]{1,4}"
        r"|[ -][0-9]{6}[ -][0-9]{4,5}|[0-9]{8,12})(?![\w-]|\.[0-9])",
        form=r"\b[2-6][0-9]{3}[ -]?[0-9]{4}",
        check=_is_card,
        personal=True,
    ),
    rule(
        "phone",
        # +49 151 234567, as anywhere in the world
        r"\+(?<![\w+*/)-].)(?:1|2[07]|3[0-469]|4[013-9]|5[1-8]|6[0-6]|7|8[1246]|9[0-58]"
        r"|[2-9][0-9]{2})(?:[ .()/-]{0,2}[0-9]){6,13}(?![\w-]|\.[0-9])"
        # (212) 555-7890, 212-555-7890
        r"|\((?<![\w)].)[2-9][0-9]{2}\)[ -]?[2-9][0-9]{2}[ .-][0-9]{4}(?![\w-]|\.[0-9])"
        r"|[2-9](?<![\w.+/-].)[0-9]{2}([.-])[2-9][0-9]{2}\1[0-9]{4}(?![\w-]|\.[0-9])"
        # 06 12 34 56 78; 07700 123456; 0151/2345678
        r"|0(?<![\w.:/,+-].)(?:[1-9](?:[ .][0-9]{2}){4}"
        r"|7[0-9]{3}[ ][0-9]{3}[ ]?[0-9]{3}"
        r"|20[ ][0-9]{4}[ ][0-9]{4}|1[5-7][0-9][ /-][0-9]{7,8}"
        r"|[1-9][0-9]{1,4}/[0-9]{5,8})(?![\w-]|\.[0-9])",
        form=r"\+[1-9]|\([2-9][0-9]{2}\)|[2-9][0-9]{2}[.-][2-9][0-9]{2}[.-][0-9]{4}"
        r"|0[1-9][0-9]{0,4}[ ./-][0-9]{2}",
        check=_is_phone,
        personal=True,
    ),
    rule(
        "phone-number",
        # after a word that says so
        rf"\b{_CALLED}\b[^\n0-9+(]{{0,20}}"
        r"(?P<secret>[+(]?[0-9](?:[ .()/-]{0,2}[0-9]){6,14})(?![\w-]|\.[0-9])",
        form=rf"{_CALLED}[^\n0-9+(]{{0,20}}[+(]?{_RUN}",
        check=_is_phone,
        personal=True,
        ignore_case=True,
    ),
    rule(
        "ip-address",
        r"[0-9](?<![\w.:/v-].)(?<!\bversion .)(?<!\brelease .)"
        r"[0-9]{0,2}(?:\.[0-9]{1,3}){3}(?![\w-]|\.[0-9])"
        r"|(?<=://)[0-9]{1,3}(?:\.[0-9]{1,3}){3}(?![\w-]|\.[0-9])"
        r"|[23](?<![\w:.].)[0-9a-fA-F]{3}:[0-9a-fA-F:]{4,34}(?![\w:])",
        form=r"[0-9]\.[0-9]{1,3}\.[0-9]{1,3}\.[0-9]|\b[23][0-9a-f]{3}:[0-9a-f:]{4}",
        check=_is_public,
        personal=True,
    ),
)  # fmt: skip
