"""What each setting may be: its type, its range, and how to say so."""

import math
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal, NamedTuple

Kind = Literal["text", "whole number", "number", "list of paths", "list of texts"]


# What a switch may be called in the environment.
_SWITCHED = {"1": "on", "true": "on", "yes": "on"}
_SWITCHED |= {"0": "off", "false": "off", "no": "off"}


class Rule(NamedTuple):
    """What a value must be.

    least, most: bounds of a number, themselves allowed unless ``above`` or
                 ``below`` says otherwise
    words:       the texts that are allowed; none is any
    """

    kind: Kind
    least: float = -math.inf
    most: float = math.inf
    above: bool = False
    below: bool = False
    words: tuple[str, ...] = ()

    def parse(self, text: str) -> Any:
        """A value from text, as the environment gives it.

        Raises: ValueError
        """
        try:
            match self.kind:
                case "whole number":
                    return int(text)
                case "number":
                    return float(text)
                case "list of paths":
                    return self.take([p for p in text.split(os.pathsep) if p])
                case "text" if "on" in self.words:
                    return _SWITCHED.get(text.casefold(), text)
                case "list of texts":
                    return self.take([p.strip() for p in text.split(",") if p.strip()])
        except ValueError as error:
            raise ValueError(f"{text!r} is not a {self.kind}") from error
        return text

    def take(self, value: Any) -> Any:
        """A value that has a type already, as YAML or a flag gives it.

        Raises: ValueError when it is of another type
        """
        match self.kind, value:
            case "text", str():
                return value
            case "text", bool() if self.words:  # YAML's on and off
                return "on" if value else "off"
            case "whole number", int() if not isinstance(value, bool):
                return value
            case "number", int() | float() if not isinstance(value, bool):
                return float(value)
            case "list of paths", str() | Path() if value:
                return (Path(value),)
            case "list of texts", str() if value.strip():
                return (value,)
            case "list of texts", list() | tuple() if all(
                isinstance(item, str) and item.strip() for item in value
            ):
                return tuple(value)
            case "list of paths", list() | tuple() if all(
                isinstance(item, str | Path) and str(item) for item in value
            ):
                return tuple(Path(item) for item in value)
        raise ValueError(f"{value!r} is not a {self.kind}")

    def check(self, name: str, value: Any) -> Any:
        """``value`` itself, when it is in range.

        Raises: ValueError
        """
        if self.kind == "text" and not value.strip():
            raise ValueError(f"{name} is empty")
        for one in value if isinstance(value, tuple) else (value,):
            if self.words and one not in self.words:
                raise ValueError(f"{name} is {one!r}, not {', '.join(self.words)}")
        if self.kind in ("text", "list of paths", "list of texts"):
            return value
        low = value > self.least if self.above else value >= self.least
        high = value < self.most if self.below else value <= self.most
        if not (low and high and math.isfinite(value)):
            raise ValueError(f"{name} is {value}, and must be {self._range()}")
        return value

    def _range(self) -> str:
        said = []
        if math.isfinite(self.least):
            said.append(f"{'above' if self.above else 'at least'} {self.least:.10g}")
        if math.isfinite(self.most):
            said.append(f"{'below' if self.below else 'at most'} {self.most:.10g}")
        return " and ".join(said) or "finite"


# Targets whose file is in the folder one stands in. Not Codex's own, which is read in
# all projects: a checkout's ``persona.yaml`` may be somebody else's.
EXPORTS = ("agents", "claude", "claude-rules", "cursor", "copilot")

RULES: Mapping[str, Rule] = {
    "profile": Rule("text"),
    "model": Rule("text"),
    "context_tokens": Rule("whole number", 256, 2**24),
    "answer_tokens": Rule("whole number", 16, 2**20),
    "window_tokens": Rule("whole number", 64, 2**24),
    "held_out": Rule("number", 0, 1, below=True),
    "questions": Rule("whole number", 0, 4096),
    "candidates": Rule("whole number", 1, 64),
    "seed": Rule("whole number", 0, 2**32 - 2),
    "gpu_layers": Rule("whole number", -1, 10_000),
    "threads": Rule("whole number", 1, 1024),
    "batch_tokens": Rule("whole number", 32, 2**16),
    "ubatch_tokens": Rule("whole number", 32, 2**16),
    "flash_attention": Rule("text", words=("auto", "on", "off")),
    "kv_type": Rule("text", words=("f16", "q8_0", "q4_0")),
    "lora": Rule("list of paths"),
    "lock_timeout": Rule("number", 0, 86_400),
    "budget": Rule("whole number", 1, 2**24),
    "exports": Rule("list of texts", words=EXPORTS),
    "temperature": Rule("number", 0, 5),
    "top_p": Rule("number", 0, 1, above=True),
    "top_k": Rule("whole number", 0, 2**20),
    "min_p": Rule("number", 0, 1, below=True),
    "api_key": Rule("text"),
    "me": Rule("list of texts"),
    "max_record": Rule("whole number", 1024, 2**30),
    "second_opinion": Rule("text", words=("on", "off")),
}
