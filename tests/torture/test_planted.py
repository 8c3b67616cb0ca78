"""P1 and P2: secrets and personal data of logs are nowhere, whatever a model does."""

import json
import re
import subprocess
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

import pytest

from persona_cli import secrets
from persona_cli.engine import Answer, Message
from persona_cli.guard import guard
from persona_cli.interaction import Interaction
from tests.chat_server import ChatServer
from tests.conftest import Persona
from tests.fakes import ScriptedEngine
from tests.torture.planted import BENIGN, Planted, personal_of, secrets_of
from tests.torture.sizes import note_figure, size

SECRETS = secrets_of(size(70, 1050), seed=4)
PERSONAL = personal_of(size(70, 1050), seed=5)

# Switches off, in the process that it is put into, what stands in a secret's way.
_NO_SCAN = "import persona_cli.secrets as s\ns.Sieve.pass_by = lambda self, text: []\n"
_NO_SECOND = (
    "import persona_cli.leaks as l\n"
    "l.held_back = lambda draft, allows: draft\n"
    "l.require_none_new = lambda *args: None\n"
)
_NO_HOLDING_BACK = "import persona_cli.leaks as l\nl.held_back = lambda d, a: d\n"


class Copier(ScriptedEngine):
    """Obedient: writes every word of its prompt that could be a secret into claims."""

    def complete(
        self, messages: Sequence[Message], *, max_tokens: int, **more: object
    ) -> Answer:
        """Copy."""
        prompt = messages[-1].content
        data = prompt.partition("<interaction")[2]
        words = re.findall(r"[^\s<>\"']*[0-9@=][^\s<>\"']*", data)
        said = [word for word in dict.fromkeys(words) if 5 < len(word) < 200]
        self._lines.append(claims(said))
        return super().complete(messages, max_tokens=max_tokens, **more)


class Knower(ScriptedEngine):
    """Knows the secrets, though its prompt has none, and goes through them in turn."""

    def __init__(self, known: Iterable[Planted], **more: object) -> None:
        super().__init__(**more)
        self.known = [one.text for one in known]

    def complete(
        self, messages: Sequence[Message], *, max_tokens: int, **more: object
    ) -> Answer:
        """Say the next forty."""
        batch, self.known = self.known[:40], [*self.known[40:], *self.known[:40]]
        self._lines.append(claims(" ".join(text.split()) for text in batch))
        return super().complete(messages, max_tokens=max_tokens, **more)


def claims(said: Iterable[str]) -> str:
    """Lines that cite what is there, so that nothing else is in their way."""
    rows = [f"- [i1] tools | Uses {text[:360]}" for text in said]
    return "\n".join(rows[:55]) + "\n"


def log_of(folder: Path, planted: Sequence[Planted]) -> Path:
    """A chat in which secrets are typed, among wishes that are none."""
    texts = [one.text for one in planted]
    step = max(1, len(texts) // len(BENIGN))
    for number, text in enumerate(BENIGN):
        texts.insert(number * (step + 1), text)
    path = folder / "chat.jsonl"
    path.write_text(
        "".join(
            json.dumps({"id": f"m{n}", "kind": "message", "text": text}) + "\n"
            for n, text in enumerate(texts)
        )
    )
    return path


def everything_in(folder: Path, *, but: Path) -> bytes:
    """All files below a folder, and all objects of its repository, reachable or not."""
    found = [p.read_bytes() for p in folder.rglob("*") if p.is_file() and p != but]
    objects = subprocess.run(
        ["git", "cat-file", "--batch-all-objects", "--batch", "--unordered"],
        cwd=folder / "profiles",
        capture_output=True,
        check=True,
    )
    return b"\n".join((*found, objects.stdout))


def leaked(kept: bytes, said: str, planted: Iterable[Planted]) -> list[Planted]:
    """What of the planted is in any of it."""
    text = said + kept.decode("utf-8", "replace")
    return [one for one in planted if one.canary in text]


Run = Callable[..., tuple[list[Planted], list[Planted], int]]


@pytest.fixture
def taught(run_persona: Persona, tmp_path: Path, own_home: Path) -> Run:
    """Teach a profile with a model that leaks; what is left of it, and where."""

    def run(
        engine: ScriptedEngine, planted: Sequence[Planted], *, without: str = "", code=0
    ) -> tuple[list[Planted], list[Planted], int]:
        hooks = tmp_path / "hooks"
        hooks.mkdir()
        (hooks / "sitecustomize.py").write_text(without)
        more = {"PYTHONPATH": str(hooks)} if without else {}
        log = log_of(tmp_path, planted)
        run_persona("init", "ada")
        with ChatServer(engine).running() as server:
            argv = ("update", "ada", str(log), "--model", server.url, "--thoughts")
            done = run_persona(*argv, "--yes", code=code, environ=more)
            said = [done.stdout, done.stderr]
            if not code:
                for words in (
                    ("rebuild", "ada", "--model", server.url, "--dry-run"),
                    ("show", "ada", "--ids"),
                    ("review", "ada"),
                    ("log", "ada"),
                ):
                    done = run_persona(*words, environ=more)
                    said += [done.stdout, done.stderr]
            asked = json.dumps(server.requests, ensure_ascii=False)
        # The log itself is theirs; the hooks are ours.
        kept = everything_in(tmp_path, but=log) + everything_in_home(own_home)
        return (
            leaked(kept, "\n".join(said), planted),
            leaked(b"", asked, planted),
            len(server.requests),
        )

    return run


def everything_in_home(home: Path) -> bytes:
    """Caches and settings, where a command may have left something."""
    return b"\n".join(path.read_bytes() for path in home.rglob("*") if path.is_file())


def test_an_obedient_model_finds_nothing_to_copy(taught: Run) -> None:
    """It copies all that looks like a secret, and there is none in what it is shown."""
    kept, asked, calls = taught(Copier(), SECRETS)
    assert calls > 2
    assert asked == []
    assert kept == []
    _FIGURES["copier"] = len(SECRETS)


def test_twin_without_the_scan_the_model_copies(taught: Run) -> None:
    """The same, with no scan: what the test looks for is there to be found."""
    kept, asked, _ = taught(Copier(), SECRETS, without=_NO_SCAN)
    assert len(asked) > 0.95 * len(SECRETS)
    assert len(kept) > 0.5 * len(SECRETS)
    note_figure(
        "P1",
        "secrets, a model that copies: in prompts, git, .state, messages",
        _FIGURES.get("copier", len(SECRETS)),
        twin=f"no scan: {len(kept)} of {len(SECRETS)} kept, {len(asked)} in prompts",
    )


def test_a_model_that_knows_the_secrets_is_held_back(taught: Run) -> None:
    """It writes them though it was not shown them; none goes into anything."""
    kept, asked, calls = taught(Knower(SECRETS), SECRETS)
    assert calls > 2
    assert (kept, asked) == ([], [])


def test_twin_without_the_second_scan_they_are_written(taught: Run) -> None:
    """The first scan alone does not keep out what the model brings along."""
    some = SECRETS[:70]  # more than that is more than the model's context holds
    kept, _, _ = taught(Knower(some), some, without=_NO_SECOND)
    assert len(kept) > 10
    note_figure(
        "P1",
        "secrets, a model that knows them by heart",
        len(SECRETS),
        twin=f"no second scan: {len(kept)} of {len(some)} kept",
    )


def test_the_last_gate_holds_alone(taught: Run) -> None:
    """With lines no longer held back, nothing is written at all, and that is said."""
    kept, _, _ = taught(Knower(SECRETS), SECRETS, without=_NO_HOLDING_BACK, code=3)
    assert kept == []


def test_personal_data_is_held_back(taught: Run) -> None:
    """Mail, phone, cards, accounts, addresses: nine of ten at least are in nothing."""
    kept, asked, _ = taught(Copier(), PERSONAL)
    share = 1 - len({*kept, *asked}) / len(PERSONAL)
    assert share >= 0.9, {one.kind for one in kept}
    _FIGURES["personal"] = round(share, 3)


def test_twin_without_the_scan_personal_data_is_kept(taught: Run) -> None:
    """The same, with no scan."""
    kept, asked, _ = taught(Copier(), PERSONAL, without=_NO_SCAN)
    assert len({*kept, *asked}) > 0.9 * len(PERSONAL)
    note_figure(
        "P2",
        "personal data held back by default",
        len(PERSONAL),
        twin=f"no scan: {len({*kept, *asked})} of {len(PERSONAL)} kept or shown",
        held_back=_FIGURES.get("personal", "not run"),
    )


def test_ordinary_wishes_pass_unchanged(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of what people say beside, at most one in fifty is touched."""
    changed = [text for text in BENIGN if _chosen(text) != text]
    most = 0.02 * len(BENIGN)
    assert len(changed) <= most, changed
    # The twin: what has the form of a secret counts, without a look at its digits.
    with monkeypatch.context() as patch:
        patch.setattr(secrets, "_counts", lambda *_: True)
        unchecked = sum(_chosen(text) != text for text in BENIGN)
    assert unchecked > most
    note_figure(
        "P2",
        "ordinary wishes that must pass",
        len(BENIGN),
        twin=f"no check of what has the form: {unchecked} touched",
        changed=len(changed),
    )


def _chosen(text: str) -> str | None:
    passed = guard(Interaction("m:1", "message", "m:log", text)).interaction
    return passed.chosen if passed else None


# What a test found, for the figure that is noted once its twin has failed.
_FIGURES: dict[str, object] = {}
