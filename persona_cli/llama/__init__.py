"""The engine that runs a GGUF file in this process, through llama-cpp-python.

The only package that imports llama_cpp, so the only one that knows its habits: it
writes to stderr whatever it likes, its high-level class reads every prompt anew and
keeps logits that nobody asked for, a bad grammar is a null pointer, and its chat
formatter lets a message write control tokens. So the low-level API is used throughout.

    library.py     the library, told to be quiet, and what it said last
    vocabulary.py  text to tokens and back
    memory.py      model and context: what is read, kept, copied and forgotten
    states.py      what was read of a prompt, on disk
    dice.py        one answer's sampler chain
    writer.py      one answer, token by token
    engine.py      the engine
    tuning.py      how the model is run
    tune.py        which way is fastest here
    speed.py       how fast it is
    quantize.py    another quantization of a file

Source: llama.cpp, include/llama.h; llama_cpp/llama_cpp.py, 0.3.36.
"""

from persona_cli.llama.engine import LlamaEngine
from persona_cli.llama.library import facts
from persona_cli.llama.quantize import Kind, quantize
from persona_cli.llama.speed import Speed, measure, side_by_side
from persona_cli.llama.tune import tune
from persona_cli.llama.tuning import Tuning, described
from persona_cli.llama.vocabulary import broken

__all__ = [
    "Kind",
    "LlamaEngine",
    "Speed",
    "Tuning",
    "broken",
    "described",
    "facts",
    "measure",
    "quantize",
    "side_by_side",
    "tune",
]
