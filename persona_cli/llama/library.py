"""llama_cpp, told to be quiet, and what it said last."""

import ctypes
import re
from collections import deque
from functools import cache
from typing import Any

from persona_cli.machine import cores, devices

# What llama.cpp said last, for the error that follows. Everything else it says is
# dropped: a line on stderr in the middle of a progress bar helps nobody.
said: deque[str] = deque(maxlen=50)


@cache
def library() -> Any:
    """llama_cpp, quiet and ready.

    Imported here, not above: ``persona --help`` must not load it.
    """
    import llama_cpp

    llama_cpp.llama_log_set(_log_callback(llama_cpp), ctypes.c_void_p(0))
    llama_cpp.llama_backend_init()
    return llama_cpp


def facts() -> dict[str, Any]:
    """What ``persona doctor`` tells about the build of llama.cpp.

    Shape: version; features, of the CPU, by name; gpu, whether it can offload;
           devices, each with name, description, kind, and bytes free and in all
    """
    lib = library()
    features = re.findall(r"(\w+) = (\S+)", build(lib))
    return {
        "version": str(lib.__version__),
        "features": [name for name, value in features if value != "0"],
        "gpu": bool(lib.llama_supports_gpu_offload()),
        "devices": devices(getattr(lib.llama_cpp, "_lib", None)),
        "threads": cores(),
    }


def build(lib: Any) -> str:
    """What llama.cpp says of its build: instructions of the CPU, backends."""
    text: bytes = lib.llama_print_system_info()
    return text.decode("utf-8", "replace")


def reason(error: Exception | None = None) -> str:
    """The last complaint of llama.cpp, without the function that made it."""
    told = [line for line in said if "error" in line or "fail" in line]
    if told:
        return bare(told[0])
    return str(error) if error else "it gives no reason"


def bare(line: str) -> str:
    """A complaint without the name of the function that made it."""
    return re.sub(r"^(\w+: )?(error (loading model|parsing grammar): )?", "", line)


@cache
def _log_callback(lib: Any) -> Any:
    """Keeps what llama.cpp says. Cached, because C holds no reference to it."""

    def keep(level: int, text: bytes, _: object) -> None:
        if level in (3, 4):  # warnings and errors
            said.append(text.decode("utf-8", "replace").strip())

    return lib.llama_log_callback(keep)
