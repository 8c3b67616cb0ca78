"""R13: model files that are damaged, or were made to hurt."""

import os
import subprocess
import sys
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from persona_cli import trials
from persona_cli.chat import CHATML, ChatTemplateError, render_chat
from persona_cli.engine import Message
from persona_cli.errors import ModelError
from persona_cli.models.catalogue import catalogue
from persona_cli.models.shelf import Held, Pulled, Shelf, sha256_of
from persona_cli.models.spec import ModelRef
from persona_cli.trial import template_fault
from tests.bad_input.refusals import MODEL, assert_refused, running
from tests.gguf_files import write_adapter, write_model
from tests.torture.damage import (
    ENDLESS,
    cut_short,
    deadly,
    flipped,
    no_models,
    without_layers,
)
from tests.torture.sizes import note_figure, size

# For a file of 100 kB; what needs more has hung.
PATIENCE = 6

pytestmark = pytest.mark.model


@dataclass(frozen=True)
class Verdict:
    """What a process made of a model file."""

    survived: bool
    seconds: float
    path: Path
    why: str


def load_all(
    files: Sequence[Path], cache: Path, *words: str
) -> tuple[list[int], list[Verdict]]:
    """Load files in two processes.

    Returns: their exit statuses, and the verdicts that they lived to give
    """
    base, files = (files[:1], files[1:]) if "--lora" in words else ((), files)

    def work(half: Sequence[Path]) -> subprocess.CompletedProcess[str]:
        argv = [sys.executable, "-m", "tests.torture.one_model", str(PATIENCE)]
        return subprocess.run(
            [*argv, str(cache), *words, *map(str, (*base, *half))],
            capture_output=True,
            text=True,
            env={**os.environ, "GGML_NO_BACKTRACE": "1", "OMP_WAIT_POLICY": "passive"},
            timeout=60 * (len(half) + 1),
        )

    halves = [half for half in (files[::2], files[1::2]) if half]
    with ThreadPoolExecutor(2) as pool:
        done = list(pool.map(work, halves))
    rows = [line.split("\t") for d in done for line in d.stdout.splitlines()]
    verdicts = [
        Verdict(how == "survived", float(took), Path(path), why)
        for how, took, path, why in rows
    ]
    return [d.returncode for d in done], verdicts


def assert_nobody_dies(files: Sequence[Path], cache: Path, *words: str) -> int:
    """Each file gets a verdict within the minute, and whoever gives it lives on.

    Returns: how many were refused
    """
    codes, verdicts = load_all(files, cache, *words)
    assert not any(codes), "a process died of a model"
    tried = files[1:] if "--lora" in words else files
    assert {v.path for v in verdicts} == set(tried)
    assert all(v.seconds < 60 for v in verdicts)
    assert all(v.survived or v.path.name[:-5] in v.why for v in verdicts)
    return sum(not v.survived for v in verdicts)


def dies_untried(path: Path) -> bool:
    """The broken twin: nobody tries a model first; whether the same check fails."""
    try:
        assert_nobody_dies([path], path.parent / "untried", "--no-trial")
    except AssertionError as error:
        return "a process died of a model" in str(error)
    return False


@pytest.fixture(scope="module")
def whole(tmp_path_factory) -> Path:
    """A model that is as it should be."""
    template = "{% for m in messages %}{{ m.role }}: {{ m.content }}\n{% endfor %}"
    folder = tmp_path_factory.mktemp("whole")
    return write_model(folder / "whole.gguf", tokenizer__chat_template=template)


def test_an_unlisted_model_takes_nobody_along(whole, tmp_path):
    """No model, half a model, flipped bytes, wrong numbers: refused, or survived."""
    cache = tmp_path / "cache"
    dead = list(deadly(tmp_path))
    files = [
        whole,
        *no_models(tmp_path),
        *cut_short(whole, tmp_path, size(10, 20)),
        *flipped(whole, tmp_path, size(24, 60), weights=False, seed=1),
        *flipped(whole, tmp_path, size(8, 20), weights=True, seed=2),
        *dead,
        write_model(tmp_path / "endless.gguf", **ENDLESS),
    ]
    refused = assert_nobody_dies(files, cache)
    assert 0 < refused < len(files)  # a whole one is not

    some = dead[: size(5, len(dead))]
    with ThreadPoolExecutor(2) as pool:
        fatal = sum(pool.map(dies_untried, some))
    assert fatal == len(some)
    note_figure(
        "R13",
        "damaged and hostile models, unlisted",
        len(files),
        twin=f"no trial: {fatal} of {len(some)} made to kill do",
        refused=refused,
    )


def test_an_embedded_model_with_flipped_bytes(tiny_model, tmp_path):
    """The same with a real one, where a wrong byte is one of a hundred million."""
    files = [
        *flipped(tiny_model, tmp_path, size(1, 20), weights=False, seed=3),
        *flipped(tiny_model, tmp_path, size(1, 10), weights=True, seed=4),
        without_layers(tiny_model, tmp_path),
    ]
    refused = assert_nobody_dies(files, tmp_path / "cache")
    assert refused
    fatal = dies_untried(files[-1])
    assert fatal, "without a trial it would do as well"
    note_figure(
        "R13",
        "a real model with flipped bytes, unlisted",
        len(files),
        twin=f"no trial: {fatal:d} of 1 without layers kills",
        refused=refused,
    )


def test_a_damaged_adapter_takes_nobody_along(whole, tmp_path):
    """It is laid over a model by a process of its own, first."""
    adapter = write_adapter(tmp_path / "good.gguf", size=0.1, width=32, layers=1)
    files = [
        whole,
        adapter,
        *no_models(tmp_path),
        *cut_short(adapter, tmp_path, size(3, 20)),
        *flipped_adapter(adapter, tmp_path, size(8, 40)),
    ]
    refused = assert_nobody_dies(files, tmp_path / "cache", "--lora")
    assert 0 < refused < len(files) - 1
    # No twin can fail here, as far as is known: llama.cpp refuses these by itself.
    codes, _ = load_all(files, tmp_path / "untried", "--lora", "--no-trial")
    note_figure(
        "R13",
        "damaged adapters",
        len(files) - 1,
        twin=f"none: untried, {sum(map(bool, codes))} of {len(codes)} processes die",
        refused=refused,
    )


def flipped_adapter(adapter: Path, folder: Path, count: int) -> list[Path]:
    """An adapter with bytes of its header changed."""
    content = bytearray(adapter.read_bytes())
    content += b".weight"  # where ``flipped`` takes the header to end
    padded = folder / "padded.bin"
    padded.write_bytes(content)
    return list(flipped(padded, folder, count, weights=False, seed=5))


@pytest.mark.parametrize("where", ["the shelf", "the catalogue"])
def test_a_listed_model_is_refused_before_it_is_loaded(
    whole, tmp_path, monkeypatch, where
):
    """By its sha256: every truncation, and every flip."""
    listed = Listed(whole, tmp_path, monkeypatch, where)
    files = [
        *cut_short(whole, tmp_path, 20),
        *flipped(whole, tmp_path, 60, weights=False, seed=1),
        *flipped(whole, tmp_path, 20, weights=True, seed=2),
    ]
    listed.put(whole.read_bytes())
    assert listed.admitted() == ""
    for path in files:
        listed.put(path.read_bytes())
        assert "does not match" in listed.admitted(), path
    # The broken twin: with a hash that says yes to all, all are let in.
    found = sha256_of(whole)
    monkeypatch.setattr(trials, "sha256_of", lambda _: found)
    monkeypatch.setattr("persona_cli.models.shelf.sha256_of", lambda _: found)
    let_in = 0
    same_size = [p for p in files if p.stat().st_size == whole.stat().st_size]
    for path in same_size:
        listed.put(path.read_bytes())
        let_in += listed.admitted() == ""
    assert let_in == len(same_size)
    note_figure(
        "R13",
        f"damaged models that {where} lists",
        len(files),
        twin=f"no sha256: {let_in} of {len(same_size)} let in",
    )


class Listed:
    """A model whose sha256 is known, and which nobody may load once it is damaged."""

    def __init__(self, whole: Path, folder: Path, patch, where: str) -> None:
        self.path = folder / "listed" / "model.gguf"
        self.path.parent.mkdir()
        self.shelf, self.folder = Shelf(folder / "hub", folder / "models.json"), folder
        self.sha256, self.bytes = sha256_of(whole), whole.stat().st_size
        entry = replace(
            next(e for e in catalogue().values() if e.repo and e.sha256),
            name="listed",
            size=self.bytes,
            sha256=self.sha256,
        )
        patch.setattr(trials, "catalogue", lambda: {"listed": entry})
        patch.setattr(trials, "try_out", never)
        self.ref = ModelRef(spec="listed", kind="hub", entry=entry, repo=entry.repo)
        if where == "the shelf":
            self.put(whole.read_bytes())
            self.shelf.keep(self._pulled())

    def put(self, content: bytes) -> None:
        """Change the file in place, and set its time back, as bit rot would."""
        before = self.path.stat() if self.path.exists() else None
        self.path.write_bytes(content)
        if before:
            os.utime(self.path, ns=(before.st_atime_ns, before.st_mtime_ns))

    def admitted(self) -> str:
        """Why the file is refused; empty when it is let in."""
        try:
            self.shelf.verify(self.path)
            trials.admit(
                self.ref,
                self.path,
                shelf=self.shelf,
                cache=self.folder / "cache",
                tell=lambda _: None,
            )
        except ModelError as error:
            return str(error)
        return ""

    def _pulled(self) -> Pulled:
        status = self.path.stat()
        held = Held(
            path=str(self.path),
            file="model.gguf",
            size=self.bytes,
            sha256=self.sha256,
            mtime_ns=status.st_mtime_ns,
            ctime_ns=status.st_ctime_ns,
        )
        return Pulled(spec="listed", repo="a/b", revision="0", at="", files=(held,))


def never(*_: object, **__: object) -> None:
    """What must not be called."""
    raise AssertionError("a damaged listed model was loaded")


def test_a_command_says_what_the_model_did(run_persona, tmp_path):
    """One sentence, exit 4, and the profile as it was."""
    run_persona("init", "me")
    log = tmp_path / "log.jsonl"
    log.write_text('{"query": "q?", "chosen": "amber anvil", "rejected": "no"}\n')
    path = write_model(tmp_path / "x.gguf", llama__block_count=0)
    run = running(
        run_persona, "update", "me", str(log), "--model", str(path), code=MODEL
    )
    says = f"the model process died (signal 6) while loading {path}; the profile is"
    assert_refused(
        run_persona,
        run,
        MODEL,
        f"{says} unchanged",
        "use another model",
        logs=(log, path),
        state=False,
    )
    told = run_persona("doctor", "--model", str(path), code=3).stdout
    assert f"WRONG  speed: {says}" in told


# Each shows every message, and would do if it came to its end.
SAYS_ALL = "{% for m in messages %}{{ m.content }}{% endfor %}"
HOSTILE = {
    "a long text": "{{ 'a' * 2 * 10**9 }}",
    "loops in loops": "{% for a in range(99999) %}{% for b in range(99999) %}"
    "{% for c in range(99999) %}{% endfor %}{% endfor %}{% endfor %}x",
    "a great number": "{{ (9 ** (9 ** 9)) % 7 }}",
    "a great number as text": "{{ '%s' % (7 ** 999999) }}",
    "a text that doubles": "{% set ns = namespace(s='aa') %}{% for i in range(60) %}"
    "{% set ns.s = ns.s + ns.s %}{% endfor %}{{ ns.s }}",
    "a padded text": "{{ '%2000000000d' % 1 }}",
    "a wide table": "{% for i in range(90000) %}{{ i }} 0123456789{% endfor %}",
    "a call of itself": "{% macro m() %}{{ m() }}{% endmacro %}{{ m() }}",
    "the way out": "{{ ''.__class__.__mro__[1].__subclasses__() }}",
    "a refusal": "{{ raise_exception('no') }}",
    "no jinja": "{% for %}",
    "nobody's words": "{{ messages | length }}{% set messages = [] %}",
}
ENDLESS_ONES = ("loops in loops", "a great number")


def test_a_hostile_chat_template_is_not_used(tmp_path):
    """Rendered by a child, with limits; the built-in one takes its place."""

    def fault_of(row: str) -> str:
        return template_fault(HOSTILE.get(row, "") + SAYS_ALL, seconds=1)

    with ThreadPoolExecutor(2) as pool:
        for row, fault in zip(HOSTILE, pool.map(fault_of, HOSTILE), strict=True):
            assert fault, row
    assert template_fault(SAYS_ALL) == ""
    path = tmp_path / "x.gguf"
    write_model(path, tokenizer__chat_template=HOSTILE["a long text"] + SAYS_ALL)
    assert trials.try_out(path).chat_template == CHATML
    code = (
        "import sys; from persona_cli.chat import *;"
        "render_chat(sys.argv[1], [Message('user', 'x')])"
    )

    def twin(row: str) -> bool:  # rendered where it is needed
        argv = [sys.executable, "-c", code, HOSTILE[row] + SAYS_ALL]
        with pytest.raises(subprocess.TimeoutExpired):
            subprocess.run(argv, timeout=3, stderr=subprocess.DEVNULL)
        return True

    with ThreadPoolExecutor(2) as pool:
        endless = sum(pool.map(twin, ENDLESS_ONES))
    note_figure(
        "R13",
        "hostile chat templates",
        len(HOSTILE),
        twin=f"rendered here: {endless} of {len(ENDLESS_ONES)} that never end hang",
    )


def test_a_template_gives_the_same_twice():
    """What a child saw of it, the parent will see: nothing is drawn by lot."""
    chat = [Message("user", "x")]
    for source in ("{{ lipsum() }}", "{{ [1, 2, 3] | random }}"):
        with pytest.raises(ChatTemplateError):
            render_chat(source + "{{ messages[0].content }}", chat)


IMPOSSIBLE = [r'root ::= "a" [^\x00-\U0010FFFF]', r"root ::= [^\x01-\U0010FFFF]+"]


def test_a_grammar_with_no_way_on_ends_the_answer_alone(whole):
    """Not the process; the twin believes any token, and dies."""
    code = (
        "import sys; from pathlib import Path; from persona_cli.llama import *;"
        "from persona_cli.engine import Message; from persona_cli.errors import *;"
        "from persona_cli.llama.dice import Dice\n"
        "if sys.argv[2] == 'twin': Dice._allows = lambda *_: True\n"
        "e = LlamaEngine(Path(sys.argv[1]), context=256, gpu_layers=0)\n"
        f"for g in {IMPOSSIBLE!r}:\n"
        "    try: e.complete([Message('user', 'x')], max_tokens=8, grammar=g)\n"
        "    except ModelError: pass\n"
    )

    def ends_with(which: str) -> int:
        argv = [sys.executable, "-c", code, str(whole), which]
        environ = {**os.environ, "GGML_NO_BACKTRACE": "1"}
        return subprocess.run(argv, env=environ, stderr=subprocess.DEVNULL).returncode

    assert ends_with("plain") == 0
    aborts = sum(ends_with("twin") != 0 for _ in range(1))
    assert aborts, "any token believed, it would do as well"
    twin = f"unasked: {aborts} of 1 aborts"
    note_figure("R13", "grammars with no way on", len(IMPOSSIBLE), twin=twin)


def test_what_came_through_is_not_tried_again(whole, tmp_path, monkeypatch):
    """A model is tried once; another file of the same name is tried anew."""
    path = tmp_path / "mine.gguf"
    path.write_bytes(whole.read_bytes())
    told: list[str] = []

    def admit() -> str | None:
        return trials.admit(
            ModelRef(spec=str(path), kind="file", path=path),
            path,
            shelf=Shelf(tmp_path / "hub", tmp_path / "models.json"),
            cache=tmp_path / "cache",
            tell=told.append,
        )

    assert admit() is None
    assert admit() is None
    assert told == ["trying mine.gguf in a process of its own first, once"]
    write_model(path, tokenizer__chat_template="{{ 1 // 0 }}")
    assert admit() == CHATML
    assert admit() == CHATML
    assert len(told) == 4
    assert told[2] == told[3]
    assert "using the built-in `chatml`" in told[3]
    (tmp_path / "cache" / trials.FILE).write_text('{"a": [')
    monkeypatch.setattr(trials, "try_out", lambda *_, **__: trials.Outcome())
    assert admit() is None  # a damaged memory is no memory
