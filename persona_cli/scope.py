"""Where a claim holds: everywhere, or in one project."""

GLOBAL = "global"
