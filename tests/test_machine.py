"""What the machine has is read from where the system tells it."""

import os

from gguf_files import gguf_bytes

from persona_cli import gguf
from persona_cli.machine import (
    available_memory,
    cores,
    devices,
    memory_needed,
    stderr_kept,
)


def test_the_smaller_of_memory_and_limit_counts(tmp_path):
    """A container may have less than its machine."""
    meminfo = tmp_path / "meminfo"
    meminfo.write_text("MemTotal: 16 kB\nMemAvailable:    8000 kB\n")
    assert available_memory(meminfo, tmp_path) == 8000 * 1024
    (tmp_path / "memory.max").write_text("max\n")
    assert available_memory(meminfo, tmp_path) == 8000 * 1024
    (tmp_path / "memory.max").write_text("4096\n")
    assert available_memory(meminfo, tmp_path) == 4096


def test_unknown_memory_is_none(tmp_path):
    """Where there is no /proc, nothing is claimed."""
    assert available_memory(tmp_path / "none", tmp_path) is None


def test_a_model_needs_its_weights_and_its_cache(tmp_path):
    """Two bytes for each key and value of each layer and token."""
    path = tmp_path / "m.gguf"
    path.write_bytes(
        gguf_bytes(
            {
                "general.architecture": "llama",
                "llama.block_count": 30,
                "llama.embedding_length": 576,
                "llama.attention.head_count": 9,
                "llama.attention.head_count_kv": 3,
            }
        )
    )
    cached = 30 * 1000 * 3 * 2 * 64 * 2
    assert memory_needed(gguf.read_header(path), 1000) == path.stat().st_size + cached


def test_cores_are_at_least_one_and_at_most_what_may_be_used():
    """A second hyperthread is not counted."""
    assert 1 <= cores() <= len(os.sched_getaffinity(0))


def test_a_library_without_devices_has_none():
    """An older ggml has no such call."""
    assert devices(object()) == []


def test_what_c_code_prints_is_kept(capfd):
    """And stderr is back afterwards."""
    with stderr_kept() as said:
        os.write(2, b"one\ntwo\n")
    os.write(2, b"three\n")
    assert said() == ["one", "two"]
    assert capfd.readouterr().err == "three\n"
