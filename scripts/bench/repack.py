"""How much repacking the embedded model gains on this CPU.

Q4_1, as shipped, against Q8_0 and Q4_0, in one process and in turns, so that what
else the machine does hits all three alike. Printed are medians over the rounds of the
ratio within a round.

    python scripts/bench/repack.py [--rounds 5] [--json]
"""

import argparse
import json
import statistics
import tempfile
from pathlib import Path

from persona_cli.llama import facts, quantize, side_by_side
from persona_cli.tiny import AS_SHIPPED, KINDS, embedded_model, fastest


def main() -> None:
    """Repack into a temporary folder, time, print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--prompt", type=int, default=512, help="tokens to read")
    parser.add_argument("--answer", type=int, default=48, help="tokens to write")
    parser.add_argument("--json", action="store_true")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="persona-repack-") as folder:
        models = {AS_SHIPPED: embedded_model()}
        for kind in KINDS:
            models[kind] = Path(folder) / f"{kind}.gguf"
            quantize(models[AS_SHIPPED], models[kind], kind)
        speeds = side_by_side(
            models,
            prompt_tokens=asked.prompt,
            answer_tokens=asked.answer,
            rounds=asked.rounds,
        )
    found = {
        kind: {
            "prompt_tps": statistics.median(s.prompt_tps for s in taken),
            "generation_tps": statistics.median(s.generation_tps for s in taken),
            "prompt_ratio": statistics.median(
                s.prompt_tps / base.prompt_tps
                for s, base in zip(taken, speeds[AS_SHIPPED], strict=True)
            ),
            "generation_ratio": statistics.median(
                s.generation_tps / base.generation_tps
                for s, base in zip(taken, speeds[AS_SHIPPED], strict=True)
            ),
        }
        for kind, taken in speeds.items()
    }
    chosen = fastest(speeds)
    if asked.json:
        result = {
            "repack_prompt": found[chosen]["prompt_ratio"],
            "repack_generation": found[chosen]["generation_ratio"],
            "chosen": chosen,
            "rounds": asked.rounds,
            "threads": facts()["threads"],
            "kinds": found,
        }
        print(json.dumps(result, indent=2))
        return
    print("kind   prompt tokens/s      answer tokens/s")
    for kind, rate in found.items():
        print(
            f"{kind}   {rate['prompt_tps']:8.0f}  {rate['prompt_ratio']:5.2f}x"
            f"    {rate['generation_tps']:8.0f}  {rate['generation_ratio']:5.2f}x"
        )
    print(f"chosen: {chosen}")


if __name__ == "__main__":
    main()
