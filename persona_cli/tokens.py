"""How many tokens a text becomes, where no model is at hand to ask."""

import re

from persona_cli.similar import is_english

# Letters that a token holds at least, on the average of a line.
_ENGLISH, _OTHER = 4, 2
_PIECE = re.compile(r"[A-Z]?[a-z]+|[A-Z]+|\s+|[^A-Za-z\s]")


def estimate_tokens(text: str) -> int:
    """An upper estimate of the tokens a text becomes, whatever the model.

    Counted as: one for every four letters (a-z) of a word in lines of English, for
    every two in other lines and in capitals; one for every digit, mark and line
    break, and for every blank but the single one between words; one for each byte of
    any other character. Vocabularies of bytes keep English words mostly whole, and
    never take more than the bytes. Keys and hashes may take more than estimated.
    """
    return sum(map(_line_tokens, text.split("\n"))) + text.count("\n")


def _line_tokens(line: str) -> int:
    letters = _ENGLISH if is_english(line) else _OTHER
    tokens = 0
    for piece in _PIECE.findall(line):
        if piece.isascii() and piece.isalpha():
            tokens += -(-len(piece) // (_OTHER if piece.isupper() else letters))
        elif piece != " ":
            tokens += len(piece.encode("utf-8", "replace"))
    return tokens
