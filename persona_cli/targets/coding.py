"""Files that coding tools read: one block in a file that its owner keeps.

agents        AGENTS.md of a project. The convention (agents.md) has no limit; Codex,
              which reads it, stops after 32 KiB (``project_doc_max_bytes``).
              Source: developers.openai.com/codex, "AGENTS.md"; codex-rs/config
codex         the same of Codex for all projects: ``$CODEX_HOME/AGENTS.md``, usually
              ``~/.codex``
claude        CLAUDE.md of a project; with ``--out ~/.claude/CLAUDE.md`` the user's own.
              No limit is enforced; "target under 200 lines per CLAUDE.md file".
              Source: code.claude.com/docs, "How Claude remembers your project"
claude-rules  ``.claude/rules/persona.md``, read with CLAUDE.md. No limit of its own is
              published; the advice of CLAUDE.md is kept
cursor        a rule of Cursor, in every chat of the project. "Keep rules under 500
              lines". Source: cursor.com/docs, "Rules"
copilot       ``.github/copilot-instructions.md``. "No longer than 2 pages", in GitHub's
              own words; code review was documented to read the first 4,000 characters,
              which is about that, and so is the limit here.
              Source: docs.github.com/copilot, "Add repository instructions", and
              github/docs issue 42761
"""

from persona_cli.targets.notes import notes
from persona_cli.targets.target import Limit, Target

_CODEX = Limit(32 * 1024, "bytes", of="file")
_CLAUDE = Limit(200, "lines")

_CURSOR_HEAD = """\
---
description: What the person asking prefers
globs:
alwaysApply: true
---
"""

CODING = (
    Target(name="agents", path="AGENTS.md", comment="html", write=notes, limit=_CODEX),
    Target(name="claude", path="CLAUDE.md", comment="html", write=notes, limit=_CLAUDE),
    Target(
        name="claude-rules",
        path=".claude/rules/persona.md",
        comment="html",
        write=notes,
        limit=_CLAUDE,
    ),
    Target(
        name="codex",
        path="~/.codex/AGENTS.md",
        variable="CODEX_HOME",
        comment="html",
        write=notes,
        limit=_CODEX,
        wide=True,
    ),
    Target(
        name="cursor",
        path=".cursor/rules/persona.mdc",
        comment="html",
        head=_CURSOR_HEAD,
        write=notes,
        limit=Limit(500, "lines", of="file"),
    ),
    Target(
        name="copilot",
        path=".github/copilot-instructions.md",
        comment="html",
        write=notes,
        limit=Limit(4000, "characters"),
    ),
)
