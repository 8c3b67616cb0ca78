"""A profile file is kept line by line, and a person's lines to the byte."""

from dataclasses import replace
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from persona_cli import profile as pr
from persona_cli.errors import InputError
from persona_cli.profile import Claim

ADA = """\
---
type: persona-profile
title: Ada
persona: 1
# a person's comment
version: 7
sources: [{id: s1, resource: claude-code, interactions: 12}]
favourite: tea   # unknown to persona
---
# Ada

A paragraph that somebody wrote.

## communication
- Prefers short answers. <!-- c7f3 14x 2026-11-22 -->
- Dislikes being asked whether to go on. <!-- c01b 1x 2026-10-02 by:digest -->

```
- not a claim <!-- c111 1x -->
```

## Coding
- I work in UTC,
  always.
- Writes type hints. <!-- c9d0 3x 2026-11-21 project:ledger stated -->
| a | table |
"""


def ada() -> pr.Profile:
    return pr.parse(ADA, place="ada.md")


def test_parse_then_render_is_the_same_text():
    """Nothing of a profile is lost by reading it."""
    assert pr.render(ada()) == ADA


def test_claims_are_read_with_their_marks():
    """Id, support, day, scope and author stand in the mark of a line."""
    first, second, by_hand, last = ada().claims
    assert first == Claim(
        "c7f3", "communication", "Prefers short answers.", 14, date(2026, 11, 22)
    )
    assert second.by == "digest"
    assert second.tentative
    assert by_hand.text == "I work in UTC, always."
    assert by_hand.pinned
    assert by_hand.section == "coding"
    assert (last.scope, last.stated) == ("project:ledger", True)


def test_a_rewrite_changes_only_the_lines_it_means():
    """Every line but the replaced, the removed and the added one keeps its bytes."""
    first = ada().claims[0]
    after = pr.rewrite(
        ada(),
        replaced={"c7f3": replace(first, count=15)},
        removed=["c01b"],
        added=[Claim("cabc", "food", "Likes black coffee.", 2)],
        meta={"version": 8},
    )
    expected = (
        ADA.replace("14x", "15x")
        .replace(
            "- Dislikes being asked whether to go on."
            " <!-- c01b 1x 2026-10-02 by:digest -->\n",
            "",
        )
        .replace("version: 7", "version: 8")
    )
    assert pr.render(after) == (
        expected + "\n## food\n- Likes black coffee. <!-- cabc 2x -->\n"
    )


def test_an_added_claim_goes_to_the_end_of_its_section():
    """A section that is there takes the claim behind its last one."""
    after = pr.rewrite(ada(), added=[Claim("cabc", "communication", "Likes lists.", 2)])
    lines = pr.render(after).split("\n")
    assert lines[lines.index("- Likes lists. <!-- cabc 2x -->") - 1].startswith(
        "- Dislikes being asked"
    )


def test_line_ends_of_windows_stay():
    """A file with CRLF keeps it, in new lines too."""
    text = ADA.replace("\n", "\r\n")
    profile = pr.parse(text, place="ada.md")
    assert pr.render(profile) == text
    after = pr.rewrite(profile, added=[Claim("cabc", "food", "Likes tea.", 2)])
    assert "\r\n- Likes tea. <!-- cabc 2x -->\r\n" in pr.render(after)


def test_a_copied_line_is_a_persons():
    """The second line with one id is taken for hand-written, and left alone."""
    line = "- Prefers short answers. <!-- c7f3 14x 2026-11-22 -->\n"
    profile = pr.parse(ADA + "\n" + line, place="ada.md")
    assert profile.claims[-1].pinned
    assert profile.claims[-1].id.startswith("h")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("# no front matter\n", "ada.md:1: not a profile"),
        (ADA.replace("persona: 1", "persona: 2"), "written by a newer persona"),
        (ADA.replace("version: 7", "version: seven"), "whole `version`"),
        (ADA.replace("version: 7", "version: true"), "whole `version`"),
        (ADA.replace("title: Ada", "title: Ada\ntitle: Eve"), r"ada.md:4:1: "),
        (ADA.replace("title: Ada", "title: &a [*a]"), "ada.md:3:8: "),
        (ADA + "<<<<<<< HEAD\n", "ada.md:27: unresolved merge conflict"),
    ],
)
def test_what_is_no_profile_is_refused_with_its_place(text, said):
    """Each fault names file and line, and what to do."""
    with pytest.raises(InputError, match=said) as caught:
        pr.parse(text, place="ada.md")
    assert caught.value.remedy


def test_ids_are_short_and_never_come_twice():
    """A thousand claims get a thousand ids, the same in every run."""
    taken: set[str] = set()
    for number in range(1000):
        taken.add(pr.new_id(f"claim {number}", taken))
    assert len(taken) == 1000
    assert pr.new_id("claim 0", set()) in taken


lines = st.lists(
    st.one_of(
        st.text(st.characters(exclude_characters="\n", exclude_categories=["Cs"])),
        st.sampled_from(
            ["- a", "## s", "```", "<!--", "-->", "- x <!-- c123 2x -->", "---"]
        ),
    )
)


@given(lines)
def test_any_body_comes_through_unchanged(body):
    """Whatever a person writes below the front matter is carried byte for byte."""
    head = "---\ntype: persona-profile\npersona: 1\nversion: 0\n---\n"
    text = head + "\n".join(line for line in body if not line.startswith("<<<<<<<"))
    try:
        profile = pr.parse(text, place="any")
    except InputError:
        assert any(line.startswith((">>>>>>> ", "<<<<<<< ")) for line in body)
        return
    assert pr.render(profile) == text
    after = pr.rewrite(profile, added=[Claim("cfff", "new", "Likes tea.", 2)])
    assert after.find("cfff") is not None
    kept = [line for line in after.body if "## new" not in line and "cfff" not in line]
    assert [one.strip() for one in profile.body if one.strip()] == [
        one.strip() for one in kept if one.strip()
    ]
