"""Keep your preferences as a text: learned from logs, git-tracked, for any model."""

__version__ = "0.1.0"
