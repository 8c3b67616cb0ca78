"""YAML as persona reads it: small, and without surprises."""

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from persona_cli.strict_yaml import MAX_BYTES, YamlFault, dump_inline, load

HEAD = """\
type: persona-profile
persona: 1
generated: {by: persona/0.1 qwen3-8b infer@2, at: 2026-11-23T16:25:00Z}
verified:
  - {by: persona/judge, accuracy: 0.71, interval: [0.62, 0.79], n: 96}
"""

texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=40)
values = st.recursive(
    st.none() | st.booleans() | st.integers() | texts | st.floats(allow_nan=False),
    lambda inner: st.lists(inner) | st.dictionaries(texts, inner),
    max_leaves=12,
).filter(lambda value: "inf" not in repr(value))


def test_front_matter_is_read_as_a_person_means_it():
    """A profile's own front matter, with its moment left as text."""
    assert load(HEAD) == {
        "type": "persona-profile",
        "persona": 1,
        "generated": {
            "by": "persona/0.1 qwen3-8b infer@2",
            "at": "2026-11-23T16:25:00Z",
        },
        "verified": [
            {
                "by": "persona/judge",
                "accuracy": 0.71,
                "interval": [0.62, 0.79],
                "n": 96,
            }
        ],
    }


@pytest.mark.parametrize(
    "plain", ["no", "Yes", "on", "010", "0x1F", "12:30", "1_000", "1.2.3", "<<", "=",
              "2026-11-22", "True", ".inf", ".nan", "+-1", "0o17"],
)  # fmt: skip
def test_what_looks_special_stays_text(plain):
    """What YAML 1.1 would turn into something else is the text it is."""
    assert load(f"key: {plain}") == {"key": plain}


@pytest.mark.parametrize(
    ("plain", "value"),
    [("7", 7), ("-7", -7), ("0", 0), ("1.10", 1.1), ("-.5", -0.5), ("1e3", 1000.0),
     ("true", True), ("false", False), ("null", None), ("~", None), ("", None),
     ('"7"', "7"), ("'true'", "true")],
)  # fmt: skip
def test_numbers_and_words(plain, value):
    """Whole numbers, decimal ones, true, false and null; quotes make text."""
    found = load(f"key: {plain}")["key"]
    assert (found, type(found)) == (value, type(value))


def test_keys_are_text():
    """A key is the text that stands there, whatever it looks like."""
    assert load("no: 1\n1: 2\n2026-01-01: 3\n") == {"no": 1, "1": 2, "2026-01-01": 3}


@pytest.mark.parametrize(
    ("text", "line", "column", "problem"),
    [
        ("a: 1\nb: &x 2", 2, 4, "anchors"),
        ("a: *x", 1, 4, "aliases"),
        ("a: !!python/object:os.system 1", 1, 4, "tags"),
        ("a: 1\nb: !x {}", 2, 4, "tags"),
        ("a: 1\nb: 2\na: 3", 3, 1, "duplicate key 'a'"),
        ("[" * 30, 1, 21, "nested deeper than 20"),
        ("a: [1", 2, 1, "expected"),
        ("a: b: c", 1, 5, "not allowed"),
        ("one\ntwo: \x07", 2, 6, r"U\+0007"),
        ("---\na: 1\n---\nb: 1", 3, 1, "second document"),
        ("? [a]\n: 1", 1, 3, "key must be plain text"),
        ("a: " + "9" * 5000, 1, 4, "number is too long"),
        ("a: 1e999", 1, 4, "number is too long"),
        ("#" * (MAX_BYTES + 1), 1, 1, "too large"),
        ("a: \ud800", 1, 4, r"U\+D800"),
    ],
)
def test_what_is_refused_is_refused_with_its_place(text, line, column, problem):
    """Each trap of YAML is named, with line and column."""
    with pytest.raises(YamlFault, match=problem) as caught:
        load(text)
    assert (caught.value.line, caught.value.column) == (line, column)


def test_a_bomb_of_aliases_costs_nothing():
    """Nine lines that would grow to a billion items end at the first anchor."""
    lines = ["a0: &a0 [x,x,x,x,x,x,x,x,x,x]"]
    lines += [f"a{n}: &a{n} [{','.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 9)]
    with pytest.raises(YamlFault, match="anchors"):
        load("\n".join(lines))


@given(values)
def test_what_is_written_is_read_back(value):
    """One line, and the same value comes out of it."""
    line = dump_inline(value)
    assert "\n" not in line
    assert load(f"key: {line}")["key"] == value


@given(texts)
def test_other_readers_agree_on_text(text):
    """A text written here is a text (or a moment) to a YAML 1.1 reader too."""
    found = yaml.safe_load(f"[{dump_inline(text)}]")[0]
    assert found == text or not isinstance(found, (bool, int, float, type(None)))


def test_dump_refuses_what_yaml_here_cannot_say():
    """A set is nobody's YAML: our own mistake, and a loud one."""
    with pytest.raises(TypeError, match="set"):
        dump_inline({1})
    with pytest.raises(ValueError, match="nan"):
        dump_inline(float("nan"))


@given(st.text(max_size=200))
def test_any_text_is_read_or_refused(text):
    """Whatever stands in a file ends in a value or a YamlFault."""
    place = (1, 1)
    try:
        load(text)
    except YamlFault as fault:
        place = fault.line, fault.column
    assert min(place) >= 1
