"""How a model is run on this machine: threads, batches, attention, cache."""

from dataclasses import dataclass
from typing import Literal

Flash = Literal["auto", "on", "off"]
KvType = Literal["f16", "q8_0", "q4_0"]

# Without flash attention, a prompt cut anywhere is read to the same bits on the CPUs
# this was measured on; with it, one cut otherwise differs by up to 0.7 in the logits,
# for 5 % of speed. See scripts/LOG.md.
CPU_FLASH: Flash = "off"


@dataclass(frozen=True, slots=True, kw_only=True)
class Tuning:
    """How llama.cpp is set; None is the default for the device.

    threads:  of the CPU; None is one a core
    batch:    tokens given to llama.cpp at a time; a multiple of ``ubatch``
    ubatch:   tokens computed at a time. Prompts are read in steps of it from their
              beginning, so that what is kept of them is to the bit what would be read
    flash:    flash attention; None is ``off`` on a CPU, ``auto`` on a GPU
    kv_type:  of the cache of keys and values; what is not f16 needs flash attention
    parallel: sequences decoded together; None is 1 on a CPU, where one after another
              is as fast and rounds the same whoever else is there, and 16 on a GPU
    """

    threads: int | None = None
    batch: int | None = None
    ubatch: int | None = None
    flash: Flash | None = None
    kv_type: KvType = "f16"
    parallel: int | None = None


def described(tuning: Tuning) -> str:
    """A tuning in words, for a person: what differs from the defaults."""
    said = [
        f"{name} {value}"
        for name, value in (
            ("threads", tuning.threads),
            ("ubatch_tokens", tuning.ubatch),
            ("flash_attention", tuning.flash),
            ("kv_type", None if tuning.kv_type == "f16" else tuning.kv_type),
        )
        if value is not None
    ]
    return ", ".join(said) or "the defaults"
