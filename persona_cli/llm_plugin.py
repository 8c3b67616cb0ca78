"""A plugin for simonw/llm: profiles as fragments and templates.

    llm --sf persona:work "Explain mutexes"     the profile work, as system prompt
    llm -f persona:work/coding ...              of it the section coding, in the prompt
    llm -t persona: ...                         the default profile, as a template

What goes in is the block that ``persona apply`` makes, marks included, so that it is
known again when it comes back in the logs that llm keeps. llm loads this module at
every start: nothing is imported here but llm itself, which is there already.
"""

from typing import TYPE_CHECKING, NamedTuple

import llm

if TYPE_CHECKING:
    from collections.abc import Callable

_PREFIX = "persona"


class Wanted(NamedTuple):
    """What stands after ``persona:``.

    name:     of the profile; empty is the default one
    sections: none is all of them
    """

    name: str
    sections: tuple[str, ...]


class _Block(NamedTuple):
    """A profile as it goes in. source: which version of which profile it is."""

    text: str
    source: str


@llm.hookimpl
def register_fragment_loaders(
    register: "Callable[[str, Callable[[str], llm.Fragment]], None]",
) -> None:
    """Tell llm of ``-f persona:NAME`` and ``--sf persona:NAME``."""
    register(_PREFIX, fragment)


@llm.hookimpl
def register_template_loaders(
    register: "Callable[[str, Callable[[str], llm.Template]], None]",
) -> None:
    """Tell llm of ``-t persona:NAME``."""
    register(_PREFIX, template)


def fragment(wanted: str) -> llm.Fragment:
    """A profile of persona's, or sections of it: persona:NAME/SECTION,SECTION.

    Without a name the default profile. How long it may be is the setting ``budget``.

    Raises: ValueError with place, fault and remedy, which llm shows
    """
    block = _block(wanted)
    return llm.Fragment(block.text, block.source)  # type: ignore[no-untyped-call]


def template(wanted: str) -> llm.Template:
    """A profile of persona's as the system prompt: persona:NAME/SECTION,SECTION.

    Raises: ValueError with place, fault and remedy, which llm shows
    """
    block = _block(wanted)
    # llm looks for $variables in it; a claim about shells may hold a dollar.
    system = block.text.replace("$", "$$")
    return llm.Template(name=block.source, system=system)  # type: ignore[no-untyped-call]


def wanted_of(text: str) -> Wanted:
    """Read what stands after ``persona:``."""
    name, _, sections = text.partition("/")
    return Wanted(name, tuple(part for part in sections.split(",") if part.strip()))


def _block(text: str) -> _Block:
    from persona_cli.errors import PersonaError

    try:
        return _applied(wanted_of(text))
    except PersonaError as error:
        raise ValueError(f"{error}\n  try: {error.remedy}") from error


def _applied(wanted: Wanted) -> _Block:
    from pathlib import Path

    from persona_cli.apply import ApplyRequest, apply
    from persona_cli.cli.session import begin
    from persona_cli.cli.use import project_here
    from persona_cli.errors import InputError
    from persona_cli.places import decoded, profile_path, read_bytes
    from persona_cli.profile import parse

    session = begin(None)
    name = wanted.name or session.default_name()
    path = profile_path(session.root, name)
    profile = parse(decoded(read_bytes(path), path), place=str(path), hurried=True)
    request = ApplyRequest(
        name=name,
        version=profile.version,
        budget=session.settings.budget,
        sections=wanted.sections,
        scope=project_here(Path.cwd()),
    )
    applied = apply(profile.claims, request)
    if not applied.block:
        # An empty fragment would pass for a profile that was taken into account.
        raise InputError(
            f"{path}: holds no claim that applies here",
            remedy=f"See what is left out, and why: persona apply {name}.",
        )
    return _Block(applied.block, f"{_PREFIX}:{name} v{profile.version}")
