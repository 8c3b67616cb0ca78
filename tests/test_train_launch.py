"""How scripts are started: configs of accelerate, signals, lock and environment."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from persona_cli.errors import BusyError, UsageError
from persona_cli.lock import profile_lock
from persona_cli.training import launch
from persona_cli.training.launch import environment, find_config, require_extra
from persona_cli.training.recipes import scripts_folder

CONFIGS = sorted((scripts_folder() / "accelerate").glob("*.yaml"))


@pytest.mark.parametrize("path", CONFIGS, ids=lambda path: path.stem)
def test_accelerate_takes_every_config(path):
    """Its own parser reads each of them, and knows every key of the plugins."""
    from accelerate.commands.config.config_args import load_config_from_file
    from accelerate.commands.launch import (
        _validate_launch_command,
        launch_command_parser,
    )

    config = load_config_from_file(str(path))
    assert config.num_processes >= 1
    argv = ["--config_file", str(path), "script.py"]
    arguments = launch_command_parser().parse_args(argv)
    known = set(vars(arguments))
    for key in config.fsdp_config:
        assert key in known, key
    for key in config.deepspeed_config:
        assert key in known, key
    if path.stem == "cpu":  # the others ask for devices that may not be here
        _validate_launch_command(arguments)


def test_there_is_a_config_for_each_kind_of_machine():
    """The five of them, found by name; another name is refused with those there are."""
    names = {path.stem for path in CONFIGS}
    assert names == {"cpu", "gpu", "fsdp", "deepspeed-zero3", "nodes"}
    assert find_config("fsdp").name == "fsdp.yaml"
    with pytest.raises(UsageError) as caught:
        find_config("tpu")
    assert "deepspeed-zero3" in caught.value.remedy


def test_a_hidden_gpu_is_none(monkeypatch):
    """What CUDA is told not to see, the usual config is not made for."""
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "")
    assert find_config(None).name == "cpu.yaml"


def test_a_missing_library_is_named_with_its_remedy(monkeypatch):
    """And nothing of the extra is imported to find that out."""
    monkeypatch.setattr(launch, "find_spec", lambda name: None if name == "trl" else 1)
    require_extra("judge")
    with pytest.raises(UsageError, match="train sft needs trl, which is not") as caught:
        require_extra("sft")
    assert "pip install 'persona-cli[train]'" in caught.value.remedy


def test_scripts_are_told_to_stay_off_the_network():
    """No hub, no wandb, no telemetry, whatever the environment was."""
    found = environment({"WANDB_DISABLED": "false", "HF_HUB_OFFLINE": "0", "A": "b"})
    assert found["HF_HUB_OFFLINE"] == found["HF_HUB_DISABLE_TELEMETRY"] == "1"
    assert found["WANDB_DISABLED"] == "true"
    assert found["A"] == "b"
    assert str(scripts_folder().parent) in found["PYTHONPATH"]


def test_telemetry_is_off_where_the_libraries_look():
    """huggingface_hub itself, in that environment, says that it sends nothing."""
    code = "from huggingface_hub import constants as c;"
    code += "print(c.HF_HUB_DISABLE_TELEMETRY, c.HF_HUB_OFFLINE)"
    said = subprocess.run(
        [sys.executable, "-c", code],
        env=environment(os.environ),
        capture_output=True,
        text=True,
        check=True,
    )
    assert said.stdout.split() == ["True", "True"]


# Like accelerate's launcher: it ends at once when told to, and its script does not.
LAUNCHER = """
import pathlib, subprocess, sys
script = '''
import pathlib, signal, sys, time
here = pathlib.Path(sys.argv[1])
def end(*_):
    time.sleep(0.6)
    (here / "checkpoint").write_text("whole")
    sys.exit(1)
signal.signal(signal.SIGINT, end)
signal.signal(signal.SIGTERM, end)
(here / "begun").write_text("")
time.sleep(60)
'''
subprocess.Popen([sys.executable, "-c", script, sys.argv[1]]).wait()
"""

PARENT = """
import os, sys
from pathlib import Path
from persona_cli.lock import profile_lock
from persona_cli.training.launch import spawn
here = Path(sys.argv[1])
with profile_lock(here, timeout=0, doing="train sft") as lock:
    try:
        spawn([sys.executable, "-c", sys.argv[2], str(here)], os.environ, (lock,))
    except KeyboardInterrupt:
        print("whole" if (here / "checkpoint").exists() else "left alone")
        sys.exit(130)
"""


@pytest.fixture
def running(tmp_path):
    """A parent that waits for a launcher, which waits for a script."""
    parent = subprocess.Popen(
        [sys.executable, "-c", PARENT, str(tmp_path), LAUNCHER],
        stdout=subprocess.PIPE,
        text=True,
    )
    limit = time.monotonic() + 20
    while not (tmp_path / "begun").exists():
        assert time.monotonic() < limit, "the script did not begin"
        time.sleep(0.05)
    yield parent
    parent.kill()
    parent.wait()
    assert parent.stdout is not None
    parent.stdout.close()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_is_passed_on_and_the_script_may_finish(running, number):
    """The command ends after the script's last checkpoint, though the launcher did."""
    running.send_signal(number)
    said, _ = running.communicate(timeout=20)
    assert (running.returncode, said) == (130, "whole\n")


def test_a_run_stays_locked_while_its_script_lives(running, tmp_path):
    """Should persona itself be killed, no second run writes into the folder."""
    running.kill()
    running.wait()
    with (
        pytest.raises(BusyError, match="train sft"),
        profile_lock(tmp_path, timeout=0, doing="train sft"),
    ):
        pass
    _end_script(tmp_path)
    with profile_lock(tmp_path, timeout=10, doing="train sft"):
        pass


def _end_script(folder: Path) -> None:
    """End the processes whose last argument is the folder."""
    for place in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            words = place.read_bytes().rstrip(b"\0").split(b"\0")
        except OSError:
            continue
        if words[-1] == os.fsencode(folder):
            os.kill(int(place.parent.name), signal.SIGKILL)
