"""Command lines that ask for what cannot be."""

import pytest

from tests.bad_input.refusals import USAGE
from tests.steady import kept


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["update", "me", "--foo"], "No such option: --foo"),
        (["why"], "Missing argument 'CLAIM'"),
        (["nonsense"], "No such command 'nonsense'"),
        (["update", "me", "--seed", "x"], "'x' is not a valid int"),
    ],
    ids=lambda value: value[0] if isinstance(value, list) else "",
)
def test_usage(persona, log, words, says):
    """An unknown flag or a missing argument: what, and where the help is; exit 2."""
    before = kept(persona.root)
    done = persona(*words, code=USAGE)
    assert says in done.stderr
    assert "-h' for help" in done.stderr
    assert kept(persona.root) == before
