"""The command that puts a profile between any client and any server: serve."""

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from persona_cli.cli.app import command_group
from persona_cli.cli.options import (
    Budget,
    Name,
    Root,
    ScopeHere,
    Sections,
    Tentative,
)
from persona_cli.cli.session import Session, begin, emit, tell
from persona_cli.cli.use import project_here
from persona_cli.errors import UsageError

if TYPE_CHECKING:
    from persona_cli.serving import Door, Upstream

PORT = 8733

# A token that can be guessed keeps nobody out.
_SHORTEST_TOKEN = 16

commands = command_group()


@commands.command()
def serve(
    name: Name = None,
    upstream: Annotated[
        str | None,
        typer.Option(
            metavar="URL",
            help="The server, up to /v1; else the model in use, if it is a server.",
        ),
    ] = None,
    port: Annotated[
        int, typer.Option(metavar="N", min=0, max=65535, help="0 is any free one.")
    ] = PORT,
    host: Annotated[
        str, typer.Option(metavar="ADDRESS", help="Beyond this machine: --token-env.")
    ] = "127.0.0.1",
    log: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Keep what you type, for persona update."),
    ] = None,
    budget: Budget = None,
    section: Sections = None,
    scope: ScopeHere = None,
    tentative: Tentative = False,
    api_key_env: Annotated[
        str | None,
        typer.Option(
            metavar="NAME", help="Variable with the server's key; else the client's."
        ),
    ] = None,
    token_env: Annotated[
        str | None,
        typer.Option(
            metavar="NAME", help="Variable with a token that clients have to bring."
        ),
    ] = None,
    allow_origin: Annotated[
        list[str] | None,
        typer.Option(metavar="ORIGIN", help="A web page that may ask; repeatable."),
    ] = None,
    timeout: Annotated[
        float, typer.Option(metavar="SECONDS", min=1, help="Without a byte.")
    ] = 600.0,
    root: Root = None,
) -> None:
    """Put a profile into every chat, as a local proxy.

    Chat completions get the profile into their system message, as apply does it;
    whatever else is asked below /v1 goes on as it is. Changes of the profile count
    from the next request on. Ctrl-C ends it.
    """
    _require_extra()
    from persona_cli.apply import ApplyRequest
    from persona_cli.live import Live
    from persona_cli.serving import Log, listen, proxy
    from persona_cli.serving import serve as run_serve

    session = begin(root, budget=budget)
    door = _door(host, token_env, allow_origin or [])
    request = ApplyRequest(
        name=name or session.default_name(),
        version=0,
        budget=session.settings.budget,
        sections=tuple(section or ()),
        scope=scope or project_here(Path.cwd()),
        tentative=tentative,
    )
    live = Live(session.root, request, tell=tell)
    server = _upstream(session, upstream, api_key_env, timeout)
    with listen(host, port) as listening:
        taken = listening.getsockname()[1]
        shown = f"[{host}]" if ":" in host else host
        if server.leads_to(taken):
            raise UsageError(
                f"--upstream {server.place}: that is this proxy itself",
                remedy="Name the server behind it, or take another --port.",
            )
        kept = None
        if log is not None:
            kept = Log(log, inside=session.root, scope=scope, tell=tell)
        app = proxy(live, server, door=door, log=kept, tell=tell)
        emit(f"http://{shown}:{taken}/v1")
        sys.stdout.flush()
        tell(
            f"{live.name} v{live.now().version} goes to {server.place}; Ctrl-C ends it"
        )
        run_serve(app, listening)


def _door(host: str, token_env: str | None, origins: list[str]) -> "Door":
    from persona_cli.server import is_loopback
    from persona_cli.serving import Door

    token = _variable("--token-env", token_env)
    if token is not None and len(token) < _SHORTEST_TOKEN:
        raise UsageError(
            f"--token-env {token_env}: a token of {len(token)} characters is guessed",
            remedy="Take a longer one: openssl rand -hex 16.",
        )
    if not is_loopback(host):
        if token is None:
            raise UsageError(
                f"--host {host}: others could reach your profile and your server",
                remedy="Give --token-env NAME, the variable with a token they need.",
            )
        tell(f"others can reach {host}, and what they send is not encrypted")
    return Door(host, token, frozenset(origins))


def _upstream(
    session: Session, named: str | None, key_env: str | None, timeout: float
) -> "Upstream":
    from persona_cli.serving import Upstream

    key = _variable("--api-key-env", key_env)
    if named is None:
        model = session.settings.model
        if not model.startswith(("http://", "https://")):
            raise UsageError(
                "no server to pass chats on to",
                remedy="Name it: --upstream http://127.0.0.1:8080/v1.",
            )
        # The key of the settings is for this server, and for no other.
        named, key = model, key or session.settings.api_key
    return Upstream(named, key=key, timeout=timeout)


def _variable(option: str, name: str | None) -> str | None:
    """What a variable of the environment holds: a secret is no argument."""
    if name is None:
        return None
    value = os.environ.get(name, "").strip()
    if not value:
        raise UsageError(
            f"{option} {name}: no such variable, or it is empty",
            remedy=f"Set it first: export {name}=...",
        )
    return value


def _require_extra() -> None:
    from importlib.util import find_spec

    for library in ("starlette", "uvicorn"):
        if find_spec(library) is None:
            raise UsageError(
                f"persona serve needs {library}, which is not installed",
                remedy="Install it: pip install 'persona-cli[serve]'.",
            )
