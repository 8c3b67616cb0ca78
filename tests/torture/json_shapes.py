"""JSON, nearly JSON and not JSON at all: the corners of the grammar, one by one."""

from collections.abc import Iterator

# A value each; whether a reader may take it is for its parser to say.
_NUMBERS = (
    *(
        "0",
        "-0",
        "1",
        "-1",
        "1.0",
        "1e3",
        "1E+3",
        "1e-3",
        "0e0",
        "0.1e1",
        "123456789012",
    ),
    *(
        "-",
        "+1",
        "01",
        "-01",
        "1.",
        ".1",
        "-.1",
        "1e",
        "1e+",
        "1.e1",
        "0x1F",
        "1_000",
        "1 2",
    ),
    *(
        "NaN",
        "-NaN",
        "Infinity",
        "-Infinity",
        "1e999",
        "-1e999",
        "١",
        "1\u00a0",
        "2.0e",
    ),
    *(
        "9" * 400,
        "9" * 5000,
        "0." + "9" * 5000,
        "1e" + "9" * 30,
        "1" + "0" * 300 + "e-300",
    ),
)
_STRINGS = (
    *('""', '" "', '"a"', r'"\""', r'"\\"', r'"\/"', r'"\b\f\n\r\t"', r'"\u0041"'),
    *(r'"\u00"', r'"\uD800"', r'"\uDC00\uD800"', r'"\ud83d\ude00"', r'"\uD83D\u0041"'),
    *(r'"\u0000"', r'"\x41"', r'"\a"', r'"\ "', '"\\', '"', "'a'", '"a', 'a"', "`a`"),
    *(
        '"\t"',
        '"\x01"',
        '"\x7f"',
        '"\u2028"',
        '"\ufeff"',
        '"\ufffe"',
        '"é"',
        '"e\u0301"',
    ),
    '"' + "x" * 5000 + '"',
)
_NESTED = (
    *(
        "[]",
        "{}",
        "[[]]",
        "[{}]",
        '{"":0}',
        '{"a":{}}',
        "[null]",
        "[1,2]",
        '["a", "b"]',
    ),
    *("[", "]", "{", "}", "[1", "[1,", "[1,]", "[,1]", "[,]", "[1,,2]", "[1 2]", "[[]"),
    *('{"a"', '{"a":', '{"a":1', '{"a":1,', '{"a":1,}', '{,"a":1}', '{"a" 1}', "{a:1}"),
    *(
        "{'a':1}",
        "{1:1}",
        '{"a":1 "b":2}',
        '{"a":1,"a":2}',
        '{"a":1}}',
        "[1]]",
        '{"a":1]',
    ),
    *("[" * 900 + "]" * 900, "[" * 100_000, '{"a":' * 50_000, "[" * 2000 + "]" * 1999),
)
_WORDS = (
    *(
        "null",
        "true",
        "false",
        "nul",
        "True",
        "NULL",
        "undefined",
        "None",
        "tru",
        "nulll",
    ),
    *(
        "",
        " ",
        "\f",
        "\u00a0",
        "\ufeff",
        "//",
        "/* */ 1",
        "# 1",
        "1 // 2",
        "<null>",
        "*",
        "\\",
    ),
)
SHAPES = (*_NUMBERS, *_STRINGS, *_NESTED, *_WORDS)

# Not text in UTF-8, or not for its whole length.
RAW = (
    *(b"\xff", b"\xc0\xaf", b"\xed\xa0\x80", b"\xf4\x90\x80\x80", b"\xe9", b"\x80\x80"),
    *(
        b'{"chosen": "\xff"}',
        b'["\xc3"]',
        "{}".encode("utf-16"),
        '["é"]'.encode("utf-16-be"),
    ),
    *(
        b"\x00",
        b'{"chosen": "a\x00"}',
        b"\x1f\x8b\x08",
        b"PK\x03\x04",
        b"\xef\xbb\xbf{}",
    ),
)


def rows(keys: tuple[str, ...]) -> Iterator[bytes]:
    """Lines that hold a shape each: alone, in a list, and as the value of some key.

    keys: that a reader looks for
    """
    for number, shape in enumerate(SHAPES):
        key = keys[number % len(keys)]
        for text in (
            shape,
            f"[{shape}]",
            f'{{"{key}": {shape}}}',
            f'{{"x": 1}}{shape}',
        ):
            yield text.replace("\n", " ").encode("utf-8", "surrogatepass")
    yield from RAW
