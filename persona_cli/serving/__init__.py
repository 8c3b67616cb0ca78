"""A local OpenAI-compatible proxy that puts a profile into each chat.

    client ──▶ door ──▶ chat (the profile goes in) ──▶ upstream ──▶ client
                                                          └──▶ log (what the user typed)

Everything but the system message of a chat goes through unchanged, in both directions.
Nothing is sent anywhere but to the one server that was named.
"""

from persona_cli.serving.app import proxy
from persona_cli.serving.door import Door
from persona_cli.serving.log import Log
from persona_cli.serving.run import listen, serve
from persona_cli.serving.upstream import Upstream

__all__ = ["Door", "Log", "Upstream", "listen", "proxy", "serve"]
