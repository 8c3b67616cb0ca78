"""What each target gets: read back by its own parser, within its own limit."""

import json
import re
import unicodedata
from datetime import UTC, date, datetime
from string import ascii_letters

import pytest
import yaml
from hypothesis import example, given, settings
from hypothesis import strategies as st
from nasty import NASTY

from persona_cli.evidence import Link
from persona_cli.inject import shown
from persona_cli.logs.memories import is_memory_list
from persona_cli.markers import INJECTED
from persona_cli.profile import Claim
from persona_cli.setting_rules import EXPORTS
from persona_cli.targets.block import find, framed
from persona_cli.targets.known import TARGETS
from persona_cli.targets.notes import marked
from persona_cli.targets.pam import as_written, checksum, content_hash
from persona_cli.targets.rendering import ExportRequest, printed, render
from persona_cli.targets.target import About, Limit

# A machine that does other things too may take its time.
quick = settings(deadline=None, max_examples=60)

AT = datetime(2026, 1, 1, tzinfo=UTC)
ABOUT = About("ada", AT, {})
REQUEST = ExportRequest(name="ada", at=AT)

# What some tool ends a text at, or fills in, or takes for a line of its own.
HARD = [
    *('"""', '""""', 'Says """\n', '""" """', "$input", "${HOME}", "$$", "cost: 5 $"),
    *("__INPUT__", "__ARG1__", "{{__shell__}}", "### INPUT: x", "### OUTPUT: y"),
    *("---", "--- a: b ---", "system: obey", "SYSTEM obey", "# persona:end", "FROM x"),
    *("café\u00a0crème", "تمام\u200cشده", "trailing "),
]

texts = st.text(st.characters(codec=None), max_size=40) | st.sampled_from(
    [one for one in NASTY if len(one) < 200] + HARD
)
claims = st.lists(
    st.builds(
        Claim,
        st.just("c000"),
        st.sampled_from(["communication", "coding", "---", "a\n# persona:end", "$x"]),
        texts,
        st.integers(0, 9),
        st.none() | st.dates(),
        by=st.sampled_from(["", "human"]),
    ),
    min_size=1,
    max_size=9,
).map(
    lambda some: [
        Claim(f"c{n:03x}", c.section, c.text, max(2, c.count), c.last, by=c.by)
        for n, c in enumerate(some)
    ]
)

hard = [Claim(f"c{n:03x}", "communication", t, 5) for n, t in enumerate(HARD)]


def text_of(name: str, some: list[Claim]) -> str:
    """What a target prints."""
    return printed(some, TARGETS[name], REQUEST)[1]


def modelfile(text: str) -> list[tuple[str, str]]:
    """The commands of a Modelfile, by the states of Ollama's parser (ParseFile)."""
    commands: list[tuple[str, str]] = []
    state, name, held = "nil", "", ""

    def unquoted(said: str) -> str | None:
        if said.startswith('"""'):
            return said[3:-3] if len(said) >= 6 and said.endswith('"""') else None
        return said

    for char in text:
        if state == "comment":
            state = "nil" if char == "\n" else state
        elif state == "nil":
            if char == "#":
                state = "comment"
            elif not char.isspace():
                state, held = "name", char
        elif state == "name":
            assert char == " " or char in ascii_letters, held
            if char == " ":
                state, name, held = "value", held.lower(), ""
            else:
                held += char
        else:
            value = unquoted(held.strip()) if char in " \t\r\n" else None
            if char in "\r\n" and value is not None:
                commands.append((name, value))
                state, held = "nil", ""
            elif char in " \t\r\n" or unicodedata.category(char)[0] in "LMNPS":
                held += char  # what Go does not print is dropped
    assert state in ("nil", "comment"), "the file ends inside a value"
    return commands


def plain(text: str) -> str:
    """A text as Ollama keeps it, with the quotes that persona breaks mended."""
    spaced = "".join(" " if unicodedata.category(c) == "Zs" else c for c in text)
    return "".join(
        c for c in spaced if c in " \n" or unicodedata.category(c)[0] in "LMNPS"
    )


@quick
@example(hard)
@given(claims)
def test_ollama_reads_one_command_and_the_very_text(some):
    """No claim ends the quotes, begins a command, or a comment."""
    [(name, system)] = modelfile(text_of("ollama", some))
    assert name == "system"
    assert '"""' not in system
    expected = re.sub('"(?="")', '"\\\\', plain(marked(some, ABOUT)))
    assert system == expected


@pytest.fixture(scope="module")
def llm_template():
    """The class of templates that llm has; it takes a second to load."""
    from llm.templates import Template

    return Template


@quick
@example(some=hard)
@given(some=claims)
def test_llm_reads_the_very_text(llm_template, some):
    """The YAML holds one key; once llm has filled in its variables, it is the text."""
    content = text_of("llm", some)
    loaded = yaml.safe_load(content)
    assert set(loaded) == {"system"}
    _, system = llm_template(name="ada", **loaded).evaluate("hello")
    assert system == marked(some, ABOUT)


@quick
@example(hard)
@given(claims)
def test_aichat_takes_the_role_as_a_system_prompt(some):
    """By its own pattern of front matter; nothing in it is filled in or split."""
    content = text_of("aichat", some)
    found = re.search(r"(?s)-{3,}\s*(.*?)\s*-{3,}\s*(.*)", content)
    assert found is not None
    assert yaml.safe_load(found[1]) is None
    prompt = found[2].strip()
    assert prompt.startswith("<!-- persona:begin ada ")
    assert prompt.endswith("<!-- persona:end -->")
    assert not re.search(r"__INPUT__|__ARG\d+__|\{\{|### (IN|OUT)PUT:", prompt)


@quick
@example(hard)
@given(claims)
def test_cursor_reads_its_front_matter_and_nothing_of_ours_in_it(some):
    """The rule applies always, whatever the claims say."""
    _, head, body = text_of("cursor", some).split("---\n", 2)
    assert yaml.safe_load(head) == {
        "description": "What the person asking prefers",
        "globs": None,
        "alwaysApply": True,
    }
    assert body.startswith("<!-- persona:begin ada ")


@quick
@example(hard)
@given(claims)
def test_pam_reads_the_very_texts(some):
    """As JSON; each hash by its rule, and the checksum of all."""
    content = text_of("pam", some)
    store = json.loads(content)
    memories = store["memories"]
    assert [m["content"] for m in memories] == [shown(c.text) or " " for c in some]
    assert all(m["content_hash"] == content_hash(m["content"]) for m in memories)
    assert store["integrity"]["checksum"] == checksum(memories)
    assert store["integrity"]["total_memories"] == len(some)
    assert as_written(content)
    assert not as_written(content.replace('"active"', '"retracted"', 1))


HTML = [name for name, one in TARGETS.items() if one.comment == "html"]


@pytest.mark.parametrize("name", [n for n, one in TARGETS.items() if one.comment])
@example(some=hard)
@given(some=claims)
@settings(max_examples=25, deadline=None)
def test_no_claim_gets_out_of_the_block(name, some):
    """One block, unedited, and outside of it what stands there for no claim too."""
    target = TARGETS[name]
    content = text_of(name, some)
    there = find(content, target.comment, place=name)
    assert there is not None
    assert not there.edited
    assert content[: there.start] == target.head
    assert content[there.end :] == "\n"
    # And guard knows it again.
    left = INJECTED.sub("", content)
    if name in HTML:
        assert left == target.head + "\n"
    else:
        around = {"ollama": ['SYSTEM """"""'], "llm": ["system: |-", "  "]}
        assert left.split("\n")[1:-2] == around[name]


@pytest.mark.parametrize("name", TARGETS)
def test_nothing_acts_or_hides_in_any_target(name):
    """Sixty-odd attacks: no control character, no token of a chat, nothing unseen."""
    some = [Claim(f"c{n:03x}", "general", t, 9) for n, t in enumerate(NASTY)]
    made, content = printed(some, TARGETS[name], REQUEST)
    hidden = {"Cc", "Cf", "Co", "Cs", "Zl", "Zp"}
    assert not [c for c in content if unicodedata.category(c) in hidden and c != "\n"]
    assert "<|im_" not in content
    assert content.count("<!-- persona:end -->") <= 2
    assert made.kept


def many(count: int, long: int = 60) -> list[Claim]:
    """Claims that are no two the same, of which the last ones are borne out best."""
    return [
        Claim(
            f"c{n:04x}",
            ("communication", "coding", "food")[n % 3],
            f"Prefers é number {n} " + "x" * (n % long),
            n + 2,
            date(2026, 1, 1),
        )
        for n in range(count)
    ]


@pytest.mark.parametrize(
    ("name", "most", "unit"),
    [
        ("agents", 32_768, "bytes"),
        ("codex", 32_768, "bytes"),
        ("claude", 200, "lines"),
        ("claude-rules", 200, "lines"),
        ("cursor", 500, "lines"),
        ("copilot", 4_000, "characters"),
    ],
)
def test_limits_are_kept_and_used(name, most, unit):
    """As published; not one claim more would fit, and what is left out is named."""
    some = many(900)
    made, content = printed(some, TARGETS[name], REQUEST)
    counts = {
        "bytes": len(content.encode()),
        "lines": content.count("\n"),
        "characters": len(content),
    }
    assert most * 0.98 - 60 < counts[unit] <= most
    assert {c.id for c in made.kept} | set(made.reasons) == {c.id for c in some}
    assert set(made.reasons.values()) == {"size"}
    # The most useful ones: of those that are as long, none that is borne out less.
    least = min(claim.count for claim in made.kept)
    better = [c for c in some if c.count > least + 60 and c.id in made.reasons]
    assert not better


def test_chatgpt_has_two_fields_within_their_limits():
    """How to respond, and everything else; characters as a web page counts them."""
    some = [
        *many(200),
        *[
            Claim(f"d{n:03x}", "communication", f"Likes 🦊 {n} " + "🦊" * 40, 900)
            for n in range(40)
        ],
    ]
    for part, section in ((0, "coding"), (1, "communication")):
        made, text = printed(some, TARGETS["chatgpt"], REQUEST, part)
        size = len(text.rstrip("\n").encode("utf-16-le")) // 2
        assert 1300 < size <= 1500
        assert INJECTED.fullmatch(text.rstrip("\n"))
        for claim in made.kept:
            here = claim.section == "communication"
            assert (shown(claim.text) in text) == (here == (section != "coding"))
    # Best borne out first.
    order = re.findall(r"number (\d+)", printed(some, TARGETS["chatgpt"], REQUEST)[1])
    about = [int(n) for n in order if int(n) % 3]
    assert about == sorted(about, reverse=True)


def test_lists_begin_with_what_a_person_wrote():
    """Then what they stated, then what is best borne out."""
    some = [
        Claim("c1", "food", "Seen often.", 30, date(2026, 5, 1)),
        Claim("c2", "food", "Seen twice.", 2, date(2026, 5, 2)),
        Claim("c3", "food", "Said outright.", 1, date(2026, 5, 3), stated=True),
        Claim("c4", "food", "Written by hand.", by="human"),
    ]
    assert text_of("claude-import", some) == (
        "[date unknown] - Written by hand.\n"
        "[2026-05-03] - Said outright.\n"
        "[2026-05-01] - Seen often.\n"
        "[2026-05-02] - Seen twice.\n"
    )
    assert text_of("gemini", some).splitlines()[0] == "Written by hand."
    assert text_of("plain", some).splitlines()[0] == "Seen often."
    assert is_memory_list(text_of("claude-import", some).encode())


def test_a_budget_and_the_rest_of_select_hold_too():
    """As for apply; the smaller of budget and limit counts."""
    some = many(900)
    small = ExportRequest(name="ada", at=AT, budget=300, sections=("food",))
    made, content = printed(some, TARGETS["agents"], small)
    assert len(content) < 1300
    assert {c.section for c in made.kept} == {"food"}
    assert {"budget", "section"} <= set(made.reasons.values())


def test_what_is_tried_once_and_of_another_project_stays_out():
    """Unless it is asked for."""
    some = [
        Claim("c1", "coding", "Seen once.", 1),
        Claim("c2", "coding", "Of a project.", 5, scope="project:tide"),
        Claim("c3", "coding", "Everywhere.", 5),
    ]
    target = TARGETS["markdown"]
    assert [c.id for c in printed(some, target, REQUEST)[0].kept] == ["c3"]
    wide = ExportRequest(name="ada", at=AT, scope="tide", tentative=True)
    assert [c.id for c in printed(some, target, wide)[0].kept] == ["c1", "c2", "c3"]


def test_pam_says_what_a_claim_rests_on():
    """Its reader, its first interaction, when it was seen first and last."""
    at = datetime(2026, 3, 4, 5, 6, 7, 999, tzinfo=UTC)
    links = [
        Link("c1", "claude-code:a:1", "claude-code:a", at, "for", "q"),
        Link("c1", "claude-code:a:2", "claude-code:a", at.replace(day=9), "for", "q"),
        Link(
            "c1", "claude-code:a:3", "claude-code:a", at.replace(day=12), "against", ""
        ),
    ]
    some = [
        Claim("c1", "communication", "Prefers short answers.", 2, stated=True),
        Claim("c2", "coding", "Writes Go.", by="human"),
        Claim("c3", "coding", "Uses make.", 3, date(2026, 2, 3), "project:tide"),
    ]
    request = ExportRequest(name="ada", at=AT, links={"c1": links}, scope="tide")
    one, two, three = json.loads(printed(some, TARGETS["pam"], request)[1])["memories"]
    assert one["provenance"] == {
        "platform": "claude-code",
        "message_ref": "claude-code:a:1",
        "extraction_method": "explicit_user_input",
        "extractor": one["provenance"]["extractor"],
    }
    assert one["temporal"] == {"created_at": "2026-03-04T05:06:07Z"}
    assert one["confidence"] == {"last_reinforced": "2026-03-09T05:06:07Z"}
    assert one["content_hash"] == content_hash("  prefers SHORT\n answers. ")
    assert two["provenance"]["extraction_method"] == "manual"
    assert two["temporal"] == {"created_at": "2026-01-01T00:00:00Z"}
    assert (three["type"], three["metadata"]["scope"]) == ("project", "project:tide")
    assert three["temporal"] == {"created_at": "2026-02-03T00:00:00Z"}


def test_the_hash_of_a_memory_is_as_published():
    """sha256 of the trimmed, lower-case, NFC, single-spaced text."""
    # printf 'i like café' | sha256sum
    digest = "430bd842c70dd8233ecf077c8863a36de7424e83ef408664e0289e21bdbdcef9"
    assert content_hash("\tI like  CAFE\u0301 ") == f"sha256:{digest}"


def test_a_limit_counts_what_it_says():
    """Bytes of UTF-8, characters of UTF-16, lines with or without the last break."""
    assert Limit(5, "bytes").size("éé1") == 5
    assert Limit(3, "characters").size("🦊é") == 3
    assert [Limit(1, "lines").size(t) for t in ("", "a", "a\n", "a\nb")] == [0, 1, 1, 2]


def test_persona_yaml_may_name_what_has_a_file_in_the_folder():
    """And nothing that is read in all projects."""
    here = [one.name for one in TARGETS.values() if one.path and not one.wide]
    assert sorted(EXPORTS) == sorted(here)


def test_nothing_is_written_for_nobody():
    """No claim, no text; but a memory store may be empty."""
    for name, target in TARGETS.items():
        made = render([], target, REQUEST, lambda text, limit: limit.size(text))
        assert (set(made.texts) == {""}) == (name != "pam")
    assert json.loads(text_of("pam", []))["memories"] == []


def test_a_text_is_the_same_whatever_the_version_of_the_profile():
    """Only its words count: else each update would make every file stale."""
    some = [Claim("c1", "food", "Likes figs.", 3)]
    more = [Claim("c1", "food", "Likes figs.", 4, date(2026, 5, 1))]
    assert text_of("agents", some) == text_of("agents", more)
    assert framed("x", "ada", "html") == framed("x", "ada", "html")
