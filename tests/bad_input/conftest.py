"""A profile that has been lived in, a model that always answers, a good log."""

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.chat_server import ChatServer
from tests.steady import SteadyEngine

if TYPE_CHECKING:
    from tests.conftest import Persona

from tests.bad_input.refusals import pair


@pytest.fixture(scope="session")
def lived_in(tmp_path_factory) -> Path:
    """Where the first test leaves a root for the others to copy."""
    return tmp_path_factory.mktemp("lived-in") / "profiles"


@pytest.fixture
def server(run_persona) -> Iterator[ChatServer]:
    """A model that always answers."""
    with ChatServer(SteadyEngine()).running() as serving:
        run_persona.environ["PERSONA_MODEL"] = serving.url
        run_persona.environ["PERSONA_HELD_OUT"] = "0"
        yield serving


@pytest.fixture
def persona(run_persona, server, lived_in) -> "Persona":
    """A command line with a profile ``me`` that has claims, evidence and an archive."""
    if not lived_in.exists():
        run_persona("init", "me")
        run_persona("update", "me", "-", stdin=(pair(8) + pair(9)).decode())
        shutil.copytree(run_persona.root, lived_in, symlinks=True)
    else:
        shutil.copytree(lived_in, run_persona.root, symlinks=True)
    return run_persona


@pytest.fixture
def log(tmp_path) -> Path:
    """A good log that is new to the profile."""
    path = tmp_path / "good.jsonl"
    path.write_bytes(pair(0) + pair(1))
    return path
