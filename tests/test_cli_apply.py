"""``persona apply`` as a person, or a pipeline, meets it."""

import json

import pytest

PROFILE = """\
---
type: persona-profile
title: me
persona: 1
version: 4
---
# me

## communication
- Prefers short answers. <!-- c111 14x 2026-11-22 -->
- Likes a dry tone. <!-- c222 1x 2026-11-20 -->

## coding
- Writes type hints. <!-- c333 3x 2026-11-21 project:tide -->
- I work in UTC, always.
"""


@pytest.fixture
def persona(run_persona):
    """A command line with a profile of four claims."""
    run_persona("init", "me")
    (run_persona.root / "me/profile.md").write_text(PROFILE, "utf-8")
    return run_persona


def test_the_prompt_comes_after_the_profile(persona):
    """As text: marks, claims, an empty line, the prompt."""
    said = persona("apply", "me", "Explain mutexes.").stdout
    assert said.startswith("<!-- persona:begin me v4 -->\n")
    assert "- Prefers short answers.\n- I work in UTC, always.\n" in said
    assert said.endswith("<!-- persona:end -->\n\nExplain mutexes.\n")


def test_piped_text_goes_before_the_argument(persona):
    """Joined by a blank, as ``llm`` does."""
    said = persona("apply", "me", "Why?", stdin="a log line").stdout
    assert said.endswith("\n\na log line Why?\n")


def test_what_is_left_out_is_said(persona):
    """Ids on stderr, by reason; stdout holds the prompt alone."""
    done = persona("apply", "me", "x")
    assert done.stderr == "left out by scope: c333\nleft out by tentative: c222\n"
    small = persona("apply", "me", "x", "--budget", "60", "--tentative")
    assert "left out by budget: c111" in small.stderr
    whole = persona("apply", "me", "x", "--tentative", "--scope", "tide")
    assert whole.stderr == ""
    assert "dry tone" in whole.stdout
    assert "type hints" in whole.stdout


def test_the_project_one_stands_in_counts(persona):
    """In a checkout called tide, its claims hold without a word."""
    (persona.folder / "tide" / ".git").mkdir(parents=True)
    persona.folder = persona.folder / "tide"
    assert "Writes type hints." in persona("apply", "me", "x").stdout


def test_sections_and_tasks(persona):
    """A section alone; and what matters for a task first."""
    only = persona("apply", "me", "x", "--section", "coding").stdout
    assert "short answers" not in only
    said = persona("apply", "me", "x", "--task", "store a time in UTC").stdout
    assert said.index("UTC") < said.index("short answers")


@pytest.mark.parametrize(
    ("form", "where"),
    [
        ("messages", lambda body: body[0]["content"]),
        ("anthropic", lambda body: body["system"]),
        ("gemini", lambda body: body["system_instruction"]["parts"][0]["text"]),
    ],
)
def test_json_forms(persona, form, where):
    """The profile is the system message, the prompt the user's."""
    said = persona("apply", "me", "Explain mutexes.", "--format", form).stdout
    assert "- Prefers short answers." in where(json.loads(said))
    assert "Explain mutexes." in said


def test_a_request_body_keeps_its_other_keys(persona):
    """A chat on stdin is recognised; twice applied is once applied."""
    body = {"model": "m", "messages": [{"role": "user", "content": "hi"}], "top_p": 1}
    once = persona("apply", "me", stdin=json.dumps(body)).stdout
    system, user = json.loads(once)["messages"]
    assert "- Prefers short answers." in system["content"]
    assert user == body["messages"][0]
    assert {**json.loads(once), "messages": 0} == {**body, "messages": 0}
    assert persona("apply", "me", stdin=once).stdout == once


def test_lines_of_chats_stay_lines(persona):
    """One line out for each one in, in order."""
    lines = [json.dumps([{"role": "user", "content": f"q{n}"}]) for n in range(3)]
    said = persona("apply", "me", stdin="\n".join(lines) + "\n").stdout.splitlines()
    assert [json.loads(line)[-1]["content"] for line in said] == ["q0", "q1", "q2"]


def test_an_unknown_form_or_section_is_named(persona):
    """Exit 2, with what there is."""
    form = persona("apply", "me", "x", "--format", "yaml", code=2)
    assert "anthropic" in form.stderr
    section = persona("apply", "me", "x", "--section", "cooking", code=2)
    assert "communication, coding" in section.stderr


@pytest.mark.model
def test_run_answers_with_the_engine(persona, tiny_model):
    """The embedded model answers, and only its answer is on stdout."""
    persona.environ["PERSONA_MODEL"] = str(tiny_model)
    persona.environ["PERSONA_ANSWER_TOKENS"] = "16"
    done = persona("apply", "me", "Say hello.", "--run")
    assert done.stdout.strip()
    assert "persona:begin" not in done.stdout


def test_bytes_that_are_no_text_are_named(persona):
    """Piped Latin-1 ends with its place and what to do, not with a traceback."""
    # What Python does of itself where the locale is not C.
    persona.environ["PYTHONIOENCODING"] = "utf-8:strict"
    done = persona.shell("printf 'caf\\351' | persona apply me")
    assert done.returncode == 3
    assert "error: stdin: not UTF-8 text (byte 0xe9)" in done.stderr
    assert "try: Convert it" in done.stderr
