"""From each format of log into AGENTS.md: what a user said there is what a tool reads.

The files are those of ``tests/logs``; the database of ``llm`` is made by the real one.
Reader, guard, reconciliation, git, export and the socket to the model are the real
ones; only the model's words are not. It reads the prompt as a model does, and writes
its claim, citing the interaction that the user's words stand in: where they do not
come through, there is no claim.
"""

import json
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from persona_cli.engine import Answer, Message
from persona_cli.logs import FORMATS
from tests.chat_server import ChatServer
from tests.fakes import ScriptedEngine
from tests.test_logs_llm import talk
from tests.torture.in_process import Here

LOGS = Path(__file__).parent / "logs"

_DEED = re.compile(r'<interaction id="(i\d+)"[^>]*>(.*?)</interaction>', re.DOTALL)


class Way(NamedTuple):
    """A source, and what is to come of it.

    format: as ``persona_cli.logs`` names it
    path:   under ``tests/logs``
    words:  of the user, as they stand there
    claim:  what they bear out
    source: what the interaction begins with in ``persona why``
    scope:  where the claim holds
    more:   words of the command, beside the path
    """

    format: str
    path: str
    words: str
    claim: str
    source: str
    scope: str = "global"
    more: tuple[str, ...] = ()


PARSER, GARDEN = "project:parser", "project:Garden"
WAYS = [
    Way("aichat", "aichat", "Keep functions small.", "Keeps functions small.", "aich"),
    Way("chatgpt", "chatgpt", "code first.", "Wants code first.", "chatgpt:"),
    Way("claude-ai", "claude-ai", "use pytest.", "Uses pytest.", "claude-ai:3000"),
    Way("claude-ai", "claude-ai", "Use metric", "Uses metric.", "claude-ai:", GARDEN),
    Way("claude-code", "claude-code", "hints.", "Wants hints.", "claude-code:", PARSER),
    Way(
        "claude-history",
        "claude-home/history.jsonl",
        "Shorter names, please.",
        "Prefers shorter names.",
        "claude-history:",
        "project:gopher",
    ),
    Way("codex", "codex", "Add tests.", "Adds tests.", "codex:019a4c00", PARSER),
    Way(
        "cursor",
        "cursor",
        "Use a generator,",
        "Uses a generator.",
        "cursor:",
        "project:code-parser",
    ),
    Way("fabric", "fabric", "Without the numbers", "Wants no numbers.", "fabric:"),
    Way(
        "gemini",
        "gemini/MyActivity.json",
        "Shorter",
        "Prefers shorter answers.",
        "gemini:",
    ),
    Way("instructions", "trl/alpaca.json", "One word", "Wants one word.", "instruc"),
    Way("instructions", "trl/prompts.jsonl", "in one word.", "Wants one word.", "ins"),
    Way("longmemeval", "longmemeval.json", "lentil", "Likes lentil soup.", "longmem"),
    Way(
        "mbox",
        "mbox",
        "I prefer tables to prose.",
        "Prefers tables to prose.",
        "mbox:",
        more=("--me", "ada@example.org"),
    ),
    Way("messages", "messages.jsonl", "Shorter,", "Prefers shorter answers.", "mess"),
    Way("pairs", "alignx.json", "Lovely beans!", "Loves beans.", "pairs:"),
    Way(
        "pairs", "pairs.jsonl", "Never use tabs.", "Never uses tabs.", "pairs:", PARSER
    ),
    Way("pairs", "trl.jsonl", "Blue.", "Prefers few words.", "pairs:"),
    Way("pairs", "trl/language.jsonl", "on Sundays.", "Bakes on Sundays.", "pairs:"),
    Way("pairs", "trl/preference.jsonl", "Elm.", "Prefers few words.", "pairs:"),
    Way("ratings", "ratings.csv", "Dune, the book", "Likes novels.", "ratings:"),
    Way("ratings", "trl/unpaired.jsonl", "Pink.", "Prefers colours.", "ratings:"),
    Way("sharegpt", "sharegpt.json", "No subtitles.", "Wants no subtitles.", "share"),
    Way("text", "posts.md", "short posts.", "Likes short posts.", "text:"),
]
MEMORIES = [
    Way("memory-list", "memories/claude.txt", "type", "Writes type hints.", "memory-"),
    Way("mcp-memory", "memories/mcp.jsonl", "cello", "Plays the cello.", "mcp-memory:"),
    Way("pam", "memories/pam.json", "tables", "Prefers tables to prose.", "pam:"),
]
LLM = Way("llm", "logs.db", "I like tea.", "Likes tea.", "llm:")
ARCHIVE = Way("archive", "", "short posts.", "Likes short posts.", "text:")


class Attentive(ScriptedEngine):
    """A model that finds the user's words in its prompt, or has nothing to say."""

    def __init__(self, way: Way) -> None:
        super().__init__(name="attentive", context=100_000)
        self._way = way

    def complete(
        self, messages: Sequence[Message], *, max_tokens: int, **more: Any
    ) -> Answer:
        """Cite the interactions that hold the words."""
        deeds = _DEED.findall(messages[-1].content)
        cited = " ".join(name for name, text in deeds if self._way.words in text)
        self._lines.append(f"- [{cited or 'i999'}] general | {self._way.claim}\n")
        return super().complete(messages, max_tokens=max_tokens, **more)


@pytest.fixture
def learned(tmp_path, own_home, monkeypatch):
    """A profile into which a log was folded, and a folder to export into."""
    folder = tmp_path / "work"
    folder.mkdir()
    monkeypatch.chdir(folder)
    monkeypatch.setenv("PERSONA_HELD_OUT", "0")
    monkeypatch.setenv("PERSONA_QUESTIONS", "0")
    persona = Here(tmp_path / "profiles")
    persona("init", "me")

    def learn(way: Way, path: Path) -> Here:
        with ChatServer(Attentive(way)).running() as server:
            monkeypatch.setenv("PERSONA_MODEL", server.url)
            persona("update", "me", str(path), *way.more)
        return persona

    return learn


def exported(persona: Here, way: Way) -> dict[str, Any]:
    """What is written for the scope of a way; a claim seen once is enough here."""
    words = ("export", "me", "--to", "agents", "--scope", way.scope, "--tentative")
    [record] = json.loads(persona(*words, "--json").stdout)
    return record


def see_through(persona: Here, way: Way) -> None:
    """The claim stands in the file, and what it rests on is named with its source."""
    record = exported(persona, way)
    assert f"\n- {way.claim}\n" in Path("AGENTS.md").read_text("utf-8")
    [claim] = record["claims"]
    said = json.loads(persona("why", claim, "--profile", "me", "--json").stdout)
    assert said["text"] == way.claim
    assert said["scope"] == way.scope
    links = said["evidence"]
    assert links
    assert all(link["interaction"].startswith(way.source) for link in links)
    assert all(link["side"] == "for" for link in links)


@pytest.mark.parametrize("way", WAYS, ids=lambda way: way.path)
def test_what_a_user_said_reaches_the_tool(way, learned):
    """Fixture, update, export; and ``why`` names where it came from."""
    persona = learned(way, LOGS / way.path)
    see_through(persona, way)
    if way.scope != "global":  # and nowhere else
        Path("AGENTS.md").unlink()
        assert exported(persona, way._replace(scope="global"))["state"] == "nothing"
        assert not Path("AGENTS.md").exists()


@pytest.mark.parametrize("way", MEMORIES, ids=lambda way: way.path)
def test_what_another_tool_remembers_waits_first(way, learned):
    """It is in no file until a person has accepted it."""
    persona = learned(way, LOGS / way.path)
    assert exported(persona, way)["state"] == "nothing"
    [waiting] = json.loads(persona("review", "me", "--json").stdout)["waiting"]
    persona("review", "me", "--accept", waiting["id"])
    see_through(persona, way)


def test_a_talk_with_the_real_llm_reaches_the_tool(learned, tmp_path):
    """From the database that it keeps."""
    home = tmp_path / "llm"
    talk(home, "new", {"argv": ["-m", "echo", "I like tea."]})
    see_through(learned(LLM, home / "logs.db"), LLM)


def test_another_profiles_archive_reaches_the_tool(learned, tmp_path, monkeypatch):
    """What one profile was made of makes another, under its first source."""
    learned(ARCHIVE, LOGS / "posts.md")
    [archive] = (tmp_path / "profiles/me/.state").glob("archive*.jsonl")
    kept = archive.rename(tmp_path / "kept.jsonl")
    persona = Here(tmp_path / "other")
    persona("init", "me")
    with ChatServer(Attentive(ARCHIVE)).running() as server:
        monkeypatch.setenv("PERSONA_MODEL", server.url)
        persona("update", "me", str(kept))
    see_through(persona, ARCHIVE)


def test_no_words_no_claim(learned):
    """The model of these tests finds nothing in a log of other words."""
    way = Way("text", "posts.md", "I like long posts.", "Likes long posts.", "text:")
    exported(learned(way, LOGS / way.path), way)
    # The user's own statement comes in without the model, and that alone.
    assert "\n\n- Likes short posts.\n<!--" in Path("AGENTS.md").read_text("utf-8")


def test_every_format_is_here():
    """A reader that nobody walked through is no source."""
    walked = {way.format for way in (*WAYS, *MEMORIES, LLM, ARCHIVE)}
    assert walked == set(FORMATS)
