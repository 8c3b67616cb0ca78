"""What all tests share: a home of their own, and the embedded model, loaded once."""

import os
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import pytest

from persona_cli.llama import LlamaEngine
from persona_cli.tiny import repacked

ROOT = Path(__file__).parent.parent


@pytest.fixture(autouse=True)
def own_home(tmp_path_factory, monkeypatch) -> Path:
    """No test reads or writes the developer's own settings, models or profiles."""
    home = tmp_path_factory.mktemp("home")
    for name in list(os.environ):
        if name.startswith(("PERSONA_", "GIT_", "XDG_", "OPENAI_", "HF_")):
            monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(home / "config"))
    monkeypatch.setenv("XDG_DATA_HOME", str(home / "data"))
    monkeypatch.setenv("XDG_CACHE_HOME", str(home / "cache"))
    monkeypatch.setenv("XDG_STATE_HOME", str(home / "state"))
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", os.devnull)
    monkeypatch.setenv("GIT_CONFIG_NOSYSTEM", "1")
    for who in ("AUTHOR", "COMMITTER"):
        monkeypatch.setenv(f"GIT_{who}_NAME", "Test")
        monkeypatch.setenv(f"GIT_{who}_EMAIL", "test@example.invalid")
    return home


@pytest.fixture(scope="session")
def tiny_model() -> Path:
    """The embedded model, repacked into a cache that outlives the run."""
    return repacked(ROOT / ".cache" / "models")


@pytest.fixture(scope="session")
def tiny_engine(tiny_model) -> Iterator[LlamaEngine]:
    """The embedded model, loaded. Shared: whoever closes it breaks the others."""
    engine = LlamaEngine(tiny_model, name="tiny")
    yield engine
    engine.close()


class Persona:
    """The command, run as a process of its own on a root of its own."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.root = folder / "profiles"
        path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
        self.environ = dict(os.environ, PERSONA_ROOT=str(self.root), PATH=path)
        self._last: list[Callable[[], None]] = []

    def __call__(
        self,
        *words: str,
        code: int = 0,
        stdin: str = "",
        environ: Mapping[str, str] | None = None,
    ) -> subprocess.CompletedProcess[str]:
        """Run one command, and see that it ends with ``code``."""
        argv = [sys.executable, "-m", "persona_cli", *filter(None, words)]
        done = subprocess.run(
            argv,
            capture_output=True,
            text=True,
            input=stdin,
            cwd=self.folder,
            env={**self.environ, **(environ or {})},
            check=False,
        )
        assert done.returncode == code, f"{words}: {done.returncode}\n{done.stderr}"
        assert "Traceback" not in done.stderr, done.stderr
        return done

    def start(self, *words: str) -> subprocess.Popen[str]:
        """Start a command in a process group of its own, and leave it running."""
        return subprocess.Popen(
            [sys.executable, "-m", "persona_cli", *words],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            cwd=self.folder,
            env=self.environ,
            start_new_session=True,
        )

    def shell(self, line: str) -> subprocess.CompletedProcess[str]:
        """Run a line of shell, with ``persona`` on its path."""
        return subprocess.run(
            ["sh", "-c", line],
            capture_output=True,
            text=True,
            cwd=self.folder,
            env=self.environ,
            check=False,
        )

    def git(self, *words: str) -> str:
        """What git says in the root."""
        argv = ["git", "-C", str(self.root), *words]
        return subprocess.run(
            argv, capture_output=True, text=True, check=True, env=self.environ
        ).stdout

    def finish(self, last: Callable[[], None]) -> None:
        """Do something when the test is over."""
        self._last.append(last)

    def close(self) -> None:
        """Do what was asked for."""
        for last in reversed(self._last):
            last()


@pytest.fixture
def run_persona(own_home, tmp_path) -> Iterator[Persona]:
    """The ``persona`` command, in a home and a root of its own."""
    persona = Persona(tmp_path)
    yield persona
    persona.close()
