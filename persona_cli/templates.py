"""Prompt templates: markdown files in ``prompts/``, read and checked.

A template is a file: YAML front matter, then the prompt, with ``$name`` where
an input goes. ``string.Template`` and not ``str.format``, because prompts show
JSON, and JSON is full of braces.
"""

from dataclasses import dataclass
from importlib.resources import files
from string import Template

import yaml


@dataclass(frozen=True, slots=True)
class PromptTemplate:
    """A prompt with holes.

    label:  ``name@version``; written into every profile the template shaped
    inputs: the names of the holes
    body:   the text, each input a ``$name``
    """

    label: str
    inputs: frozenset[str]
    body: str

    def render(self, **values: str) -> str:
        """Fill every hole. A value may hold ``$`` itself; it is not read again.

        Raises: TypeError when the values are not exactly the inputs, which is
                a mistake of ours and never of the user's
        """
        if values.keys() != self.inputs:
            raise TypeError(f"{self.label} takes {sorted(self.inputs)}")
        return Template(self.body).substitute(values)


def load_template(name: str) -> PromptTemplate:
    """Read ``prompts/<name>.md``."""
    text = files("persona_cli.prompts").joinpath(f"{name}.md").read_text("utf-8")
    _, head, body = text.split("---\n", maxsplit=2)
    meta = yaml.safe_load(head)
    return PromptTemplate(
        label=f"{name}@{meta['version']}",
        inputs=frozenset(meta["inputs"]),
        body=body.strip(),
    )
