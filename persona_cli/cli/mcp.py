"""The command that serves a profile to other programs over MCP: mcp."""

import os
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from persona_cli.cli.app import command_group
from persona_cli.cli.options import (
    Budget,
    Name,
    NoCommit,
    Root,
    ScopeHere,
    Sections,
    Tentative,
)
from persona_cli.cli.session import begin, tell
from persona_cli.cli.use import project_here
from persona_cli.errors import UsageError

commands = command_group()


@commands.command()
def mcp(
    name: Name = None,
    budget: Budget = None,
    section: Sections = None,
    scope: ScopeHere = None,
    tentative: Tentative = False,
    no_commit: NoCommit = False,
    root: Root = None,
) -> None:
    """Serve a profile to other programs, over MCP on stdio.

    They can read it, ask why a claim stands, and propose one, which waits for your
    review. Meant to be started by them: {"command": "persona", "args": ["mcp", "NAME"]}
    """
    from importlib.util import find_spec

    if find_spec("mcp") is None:
        raise UsageError(
            "persona mcp needs the mcp SDK, which is not installed",
            remedy="Install it: pip install 'persona-cli[mcp]'.",
        )
    with _stdout_kept_clear():
        from persona_cli.apply import ApplyRequest
        from persona_cli.mcp_server import Served, mcp_server

        session = begin(root, budget=budget)
        store = session.store(name)
        request = ApplyRequest(
            name=store.name,
            version=0,
            budget=session.settings.budget,
            sections=tuple(section or ()),
            scope=scope or project_here(Path.cwd()),
            tentative=tentative,
        )
        timeout = session.settings.lock_timeout
        served = Served(store, request, timeout, commit=not no_commit, tell=tell)
        server = mcp_server(served)
    signal.signal(signal.SIGINT, _end)
    server.run("stdio")


def _end(_signal: int, _frame: object) -> None:
    """End at once: the SDK's thread would wait for a line of stdin first.

    A proposal that was being written is made by the next run (see ``transaction``).
    """
    tell("interrupted; what was finished is kept")
    os._exit(130)


@contextmanager
def _stdout_kept_clear() -> Iterator[None]:
    """Lead to stderr what is printed before the SDK does so itself."""
    kept = os.dup(1)
    os.dup2(2, 1)
    try:
        yield
    finally:
        sys.stdout.flush()
        os.dup2(kept, 1)
        os.close(kept)
