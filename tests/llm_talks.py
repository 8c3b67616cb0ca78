"""Talk to simonw/llm, of whichever generation is on the path, by its own command.

    python tests/llm_talks.py < talks.json

talks.json: a list of {"argv": […], "stdin": "…"}; what each printed comes out as a
list of strings. The model is one that echoes, calls each tool that it is given once,
and takes text files as attachments.
"""

import json
import sys

import llm
from click.testing import CliRunner
from llm import cli, plugins


class Echo(llm.Model):
    """Answers with what it was asked."""

    model_id = "echo"
    can_stream = False
    supports_tools = True
    attachment_types = frozenset(("text/plain",))

    def execute(self, prompt, stream, response, conversation):
        """Call the tools, or echo."""
        if prompt.tools and not prompt.tool_results:
            for tool in prompt.tools:
                response.add_tool_call(llm.ToolCall(name=tool.name, arguments={}))
            yield ""
            return
        told = [result.output for result in prompt.tool_results]
        yield " ".join(["You said:", prompt.prompt or "", *told])


class Plugin:
    """Makes the model known."""

    @llm.hookimpl
    def register_models(self, register):
        """Register it."""
        register(Echo())


def main() -> None:
    """Run each talk in its turn."""
    plugins.pm.register(Plugin(), name="echo")
    printed = []
    for talk in json.load(sys.stdin):
        done = CliRunner().invoke(
            cli.cli, talk["argv"], input=talk.get("stdin", ""), catch_exceptions=False
        )
        assert done.exit_code == 0, (talk, done.output)
        printed.append(done.stdout)
    json.dump(printed, sys.stdout)


if __name__ == "__main__":
    main()
