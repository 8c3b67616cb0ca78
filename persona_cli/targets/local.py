"""Files of tools on this machine. None of them publishes a limit; a budget keeps one.

ollama    the line SYSTEM of a Modelfile. A text between three quotes ends at the next
          three, and there is no escape; Ollama drops what Go does not print, so an
          unusual blank becomes a plain one.
          Source: ollama/ollama, parser/parser.go (``unquote``, ``ParseFile``)
llm       a template of simonw/llm 0.36, YAML with ``system``, in which ``$name`` would
          be filled in: each dollar is doubled.
          Source: llm/templates.py (``string.Template``)
aichat    a role of aichat 0.30: markdown under front matter. The front matter stands
          there though it says nothing: without it, aichat takes what is between any two
          runs of dashes for one. It also fills in ``__INPUT__``, ``__ARG1__`` and
          ``{{...}}``, and splits at ``### INPUT:``.
          Source: sigoden/aichat, src/config/role.rs
fabric    a context of fabric: text, put before the pattern's input
markdown  the block alone
"""

import re
import unicodedata
from collections.abc import Sequence

from persona_cli.profile import Claim
from persona_cli.targets.notes import marked, notes
from persona_cli.targets.target import About, Target

_OWN_SYSTEM = re.compile(r"(?mi)^[ \t]*SYSTEM[ \t]")
_QUOTES = re.compile('"(?="")')
_FILLED_IN = re.compile(r"__(?=(?:INPUT|ARG\d+)__)|\{(?=\{)|###(?= (?:IN|OUT)PUT:)")

_ROLE_HEAD = """\
---
# what the person asking prefers
---
"""


def _modelfile(claims: Sequence[Claim], about: About) -> str:
    text = "".join(
        " " if unicodedata.category(char) == "Zs" else char
        for char in marked(claims, about)
    )
    quoted = _QUOTES.sub('"\\\\', text)
    return f'SYSTEM """{quoted}"""'


def _template(claims: Sequence[Claim], about: About) -> str:
    lines = marked(claims, about).replace("$", "$$").split("\n")
    return "\n".join(["system: |-", *(line and f"  {line}" for line in lines)])


def _role(claims: Sequence[Claim], about: About) -> str:
    return _FILLED_IN.sub(lambda found: found[0] + "\\", notes(claims, about))


def _one_system(after: str, around: str) -> None:  # noqa: ARG001  as others
    found = _OWN_SYSTEM.search(around)
    if found:
        line = around.count("\n", 0, found.start()) + 1
        raise ValueError(f"has a SYSTEM of its own in line {line}, and only one counts")


def _is_template(after: str, around: str) -> None:  # noqa: ARG001  as others
    from persona_cli.strict_yaml import load

    if not isinstance(load(after), dict):
        raise ValueError("is no template")  # noqa: TRY004  of the file


LOCAL = (
    Target(
        name="ollama",
        comment="hash",
        write=_modelfile,
        check=_one_system,
        wide=True,
    ),
    Target(name="llm", comment="hash", write=_template, check=_is_template, wide=True),
    Target(name="aichat", comment="html", head=_ROLE_HEAD, write=_role, wide=True),
    Target(name="fabric", comment="html", write=notes, wide=True),
    Target(name="markdown", comment="html", write=notes),
)
