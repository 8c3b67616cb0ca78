"""`-o`: one way to choose the form of a result, for every command that has --json."""

import json

import pytest
import typer.main

from persona_cli.cli.app import COMMANDS, app
from persona_cli.cli.output import FORMS


def leaves(group, before=()):
    """(names, command) of everything that can be run."""
    for name in group.list_commands(None):
        command = group.get_command(None, name)
        if hasattr(command, "list_commands"):
            yield from leaves(command, (*before, name))
        else:
            yield (*before, name), command


def test_whatever_has_json_has_the_other_forms():
    """And nothing else has: an option that does nothing is a lie."""
    seen = 0
    for names, command in leaves(typer.main.get_command(app)):
        options = {option for param in command.params for option in param.opts}
        assert ("--json" in options) == ("--output" in options), names
        seen += "--json" in options
    assert seen >= 15
    assert COMMANDS


@pytest.fixture
def me(run_persona):
    """A profile with a claim."""
    run_persona("init", "me")
    path = run_persona.root / "me" / "profile.md"
    path.write_text(path.read_text() + "\n## coding\n- I like Python.\n")
    return run_persona


def test_json_is_json_whichever_way_it_is_asked_for(me):
    """Both say the same, and `text` is what a pipe gets anyway."""
    asked = me("show", "me", "--json").stdout
    assert me("show", "me", "-o", "json").stdout == asked
    assert json.loads(asked)["claims"][0]["text"] == "I like Python."
    assert me("show", "me", "--output=text").stdout == me("show", "me").stdout
    assert (
        me("model", "list", "-o", "json").stdout == me("model", "list", "--json").stdout
    )


def test_a_table_is_drawn_also_into_a_pipe(me):
    """Rules and all; without colour, which a pipe did not ask for."""
    plain, table = me("show", "me").stdout, me("show", "me", "-o", "table").stdout
    assert plain != table
    assert "I like Python." in table
    assert "\x1b" not in table


def test_quiet_says_the_result_alone(me, tmp_path):
    """No talk on stderr; a failure is still told."""
    log = tmp_path / "log.jsonl"
    log.write_text("")
    assert "empty" in me("update", "me", str(log)).stderr
    still = me("update", "me", str(log), "-o", "quiet")
    assert (still.stdout, still.stderr) == ("", "")
    assert "I like Python." in me("show", "me", "-o", "quiet").stdout
    assert (
        "no such log" in me("update", "me", "gone.jsonl", "-o", "quiet", code=3).stderr
    )


def test_a_form_that_is_none_is_named(me):
    """With those there are; and two that exclude each other are not both obeyed."""
    said = me("show", "me", "-o", "xml", code=2).stderr
    assert all(form in said for form in FORMS)
    assert "exclude" in me("show", "me", "-o", "table", "--json", code=2).stderr
