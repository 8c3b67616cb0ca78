"""Texts to paste into a chat, the most useful claims first.

chatgpt        custom instructions: two fields of 1,500 characters, "about you" and "how
               to respond". Between persona's marks: ChatGPT puts them into its export,
               and there they are known again.
               Source: help.openai.com 8096356, "ChatGPT Custom Instructions"
claude-import  the list that Claude's memory import asks for, an entry a line:
               ``[date saved, if available] - memory content``. No limit is published.
               Source: support.claude.com 12123587, "Import and export your memory"
gemini         saved info ("Instructions for Gemini"), an item a line, each to be added
               by itself. No limit is published (support.google.com names none).
plain          the claims alone, one a line, for scripts. No limit.

The last three carry no mark: each line is an item, and a mark would be one too.
"""

from collections.abc import Sequence

from persona_cli.inject import claim_line, shown
from persona_cli.markers import END, named
from persona_cli.profile import Claim
from persona_cli.select import ALWAYS
from persona_cli.targets.target import About, Limit, Part, Target


def _field(claims: Sequence[Claim], about: About) -> str:
    return "\n".join([named(about.name), *map(claim_line, claims), END])


def _memories(claims: Sequence[Claim], about: About) -> str:  # noqa: ARG001  a target
    return "\n".join(
        f"[{claim.last.isoformat() if claim.last else 'date unknown'}]"
        f" - {shown(claim.text)}"
        for claim in claims
    )


def _items(claims: Sequence[Claim], about: About) -> str:  # noqa: ARG001  a target
    return "\n".join(shown(claim.text) for claim in claims)


def _says_how(claim: Claim) -> bool:
    return claim.section in ALWAYS


def _says_who(claim: Claim) -> bool:
    return claim.section not in ALWAYS


CHAT = (
    Target(
        name="chatgpt",
        write=_field,
        limit=Limit(1500, "characters"),
        parts=(
            Part("What should ChatGPT know about you?", _says_who),
            Part("How should ChatGPT respond?", _says_how),
        ),
        ranked=True,
        wide=True,
    ),
    Target(name="claude-import", write=_memories, ranked=True, wide=True),
    Target(name="gemini", write=_items, ranked=True, wide=True),
    Target(name="plain", write=_items),
)
