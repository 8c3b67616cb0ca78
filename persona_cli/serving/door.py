"""Who may come in: programs of this machine, and no web page.

A page in a browser can make requests to ``127.0.0.1``, under its own name too (DNS
rebinding). So on loopback the name that was asked for must be this machine's, and a
request that a page made is refused, unless the page was named. Beyond loopback a
token decides.

Source: owasp.org, "DNS Rebinding"; w3.org, "Fetch Metadata Request Headers"
"""

import hmac
from collections.abc import Mapping
from dataclasses import dataclass

from persona_cli.server import is_loopback
from persona_cli.serving.refusal import RefusalError

_FOREIGN = ("cross-site", "same-site")


@dataclass(frozen=True, slots=True)
class Door:
    """What a request has to bring.

    host:    the address that is listened on
    token:   what stands in ``Authorization: Bearer``; None: nothing has to
    origins: pages that may make requests, as ``Origin`` names them
    """

    host: str = "127.0.0.1"
    token: str | None = None
    origins: frozenset[str] = frozenset()

    def check(self, headers: Mapping[str, str]) -> None:
        """See that a request may come in.

        headers: by name, in any case
        Raises:  RefusalError
        """
        asked = headers.get("host", "")
        if is_loopback(self.host) and not is_loopback(host_named(asked)):
            raise RefusalError(
                403,
                "the Host header does not name this machine",
                remedy=f"Ask for http://{self.host}, or listen elsewhere: --host.",
            )
        origin = headers.get("origin")
        foreign = headers.get("sec-fetch-site") in _FOREIGN
        if (origin is not None or foreign) and origin not in self.origins:
            raise RefusalError(
                403,
                "a web page may not ask here",
                remedy="Let it in when you start: --allow-origin http://its.address.",
            )
        if self.token is not None and not self._has_token(headers):
            raise RefusalError(
                401,
                "this proxy takes its own token as the API key",
                remedy="Give the client the token that --token-env names.",
            )

    def _has_token(self, headers: Mapping[str, str]) -> bool:
        scheme, _, given = headers.get("authorization", "").partition(" ")
        if scheme.lower() != "bearer" or self.token is None:
            return False
        return hmac.compare_digest(given.strip().encode(), self.token.encode())


def host_named(header: str) -> str:
    """The host in a ``Host`` header, without its port and brackets."""
    if header.startswith("["):
        return header[1:].partition("]")[0]
    return header.partition(":")[0].lower()
