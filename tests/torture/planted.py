"""Secrets and personal data drawn anew, in sentences people paste them into.

Each comes with what of it must be found nowhere: the drawn part, not its prefix.
"""

import random
import string
from collections.abc import Callable
from dataclasses import dataclass

from persona_cli.secrets.checks import luhn, mod97

_DIGITS, _HEX = string.digits, "0123456789abcdef"
_LETTERS = string.ascii_letters
_WORD = _LETTERS + _DIGITS
_CAPITALS = string.ascii_uppercase + _DIGITS


@dataclass(frozen=True)
class Planted:
    """One thing in a sentence.

    kind:   of it, for the message of a test that fails
    text:   as it is typed
    canary: what must not be kept
    """

    kind: str
    text: str
    canary: str


def secrets_of(count: int, *, seed: int) -> list[Planted]:
    """``count`` secrets, of all kinds in turn."""
    return _drawn(_SECRETS, count, seed)


def personal_of(count: int, *, seed: int) -> list[Planted]:
    """``count`` items of personal data, of all kinds in turn."""
    return _drawn(_PERSONAL, count, seed)


def _drawn(
    makers: dict[str, Callable[[random.Random], tuple[str, str]]], count: int, seed: int
) -> list[Planted]:
    dice = random.Random(seed)
    names = list(makers)
    found = []
    for number in range(count):
        kind = names[number % len(names)]
        item, canary = makers[kind](dice)
        found.append(Planted(kind, dice.choice(_SAID).format(item), canary))
    return found


_SAID = (
    "I prefer tabs. btw use {} for the test account",
    "it fails with {} here, keep answers short",
    "here is what you need: {}\nand always use type hints",
    "always answer in British English, and set TOKEN to {} please",
    "I like uv more than pip (it says {})",
    'this is in my settings: "{}", do not repeat it',
)


def _run(dice: random.Random, letters: str, length: int) -> str:
    return "".join(dice.choices(letters, k=length))


def _token(head: str, letters: str, length: int) -> Callable[..., tuple[str, str]]:
    def make(dice: random.Random) -> tuple[str, str]:
        drawn = _run(dice, letters, length - 1) + dice.choice(
            _DIGITS if letters != _HEX else _HEX
        )
        return head + drawn, drawn

    return make


def _within(form: str, letters: str, length: int) -> Callable[..., tuple[str, str]]:
    def make(dice: random.Random) -> tuple[str, str]:
        drawn = _run(dice, letters, length - 2) + dice.choice(_DIGITS) + "a"
        return form.format(drawn), drawn

    return make


def _key(dice: random.Random) -> tuple[str, str]:
    lines = [_run(dice, _WORD + "+/", 64) for _ in range(6)]
    edge = "-----{} " + "OPENSSH PRIVATE " + "KEY-----"
    text = "\n".join([edge.format("BEGIN"), *lines, edge.format("END")])
    return text, lines[dice.randrange(6)]


def _aws_pair(dice: random.Random) -> tuple[str, str]:
    secret = _run(dice, _WORD + "/+", 36) + "aB3/"
    return "AK" + "IA" + _run(dice, _CAPITALS, 16) + " " + secret, secret


def _jwt(dice: random.Random) -> tuple[str, str]:
    signature = _run(dice, _WORD + "_-", 43)
    body = ("ey" + "J" + _run(dice, _WORD, 30) for _ in range(2))
    return ".".join((*body, signature)), signature


_SECRETS: dict[str, Callable[..., tuple[str, str]]] = {
    "github": _token("ghp" + "_", _WORD, 36),
    "github fine": _token("github" + "_pat_", _WORD, 82),
    "gitlab": _token("glpat" + "-", _WORD, 20),
    "aws id": _token("AK" + "IA", _CAPITALS, 16),
    "aws pair": _aws_pair,
    "google": _token("AI" + "za", _WORD, 35),
    "azure storage": _within("AccountKey={}==", _WORD, 86),
    "openai": _token("sk" + "-proj-", _WORD, 48),
    "anthropic": _token("sk" + "-ant-api03-", _WORD, 93),
    "hugging face": _token("hf" + "_", _LETTERS, 34),
    "slack": _token("xoxb" + "-", _WORD, 40),
    "stripe": _token("sk" + "_live_", _WORD, 24),
    "npm": _token("npm" + "_", _WORD, 36),
    "pypi": _token("pypi" + "-AgEIcHlwaS5vcmc", _WORD, 80),
    "sendgrid": _within("SG." + _WORD[:22] + ".{}", _WORD, 43),
    "twilio": _token("SK", _HEX, 32),
    "digitalocean": _token("dop" + "_v1_", _HEX, 64),
    "vault": _token("hvs" + ".", _WORD, 90),
    "telegram": _token("110201543:", _WORD, 35),
    "databricks": _token("dapi", _HEX, 32),
    "shopify": _token("shpat" + "_", _HEX, 32),
    "groq": _token("gsk" + "_", _WORD, 52),
    "linear": _token("lin" + "_api_", _WORD, 40),
    "jwt": _jwt,
    "private key": _key,
    "bearer": _within("Authorization: Bearer {}", _WORD, 40),
    "header": _within("X-Api-Key: {}", _WORD, 32),
    "cookie": _within("Cookie: session={}", _WORD, 32),
    "database": _within("postgres://app:{}@db.internal/app", _WORD, 14),
    "environment": _within("DB_PASSWORD={}", _WORD, 16),
    "json": _within("'client_secret': '{}'", _WORD, 32),
    "sentence": _within("my password is {}", _WORD, 12),
    "curl": _within("curl -u ada:{} https://host/x", _WORD, 14),
    "unmarked": _within("datadog: {}", _HEX, 32),
    "hash": _within("$2b$12$" + "a" * 20 + "{}", _WORD, 33),
}  # fmt: skip


def _card(dice: random.Random) -> tuple[str, str]:
    body = dice.choice(("4", "51", "55", "6011", "34", "37"))
    body += _run(dice, _DIGITS, (14 if body[0] == "3" else 15) - len(body))
    whole = next(body + d for d in _DIGITS if luhn([int(c) for c in body + d]))
    if len(whole) == 16 and dice.random() < 0.5:
        whole = " ".join(whole[i : i + 4] for i in range(0, 16, 4))
    return whole, whole


def _iban(dice: random.Random) -> tuple[str, str]:
    land, length = dice.choice((("DE", 18), ("AT", 16), ("ES", 20), ("PL", 24)))
    account = _run(dice, _DIGITS, length)
    whole = f"{land}{98 - mod97(account + land + '00'):02}{account}"
    if dice.random() < 0.5:
        whole = " ".join(whole[i : i + 4] for i in range(0, len(whole), 4))
    return whole, whole


def _phone(dice: random.Random) -> tuple[str, str]:
    form = dice.choice(
        ("+49 151 2{}", "+1 (415) 2{}", "+44 7700 9{}", "+33 6 1{}", "+91 98{}")
    )
    whole = form.format(_run(dice, _DIGITS, 6))
    return whole, whole


def _mail(dice: random.Random) -> tuple[str, str]:
    host = dice.choice(("harbour.co", "mail.lakeside.net", "uni-x.ac.uk"))
    whole = f"{_run(dice, string.ascii_lowercase, 9)}.{_run(dice, _DIGITS, 2)}@{host}"
    return whole, whole


def _address(dice: random.Random) -> tuple[str, str]:
    number, name = (
        dice.randrange(2, 999),
        dice.choice(("Maple", "Station", "Kings Mill")),
    )
    forms = (
        f"{number} {name} Road",
        f"{number} {name} Street",
        f"Lindenstraße {number}",
        f"{number} rue de Rivoli",
        f"{number} {name} Dr, Springfield, IL",
    )
    whole = dice.choice(forms)
    return whole, whole


def _address_of_a_machine(dice: random.Random) -> tuple[str, str]:
    parts = (dice.randrange(40, 99), *(dice.randrange(1, 255) for _ in range(3)))
    whole = ".".join(map(str, parts))
    return whole, whole


def _number(dice: random.Random) -> tuple[str, str]:
    whole = (
        f"{dice.randrange(1, 665):03}-{dice.randrange(1, 99):02}"
        f"-{dice.randrange(1, 9999):04}"
    )
    return whole, whole


_PERSONAL: dict[str, Callable[..., tuple[str, str]]] = {
    "mail": _mail,
    "phone": _phone,
    "card": _card,
    "iban": _iban,
    "address": _address,
    "number of a person": _number,
    "address of a machine": _address_of_a_machine,
}

# What people say beside: none of it is to be changed.
BENIGN = tuple(
    form.format(thing)
    for form in (
        "I prefer {} in all my projects.",
        "Please never use {}; I can't read it.",
        "When you explain {}, keep it to three lines.",
        "for me {} always comes before the prose",
        "I always take {}, whatever the default is",
    )
    for thing in (
        "tabs over spaces", "Python 3.12.4", "version 2.7.18", "uv 0.4.30",
        "commit f4bdf4ae4d8008950d1f274f2a8a590fc472464b", "UTC and ISO 8601 times",
        "2026-07-13T10:30:00Z", "127.0.0.1:8080", "port 5432", "#a7e7a6",
        "the token limit of 4096", "pass by reference", "key bindings of vim",
        "password managers", "British spelling", "10.15.7.1", "192.168.6.23",
        "e737a6f3-d2c8-4591-af1e-81384ef2654d", "someone@example.com as the example",
        "build 4111 1111 1111 1112", "small functions", "type hints", "pytest",
        "short answers", "lists", "secret santa games", "authentic food",
    )
)  # fmt: skip
