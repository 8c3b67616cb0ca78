"""``persona model``, against a hub on loopback."""

import json

import pytest
from hub import Repo, gguf, running

NAME = "Good-Q4_K_M.gguf"
SPEC = "hf:acme/good:Q4_K_M"


@pytest.fixture
def hub(run_persona):
    """A hub with one model, which the command line is pointed at."""
    with running({"acme/good": Repo({NAME: gguf(300_000)})}) as hub:
        run_persona.environ["HF_ENDPOINT"] = hub.endpoint
        run_persona.environ["HF_HUB_DISABLE_XET"] = "1"
        yield hub


def test_pull_use_path_rm(run_persona, hub):
    """A model is fetched, recorded, used, found, and taken away again."""
    pulled = run_persona("model", "pull", SPEC)
    assert pulled.stdout.strip().endswith(NAME)
    assert "100 %" in pulled.stderr
    run_persona("model", "use", SPEC)
    assert run_persona("model", "path").stdout == pulled.stdout
    rows = json.loads(run_persona("model", "list", "--json").stdout)
    (row,) = [row for row in rows if row["name"] == SPEC]
    assert (row["used"], row["here"], row["verified"]) == (True, True, False)
    assert "are free again" in run_persona("model", "rm", SPEC).stderr
    gone = run_persona("model", "path", code=4)
    assert f"persona model pull {SPEC}" in gone.stderr


def test_an_update_never_downloads(run_persona, hub, tmp_path):
    """A model that is not here ends the update with how to get it; nobody is asked."""
    run_persona("init", "me")
    log = tmp_path / "posts.md"
    log.write_text("I prefer tea to coffee.\n")
    done = run_persona("update", "me", str(log), "-m", "qwen3-8b", code=4)
    assert "qwen3-8b is not here (5.0 GB)" in done.stderr
    assert "persona model pull qwen3-8b" in done.stderr
    assert hub.asked == []


def test_the_list_says_what_is_unverified(run_persona):
    """Every entry but the embedded model, which is in use until another is."""
    lines = run_persona("model", "list").stdout.splitlines()
    assert lines[0].startswith("* tiny")
    assert "unverified" not in lines[0]
    assert all("unverified" in line for line in lines[2::2])
