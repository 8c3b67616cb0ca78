"""detect-secrets, where it is asked for: finds more, tells nobody, heeds allow."""

import json
import socket
from collections.abc import Callable
from pathlib import Path

import pytest

from persona_cli.allowed import NOTHING, Allowed, entries_for
from persona_cli.errors import InputError, UsageError
from persona_cli.guard import guard
from persona_cli.interaction import Interaction
from persona_cli.leaks import require_none_new
from persona_cli.secrets.second import redact
from persona_cli.settings import SettingsFile, resolve
from tests.chat_server import ChatServer
from tests.claims_of_power import PLAIN
from tests.conftest import Persona
from tests.steady import SteadyEngine
from tests.torture.planted import BENIGN
from tests.unseen_claims import MILD
from tests.wishes import WISHES

pytest.importorskip("detect_secrets")

ASKS = Allowed(second=True)
WORDS = "correct horse " + "battery"
OTHERS = "donkey " + "paperclip"
RANDOM = "QmFzZTY0IGlzIG5pY2U" + "gYW5kIGxvbmcgZW5vdWdo"

# What our own rules take for words of a sentence -> the item, and who sees it.
ONLY_SECOND = {
    f'Wrote passwd = "{WORDS}" there.': (WORDS, "second-secret-keyword"),
    # Nothing in it makes our own rules look twice.
    f'Wrote contrasena = "{OTHERS}" here.': (OTHERS, "second-secret-keyword"),
    f"The token was {RANDOM} last week.": (RANDOM, "second-base64-high-entropy-string"),
}


@pytest.mark.parametrize("text", ONLY_SECOND)
def test_it_finds_what_the_rules_let_pass(text: str) -> None:
    """In the text that is learned from; a second time changes nothing."""
    item, kind = ONLY_SECOND[text]
    deed = Interaction("m:1", "message", "m:log", text)
    kept = guard(deed, ASKS)
    assert kept.interaction is not None
    assert kept.interaction.chosen == text.replace(item, f"[redacted:{kind}]")
    assert kept.redacted == {kind: 1}
    assert guard(kept.interaction, ASKS).interaction == kept.interaction
    # The twin: nobody asked.
    unasked = guard(deed, NOTHING).interaction
    assert unasked is not None
    assert item in unasked.chosen


@pytest.mark.parametrize("text", ONLY_SECOND)
def test_it_is_asked_before_anything_is_written_too(text: str) -> None:
    """What a model brings along is refused; and without it, not."""
    after = {"profile.md": f"# Ada\n\n## x\n- {text}\n".encode()}
    with pytest.raises(InputError, match=r"profile\.md:4: looks like a second "):
        require_none_new(Path("ada"), {}, after, ASKS)
    require_none_new(Path("ada"), {}, after, NOTHING)


def test_a_pragma_in_the_text_lets_nothing_pass() -> None:
    """Whoever writes a log can not switch it off."""
    text = f'passwd = "{WORDS}"  # pragma: allowlist secret'
    assert WORDS not in redact(text, ASKS)[0]


def test_in_a_long_line_it_finds_as_much() -> None:
    """Lines are read in pieces; what lies across two of them is whole in one."""
    for before in range(1_900, 2_020, 7):
        text = "x" * before + f' passwd = "{WORDS}" ' + "y" * 3_000
        assert WORDS not in redact(text, ASKS)[0], before


def test_ordinary_text_passes_unchanged() -> None:
    """At most one in fifty; a hash passes where nothing speaks of a secret."""
    hashes = ["See commit 3f786850e387550fdab836ed7e6dc881de23001b of 10.1.2.3."]
    texts = [*BENIGN, *WISHES, *PLAIN, *MILD, *hashes]
    changed = [t for t in texts if redact(t, ASKS)[0] != redact(t, NOTHING)[0]]
    assert len(texts) > 700
    assert len(changed) <= 0.02 * len(texts), changed
    assert hashes[0] not in changed


@pytest.fixture
def dialled(monkeypatch: pytest.MonkeyPatch) -> list[object]:
    """Whom anything in this process tried to reach."""
    found: list[object] = []

    def record(name: str) -> Callable[..., object]:
        def refuse(*args: object, **_: object) -> object:
            found.append((name, args))
            raise OSError("no network here")

        return refuse

    monkeypatch.setattr(socket, "getaddrinfo", record("getaddrinfo"))
    monkeypatch.setattr(socket.socket, "connect", record("connect"))
    return found


def test_it_asks_nobody_whether_a_find_is_real(dialled: list[object]) -> None:
    """Its plugins can, with the find; the twin does, and is seen to."""
    from detect_secrets.plugins.stripe import StripeDetector

    key = "sk_live_" + "a1B2c3D4e5F6g7H8i9J0k1L2"
    for text in (f"key {key}", *ONLY_SECOND):
        assert redact(text, ASKS)[1]
    assert dialled == []
    with pytest.raises(OSError, match=r"no network|Max retries"):
        StripeDetector().verify(key)
    assert dialled


def test_allow_lets_one_of_its_finds_in() -> None:
    """That one, and no other; which stands there as a salted hash."""
    for text, (item, kind) in ONLY_SECOND.items():
        with pytest.raises(UsageError, match="nothing there is kept out"):
            entries_for(text)
        (entry,) = entries_for(text, ASKS)
        assert (entry.kind, item in entry.hash) == (kind, False)
        assert redact(text, ASKS.with_entries([entry])) == (text, {})
        for other in ONLY_SECOND.keys() - {text}:
            assert redact(other, ASKS.with_entries([entry]))[1]


def test_the_setting() -> None:
    """As YAML and the environment say yes and no."""
    for value, expected in ((True, "on"), (False, "off"), ("on", "on")):
        file = SettingsFile(place="x", values={"second_opinion": value})
        assert resolve([file], {}, {}).second_opinion == expected
    for value, expected in (("1", "on"), ("true", "on"), ("0", "off"), ("off", "off")):
        environ = {"PERSONA_SECOND_OPINION": value}
        assert resolve([], environ, {}).second_opinion == expected
    with pytest.raises(InputError, match="second_opinion is 'maybe'"):
        resolve([], {"PERSONA_SECOND_OPINION": "maybe"}, {})
    assert resolve([], {}, {}).second_opinion == "off"


def test_the_command_asks_it(run_persona: Persona) -> None:
    """From persona.yaml to the archive; allow; and what is missing is named."""
    text = next(iter(ONLY_SECOND))
    archive = run_persona.root / "ada/.state/archive.jsonl"

    def learn(name: str) -> str:
        log = run_persona.folder / f"{name}.jsonl"
        row = {"id": name, "kind": "message", "text": f"{text} I like tea."}
        log.write_text(json.dumps(row) + "\n")
        run_persona("update", "ada", str(log))
        return archive.read_text().splitlines()[-1]

    with ChatServer(SteadyEngine()).running() as server:
        run_persona.environ["PERSONA_MODEL"] = server.url
        run_persona("init", "ada")
        (run_persona.root / "persona.yaml").write_text("second_opinion: true\n")
        assert "[redacted:second-secret-keyword]" in learn("one")
        run_persona("allow", text)
        assert WORDS in learn("two")
    hooks = run_persona.folder / "hooks"
    hooks.mkdir()
    (hooks / "sitecustomize.py").write_text(
        "import sys\nsys.modules['detect_secrets'] = None\n"
    )
    done = run_persona("show", "ada", code=2, environ={"PYTHONPATH": str(hooks)})
    assert "detect-secrets is not installed" in done.stderr
    assert "pip install 'persona-cli[secrets]'" in done.stderr
