"""A profile as one page to look at: claims, what bears them out, and how it went.

The page needs nothing but itself: no network, no script, no font of its own.
"""

from persona_cli.page.gather import Card, Page, Step, gather
from persona_cli.page.html import html

__all__ = ["Card", "Page", "Step", "gather", "html"]
