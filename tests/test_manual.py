"""The manual page and the table of commands say what --help says."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest
import typer.main

from persona_cli.cli.app import COMMANDS, app
from persona_cli.cli.manual import manual_page, pages, reference

README = (Path(__file__).parent.parent / "README.md").read_text("utf-8")


def test_every_command_has_a_page():
    """Each name of --help, and each below it; none is told of twice."""
    names = [page.name for page in pages()]
    assert len(set(names)) == len(names)
    assert {name.split()[0] for name in names} == set(COMMANDS) - HIDDEN
    assert all(page.summary.endswith(".") or ":" in page.summary for page in pages())


HIDDEN = {
    name
    for name in COMMANDS
    if typer.main.get_command(app).get_command(None, name).hidden
}


def test_readme_tells_of_every_command_as_it_is():
    """Run `python scripts/reference.py --write` when this fails."""
    told = README.partition("<!-- commands:begin -->\n")[2]
    assert told.partition("\n<!-- commands:end -->")[0] == reference()


@pytest.mark.skipif(not shutil.which("groff"), reason="no groff to read the page with")
def test_the_manual_page_is_set_without_a_warning():
    """Every option's name and words come out as they are typed."""
    done = subprocess.run(
        ["groff", "-man", "-Tutf8", "-ww", "-P-cbou"],
        input=manual_page().encode(),
        capture_output=True,
    )
    assert (done.returncode, done.stderr) == (0, b"")
    shown = " ".join(done.stdout.decode().replace("‐\n", "-").split())
    for page in pages():
        assert f"persona {page.name}" in shown
        for term, said in page.terms:
            assert term in shown, term
            words = re.sub(r"\W+", "", said)
            assert words in re.sub(r"\W+", "", shown), said


def test_man_prints_it(run_persona):
    """To be piped into man, or kept where man looks."""
    done = run_persona("man")
    assert done.stdout == manual_page() + "\n"
    assert done.stdout.startswith(".TH PERSONA 1")
