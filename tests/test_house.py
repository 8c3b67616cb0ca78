"""The shape of the house: who may import whom, and what stays unloaded."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent / "persona_cli"

# From the ground up. A module imports only from floors below its own.
FLOORS: list[set[str]] = [
    # values, and rules about text alone
    {"accuracy", "engine", "errors", "failpoints", "form", "inert", "lookalike"}
    | {"markers"}
    | {"known_sources"}
    | {"pasted", "pieces", "prompts", "scope", "secrets", "setting_rules"}
    | {"strangers", "strict_yaml", "templates", "words_en"},
    {
        "allowed",
        "authority",
        "chart",
        "chat",
        "chat_forms",
        "evidence",
        "files",
        "gguf",
    }
    | {
        "interaction",
        "places",
        "profile",
        "replies",
        "reveal",
        "server",
        "similar",
        "stamps",
    }
    | {"yaml_edit"},
    # one outside thing each: logs, git, a server, settings; and the first stages
    {"adopt", "chats", "crash", "digest", "draft", "git", "guard", "journal", "ledger"}
    | {"lock", "logs"}
    | {"machine", "remote", "settings", "split", "tokens", "waiting", "window"},
    {"each", "hearsay", "scoping"},
    {"backward"},
    {
        "enabled",
        "grounds",
        "inject",
        "leaks",
        "llama",
        "provenance",
        "reconcile",
        "rivals",
        "select",
        "summary",
    }
    | {"transaction"},
    {"index"},
    {"index_file"},
    {
        "archive",
        "diary",
        "differences",
        "forgetting",
        "judge",
        "sound",
        "tiny",
        "trial",
        "tuned",
    },
    {"quoting", "targets", "tombstones"},
    {
        "baselines",
        "change_limit",
        "gate",
        "gather",
        "merging",
        "models",
        "past",
        "questions",
        "store",
        "verdicts",
    },
    {"stating"},
    {"weighing"},
    {"gather_each", "infer", "state_check", "trials", "verify"},
    {"engines", "fold", "forget", "integrity", "sources"},
    # verbs
    {
        "apply",
        "allow",
        "doctor",
        "edit",
        "evaluate",
        "export",
        "history",
        "init",
        "merge_driver",
        "merge_profiles",
        "promote",
        "propose",
        "rebuild",
        "review",
    }
    | {"restore"}
    | {"oblivion", "suite", "trace", "trainable", "update", "watch"},
    {"live", "page", "training"},
    {"mcp_server", "serving", "train"},
    {"cli"},
    {"__main__", "llm_plugin"},
]
FLOOR = {name: floor for floor, names in enumerate(FLOORS) for name in names}

# Libraries that one module alone may import, and so alone must know.
ONLY_IN = {
    "llama_cpp": "llama",
    "matplotlib": "chart",
    "torch": "training",
    "transformers": "training",
    "trl": "training",
    "peft": "training",
    "accelerate": "training",
    "safetensors": "training",
    "datasets": "training",
    "huggingface_hub": "models",
    "mcp": "mcp_server",
    "starlette": "serving",
    "uvicorn": "serving",
    "typer": "cli",
    "rich": "cli",
}


def module(path: Path) -> str:
    """A file as its place on a floor: ``logs/text.py`` lives in ``logs``."""
    return path.relative_to(ROOT).with_suffix("").parts[0]


def imports(path: Path) -> list[str]:
    """Every module that a file imports, also inside its functions."""
    found = []
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            found += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: a relative import"
            names = [alias.name for alias in node.names]
            inside = node.module == "persona_cli"
            found += [f"persona_cli.{n}" for n in names] if inside else [node.module]
    return [name for name in found if name]


FILES = sorted(
    p for p in ROOT.rglob("*.py") if p.name != "__init__.py" or p.parent != ROOT
)


@pytest.mark.parametrize("path", FILES, ids=lambda p: str(p.relative_to(ROOT)))
def test_imports_point_down(path):
    """Each arrow runs from a higher floor to a lower one."""
    here = module(path)
    for name in imports(path):
        top, _, rest = name.partition(".")
        if top == "persona_cli" and rest and not rest.startswith("__"):
            below = rest.split(".")[0]
            if below != here:
                assert FLOOR[below] < FLOOR[here], f"{here} -> {below}"
        assert ONLY_IN.get(top, here) == here, f"{here} -> {top}"


@pytest.mark.parametrize(
    "argv",
    [["--help"], ["apply", "me", "Explain mutexes."], ["show", "me"], ["list"]],
    ids=" ".join,
)
def test_quick_commands_load_no_heavy_library(argv, tmp_path, run_persona):
    """Help and apply start without the model library, the hub's, or rich."""
    run_persona("init", "me")
    said = subprocess.run(
        [sys.executable, "-X", "importtime", "-m", "persona_cli", *argv],
        capture_output=True,
        text=True,
        env=run_persona.environ,
        stdin=subprocess.DEVNULL,
        check=True,
    )
    loaded = {line.split("|")[-1].strip() for line in said.stderr.splitlines()}
    assert "persona_cli.cli.app" in loaded
    heavy = {"llama_cpp", "huggingface_hub", "rich", "httpx2", "jinja2", "numpy"}
    heavy |= {"starlette", "uvicorn", "mcp"}
    assert not heavy & loaded
