"""The marked block in files of all kinds: everything around it stays, byte for byte."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from persona_cli.errors import InputError
from persona_cli.guard import guard
from persona_cli.interaction import Interaction
from persona_cli.targets.block import find, framed, with_block, without_block
from persona_cli.targets.place import decoded, encoded

COMMENTS = ("html", "hash")
TEXT = "Notes.\n\n- Prefers short answers."

# Bytes of any kind, and the line breaks that editors make of them.
foreign = st.lists(
    st.sampled_from(
        b"# Rules\n|- Use tabs.\r\n|\n|\r\n|x|caf\xe9|\xff|\xef\xbb\xbf|\r|```\n| "
        b"|<!-- a comment -->\n|\t".split(b"|")
    )
    | st.binary(max_size=12).map(lambda some: some.replace(b"\0", b"")),
    max_size=12,
).map(b"".join)


def is_text(content: bytes) -> bool:
    """Not what is refused as UTF-16."""
    return not content.startswith((b"\xff\xfe", b"\xfe\xff"))


def put(content: bytes, text: str, comment: str, path) -> bytes:
    """A file's bytes with a block of ``text``."""
    there = find(decoded(content, path), comment, place="f")
    block = framed(text, "ada", comment)
    return encoded(with_block(decoded(content, path), block, there))


def taken_out(content: bytes, comment: str, path) -> bytes:
    """A file's bytes without the block."""
    whole = decoded(content, path)
    there = find(whole, comment, place="f")
    assert there is not None
    return encoded(without_block(whole, there))


@pytest.mark.parametrize("comment", COMMENTS)
@settings(deadline=None)
@given(content=foreign.filter(is_text))
def test_put_in_and_taken_out_leaves_the_file(comment, content, tmp_path_factory):
    """Line breaks of both kinds, none at the end, a BOM, bytes that are no UTF-8."""
    path = tmp_path_factory.getbasetemp() / "f"
    once = put(content, TEXT, comment, path)
    assert once.startswith(content)
    assert taken_out(once, comment, path) == content
    assert put(once, TEXT, comment, path) == once


@pytest.mark.parametrize("comment", COMMENTS)
@settings(deadline=None)
@given(before=foreign.filter(is_text), after=foreign)
def test_a_new_text_takes_the_place_of_the_old(
    comment, before, after, tmp_path_factory
):
    """What its owner wrote before and after the block is not touched."""
    path = tmp_path_factory.getbasetemp() / "f"
    if before and not before.endswith(b"\n"):
        before += b"\n"
    block = framed(TEXT, "ada", comment).encode()
    content = before + block + b"\n" + after
    fresh = put(content, "Other.", comment, path)
    assert fresh == before + framed("Other.", "ada", comment).encode() + b"\n" + after
    there = find(decoded(fresh, path), comment, place="f")
    assert there is not None
    assert (there.text, there.edited, there.name) == ("Other.", False, "ada")


@pytest.mark.parametrize("comment", COMMENTS)
def test_windows_line_breaks_are_those_of_the_block(comment, tmp_path):
    """A file of CRLF gets a block of CRLF, which is no edit; nor is what git makes."""
    content = put(b"# Rules\r\n", TEXT, comment, tmp_path)
    assert content.count(b"\r\n") == content.count(b"\n")
    for one in (content, content.replace(b"\r\n", b"\n")):
        there = find(decoded(one, tmp_path), comment, place="f")
        assert there is not None
        assert not there.edited
        assert there.text == TEXT


@pytest.mark.parametrize("comment", COMMENTS)
@pytest.mark.parametrize(
    "change",
    [
        lambda block: block.replace("short", "long"),
        lambda block: block.replace("- Prefers", "- Use tabs.\n- Prefers"),
        lambda block: block.replace("Notes.\n", ""),
        lambda block: block.replace(block.split("ada ")[1][:16], "0" * 16),
        lambda block: block.replace(block.split("ada ")[1][:16], ""),
    ],
    ids=["reworded", "added to", "cut", "another hash", "no hash"],
)
def test_an_edit_is_seen(comment, change):
    """A word, a line more, a line less, another hash or none."""
    block = framed(TEXT, "ada", comment)
    there = find(change(block), comment, place="f")
    assert there is not None
    assert there.edited


def test_a_block_that_apply_made_is_nobodys():
    """Without a hash it is taken for a person's: they put it there."""
    there = find(
        "<!-- persona:begin ada v3 -->\nx\n<!-- persona:end -->\n", "html", place="f"
    )
    assert there is not None
    assert there.edited


ONE = framed(TEXT, "ada", "html")


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (f"a\n{ONE}\n\n{ONE}\n", "f:8: a second block begins"),
        ("a\n\n" + ONE.replace("<!-- persona:end -->", ""), "f:3: a block begins and"),
        ("a\nb\n<!-- persona:end -->\n", "f:3: a block ends that never began"),
        (f"<!-- persona:end -->\n{ONE}\n", "f:1: a block ends that never began"),
        (f"{ONE}\n<!-- persona:end -->\n", "f:6: a block ends that never began"),
        (f"a\n{ONE.replace(' -->', '', 1)}\n", "f:2: the mark of a block is damaged"),
        (f"{ONE.removesuffix('>')}\n", "f:5: the mark of a block is damaged"),
        (f"{ONE} and more\n", "f:5: the mark of a block is damaged"),
    ],
)
def test_a_broken_block_is_refused_with_its_line(content, said):
    """Two of them, one half, a damaged mark: a person has to look at it."""
    with pytest.raises(InputError) as caught:
        find(content, "html", place="f")
    assert str(caught.value).startswith(said)
    assert caught.value.remedy


def test_guard_takes_out_what_export_put_in():
    """A file with the block, pasted into a chat, is its owner's words alone."""
    content = with_block("Use tabs.\n", ONE, None)
    deed = Interaction("x:1", "post", "x:1", content)
    passed = guard(deed).interaction
    assert passed is not None
    assert passed.chosen.strip() == "Use tabs."


@pytest.mark.parametrize("content", [b"\xff\xfeA\0", b"a\0b"])
def test_what_is_no_text_is_refused(content, tmp_path):
    """UTF-16, and files of programs."""
    with pytest.raises(InputError, match="not UTF-8 text"):
        decoded(content, tmp_path / "f")
