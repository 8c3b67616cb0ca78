"""The marks persona leaves in prompts, so that it can tell its own words again.

A profile that was injected into a prompt comes back in the log of that chat.
Read as the user's words it would feed itself; the marks let ``guard`` cut it
out.
"""

import re

END = "<!-- persona:end -->"

# Stands in every prompt persona writes for itself (inference, judging): a log
# that holds it tells of persona at work, not of a person.
OWN_RUN = "<!-- persona:own-run -->"

INJECTED = re.compile(
    r"<!-- persona:begin\b[^>]{0,300}-->.*?(?:<!-- persona:end -->|\Z)", re.DOTALL
)


def begin(name: str, version: int) -> str:
    """The line that opens an injected profile."""
    return f"<!-- persona:begin {name} v{version} -->"


def named(name: str, more: str = "") -> str:
    """The line that opens a profile in a file: which it is, and not of what version.

    name: of the profile; a mark ends at the first ">", so a name in it may hold none
    more: what else is to be known of it
    """
    tame = re.sub(r"[^\w.@+-]", "_", name)
    return f"<!-- persona:begin {tame}{more} -->"
