"""What this machine has for a model: cores, memory, devices; and a quiet stderr."""

import ctypes
import os
import platform
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

from persona_cli.gguf import Header

_MEMINFO = Path("/proc/meminfo")
_CGROUP = Path("/sys/fs/cgroup")


def cores() -> int:
    """Cores that this process may use, hyperthreads of one core counted once.

    A second hyperthread adds nothing to arithmetic that fills the first one.
    """
    try:
        usable = os.sched_getaffinity(0)
    except AttributeError:  # macOS
        return os.cpu_count() or 1
    topology = "/sys/devices/system/cpu/cpu{}/topology/thread_siblings_list"
    siblings = set()
    for cpu in usable:
        try:
            siblings.add(Path(topology.format(cpu)).read_text("ascii"))
        except OSError:
            return len(usable)
    return len(siblings)


def cpu_name() -> str:
    """What the processor calls itself."""
    try:
        lines = Path("/proc/cpuinfo").read_text("utf-8", "replace").splitlines()
    except OSError:
        return platform.processor() or platform.machine()
    named = [line.partition(":")[2].strip() for line in lines if "model name" in line]
    return named[0] if named else platform.machine()


def available_memory(meminfo: Path = _MEMINFO, cgroup: Path = _CGROUP) -> int | None:
    """Bytes that a process can take without swapping; None where that is unknown."""
    try:
        lines = meminfo.read_text("ascii").splitlines()
    except OSError:
        return None
    found = [int(n.split()[1]) * 1024 for n in lines if n.startswith("MemAvailable:")]
    try:
        limit = (cgroup / "memory.max").read_text("ascii").strip()
    except OSError:
        limit = "max"
    if limit.isdigit():
        found.append(int(limit))
    return min(found, default=None)


def memory_needed(header: Header, context: int) -> int:
    """Bytes that a model takes: its weights, and two bytes a value of the cache.

    context: tokens
    """
    layers = header.number("block_count") or 0
    heads = header.number("attention.head_count") or 1
    cached_heads = header.number("attention.head_count_kv") or heads
    width = (header.number("embedding_length") or 0) // heads
    key = header.number("attention.key_length") or width
    value = header.number("attention.value_length") or width
    return header.size + layers * context * cached_heads * (key + value) * 2


def devices(native: Any) -> list[dict[str, Any]]:
    """What ggml can compute on, asked through ctypes, since llama_cpp has no call.

    native: the loaded libllama, which finds ggml's functions too
    Shape:  name, description, kind, and bytes free and total of each; empty where
            the library does not have the functions
    Source: ggml-backend.h
    """
    if not hasattr(native, "ggml_backend_dev_count"):
        return []
    kinds = ("cpu", "gpu", "integrated gpu", "accelerator")
    native.ggml_backend_dev_count.restype = ctypes.c_size_t
    native.ggml_backend_dev_get.restype = ctypes.c_void_p
    found = []
    for number in range(native.ggml_backend_dev_count()):
        device = ctypes.c_void_p(native.ggml_backend_dev_get(ctypes.c_size_t(number)))
        free, total = ctypes.c_size_t(), ctypes.c_size_t()
        native.ggml_backend_dev_memory(device, ctypes.byref(free), ctypes.byref(total))
        texts = []
        for ask in (native.ggml_backend_dev_name, native.ggml_backend_dev_description):
            ask.restype = ctypes.c_char_p
            texts.append((ask(device) or b"").decode("utf-8", "replace"))
        kind = int(native.ggml_backend_dev_type(device))
        found.append(
            {
                "name": texts[0],
                "description": texts[1],
                "kind": kinds[kind] if kind < len(kinds) else "other",
                "free": free.value,
                "total": total.value,
            }
        )
    return found


def _unnamed() -> IO[bytes]:
    """A file in memory, where the system has such; else one without a name."""
    if hasattr(os, "memfd_create"):
        return os.fdopen(os.memfd_create("persona-stderr"), "w+b")
    return tempfile.TemporaryFile()


@contextmanager
def stderr_kept() -> Iterator[Callable[[], list[str]]]:
    """Keep what C code writes to stderr from the terminal.

    Yields: what gives the lines that were written, once the block is left
    """
    lines: list[str] = []
    with _unnamed() as file:
        saved = os.dup(2)
        try:
            os.dup2(file.fileno(), 2)
            yield lambda: lines
        finally:
            os.dup2(saved, 2)
            os.close(saved)
            file.seek(0)
            lines += file.read().decode("utf-8", "replace").splitlines()
