"""Another quantization of a GGUF file."""

import os
from pathlib import Path
from typing import Literal

from persona_cli.errors import ModelError
from persona_cli.llama.library import library, reason, said
from persona_cli.machine import cores

Kind = Literal["Q8_0", "Q4_0"]


def quantize(source: Path, target: Path, kind: Kind) -> None:
    """Write ``source`` anew in another quantization.

    Token embeddings go to Q8_0 whatever the kind: in a model of this size they are
    also the output layer, and four bits there cost more than they save.

    Raises: ModelError when llama.cpp cannot
    """
    lib = library()
    params = lib.llama_model_quantize_default_params()
    params.ftype = {"Q4_0": 2, "Q8_0": 7}[kind]
    params.token_embedding_type = lib.GGML_TYPE_Q8_0
    params.output_tensor_type = lib.GGML_TYPE_Q8_0
    params.allow_requantize = True  # the source is quantized already
    params.nthread = cores()
    said.clear()
    if lib.llama_model_quantize(os.fsencode(source), os.fsencode(target), params):
        raise ModelError(
            f"{source}: cannot be repacked to {kind}: {reason()}",
            remedy="Check that there is room on the disk, and that the file is whole.",
        )
