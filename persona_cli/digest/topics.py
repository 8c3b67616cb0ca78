"""Which section of a profile a sentence belongs to, by its words."""

import re

_SECTIONS = {
    "communication": """
        answer answers answering reply replies response responses explain
        explanation explanations short shorter brief concise long verbose detail
        details tone emoji emojis apologise apologize apologies greeting ask asked
        asking question questions introduction introductions summary summaries
        formal informal bullet bullets headings reasons
    """,
    "coding": """
        code coding function functions class classes docstring docstrings test tests
        testing pytest unittest python javascript typescript rust java golang
        ruby sql sqlite postgres mysql git commit commits branch push rebase merge
        pr linter lint ruff mypy uv pip poetry conda npm pnpm yarn docker
        kubernetes api json yaml type types hints tabs spaces indent indentation
        variable variables module library framework editor vim emacs vscode shell
        bash regex script scripts backend frontend f-strings quotes html css react
        django flask fastapi async comment comments refactor semicolons camelcase
        snake_case dependencies database review reviews backups python3 dark cli
        terminal debug debugger deploy snake format
    """,
    "writing": """
        spelling british american comma commas dates date iso essay essays prose
        paragraph paragraphs sentence sentences grammar units metric imperial docs
        documentation document notes e-mail e-mails email emails letter letters
        release blog style voice passive heading markdown oxford slides
    """,
    "media": """
        book books novel novels fiction film films movie movies music album albums
        song songs podcast podcasts series game games read reading author thriller
        thrillers poetry comics band jazz cinema watch watching
    """,
    "food": """
        coffee tea food meal meals cook cooking recipe recipes eat drink vegetarian
        vegan spicy bread cheese wine beer chocolate sugar milk decaf espresso lunch
        dinner breakfast meat fish
    """,
    "travel": """
        travel trip trips train trains flight flights fly plane planes hotel hotels
        journey journeys hiking walk walking city cities beach mountains museum seat
        seats holiday holidays rail sleeper window
    """,
}
_LEXICON = {name: frozenset(text.split()) for name, text in _SECTIONS.items()}
_TOKEN = re.compile(r"[a-z][a-z0-9_+#-]*")

OTHER = "general"


def section_of(*texts: str) -> str:
    """The section whose words occur most in the first text that has any.

    Order: of equals, the earlier in the lexicon
    """
    for text in texts:
        tokens = _TOKEN.findall(text.lower())
        counts = {
            name: sum(t in words for t in tokens) for name, words in _LEXICON.items()
        }
        best = max(counts, key=lambda name: counts[name])
        if counts[best]:
            return best
    return OTHER
