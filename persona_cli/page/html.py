"""A page as HTML: one file, which asks for nothing else."""

from pathlib import Path

from persona_cli.page.curve import HEIGHT, WIDTH, curve
from persona_cli.page.gather import Page

_TEMPLATE = Path(__file__).parent / "page.html"


def html(page: Page) -> str:
    """The whole document; every text in it is escaped."""
    from jinja2 import Environment, StrictUndefined  # heavy, and of no use elsewhere

    environment = Environment(
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    drawn = curve([(f"v{s.version}", s.measured) for s in page.steps if s.measured])
    return environment.from_string(_TEMPLATE.read_text("utf-8")).render(
        page=page, curve=drawn, width=WIDTH, height=HEIGHT
    )
