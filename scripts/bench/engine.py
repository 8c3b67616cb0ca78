"""What the engine costs, side by side with the straightforward use of llama-cpp-python.

Each row is a ratio within a round, both sides in one process and in turns, with the
same model, prompts, seeds and tokens; printed are the median, the lowest and the
highest over the rounds. Memory is of a process of its own for each side.

    python scripts/bench/engine.py [--rounds 5] [--only drafts_vs_calls ...] [--json]

    drafts_vs_calls        8 drafts of 128 tokens from a prompt of 2,000, against 8
                           calls of create_chat_completion that start fresh:
                           times as fast
    drafts_vs_floor        the same, against one reading of the prompt and 8 x 128
                           tokens, one at a time, by llama.cpp's own loop: its time
                           in ours
    choices_vs_logits_all  64 choices on a profile of 600 tokens, both orders, against
                           create_completion(logprobs=...) with logits_all: times as
                           fast; memory: our peak in theirs
    stream_vs_loop         a prompt and its answer, against llama.cpp's own loop over
                           the same tokens: share of its speed, at reading or writing,
                           whichever is less
    update_flat            an update with one new window after 100 earlier ones, against
                           the same after one: its time in that
    repack_prompt          the embedded model as repacked against as shipped: times as
                           fast at reading
"""

import argparse
import json
import math
import re
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import llama_cpp
from flat import update_flat

from persona_cli.engine import GREEDY, Message, Sampling
from persona_cli.llama import LlamaEngine, side_by_side
from persona_cli.machine import cores
from persona_cli.tiny import embedded_model, repacked

CACHE = Path(__file__).parent.parent.parent / ".cache" / "models"
DRAFTS, ANSWER, PROMPT, CONTEXT = 8, 128, 2000, 4096
CHOICES, PROFILE, JUDGE_CONTEXT = 64, 600, 1536
WARM = Sampling(temperature=0.8, top_p=0.95, top_k=40, min_p=0.05)
STORY = "She walked along the river, and thought of the house where she had grown up. "
CLAIM = "- Likes {} more than {}, and says so when she is asked.\n"
THINGS = tuple(
    re.findall(
        r"\w+",
        "tea coffee trains cars rain sun novels films walks runs bread cake jazz rock"
        " lakes seas cats dogs chess cards maps clocks salt sugar hills plains",
    )
)

Row = dict[str, Any]


def main() -> None:
    """Measure what is asked for, print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--only", nargs="+", choices=list(ROWS), default=list(ROWS))
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--peak", choices=["ours", "theirs"], help=argparse.SUPPRESS)
    asked = parser.parse_args()
    model = repacked(CACHE)
    if asked.peak:
        print(_peak(model, asked.peak))
        return
    found: dict[str, Row] = {}
    for name in asked.only:
        found[name] = ROWS[name](model, asked.rounds)
        if not asked.json:
            print(_line(name, found[name]), flush=True)
    if asked.json:
        print(json.dumps(found, indent=2))


def drafts_vs_calls(model: Path, rounds: int) -> Row:
    """Eight drafts against eight fresh calls."""
    with _engine(model, CONTEXT) as engine, _plain(model, CONTEXT) as plain:
        chat = _long_chat(engine)
        turns = [{"role": m.role, "content": m.content} for m in chat]

        def ours() -> list[str]:
            engine.loaded().clear()
            drafts = engine.draft(
                chat, DRAFTS, max_tokens=ANSWER, sampling=WARM, seed=1
            )
            return [draft.text for draft in drafts]

        def theirs() -> list[str]:
            said = []
            for k in range(DRAFTS):
                plain.reset()
                answer = plain.create_chat_completion(
                    turns,
                    max_tokens=ANSWER,
                    seed=1 + k,
                    temperature=WARM.temperature,
                    top_p=WARM.top_p,
                    top_k=WARM.top_k,
                    min_p=WARM.min_p,
                    repeat_penalty=1.0,
                )
                said.append(answer["choices"][0]["message"]["content"])
            return said

        row = _times_as_fast(ours, theirs, rounds)
    texts = zip(row.pop("ours"), row.pop("theirs"), strict=True)
    same = sum(a.strip() == b.strip() for a, b in texts)
    return row | {"same_texts": same, "of": DRAFTS}


def drafts_vs_floor(model: Path, rounds: int) -> Row:
    """Eight drafts against what no engine that writes one at a time can beat."""
    ratios = []
    with _engine(model, CONTEXT) as engine:
        chat = _long_chat(engine)
        prompt = engine.prompt_tokens(chat)
        for _ in range(rounds):
            engine.loaded().clear()
            began = time.perf_counter()
            drafts = engine.draft(
                chat, DRAFTS, max_tokens=ANSWER, sampling=WARM, seed=1
            )
            spent = time.perf_counter() - began
            written = sum(draft.answer_tokens for draft in drafts)
            read, each, _ = _loop(engine, prompt, ANSWER, WARM)
            ratios.append(spent / (read + written * each))
    return _row(ratios)


def choices_vs_logits_all(model: Path, rounds: int) -> Row:
    """Sixty-four choices in both orders, with and without the logits of everything."""
    with _engine(model, JUDGE_CONTEXT) as engine:
        prefix, questions = _choices(engine)
        tokens = [
            engine.prompt_tokens([*prefix, Message("user", question)])
            for question in questions
        ]
        with _plain(model, JUDGE_CONTEXT, logits_all=True) as plain:

            def ours() -> list[float]:
                engine.loaded().clear()
                return [choice.p for choice in engine.choose(prefix, questions)]

            row = _times_as_fast(ours, lambda: _by_logprobs(plain, tokens), rounds)
    pairs = zip(row.pop("ours"), row.pop("theirs"), strict=True)
    row["largest_difference"] = max(abs(a - b) for a, b in pairs)
    peaks = {
        side: int(
            subprocess.run(
                [sys.executable, __file__, "--peak", side],
                check=True,
                capture_output=True,
                text=True,
            ).stdout
        )
        for side in ("ours", "theirs")
    }
    return row | {"memory": peaks["ours"] / peaks["theirs"], "peak_bytes": peaks}


def stream_vs_loop(model: Path, rounds: int) -> Row:
    """One answer against llama.cpp's own loop."""
    reading, writing = [], []
    with _engine(model, CONTEXT) as engine:
        chat = _long_chat(engine)
        prompt = engine.prompt_tokens(chat)
        for _ in range(rounds):
            engine.loaded().clear()
            first: list[float] = []

            def hear(_: str, first: list[float] = first) -> None:
                first.append(time.perf_counter())

            began = time.perf_counter()
            answer = engine.complete(chat, max_tokens=ANSWER, on_text=hear)
            ended = time.perf_counter()
            read, each, same = _loop(engine, prompt, ANSWER, GREEDY)
            # What was heard first came after one token more than the prompt.
            reading.append(read / (first[0] - began))
            writing.append(each * (answer.answer_tokens - 1) / (ended - first[0]))
            if same[:20] != _tokens_of(engine, answer.text)[:20]:
                raise SystemExit("the loop wrote other tokens: nothing to compare")
    rows = {"prompt": _row(reading), "generation": _row(writing)}
    return min(rows.values(), key=lambda row: float(row["ratio"])) | rows


def repack_prompt(model: Path, rounds: int) -> Row:
    """The embedded model as repacked, against as shipped."""
    taken = side_by_side({"new": model, "old": embedded_model()}, rounds=rounds)
    pairs = zip(taken["new"], taken["old"], strict=True)
    return _row([new.prompt_tps / old.prompt_tps for new, old in pairs])


ROWS: dict[str, Callable[[Path, int], Row]] = {
    "drafts_vs_calls": drafts_vs_calls,
    "drafts_vs_floor": drafts_vs_floor,
    "choices_vs_logits_all": choices_vs_logits_all,
    "stream_vs_loop": stream_vs_loop,
    "update_flat": update_flat,
    "repack_prompt": repack_prompt,
}


@contextmanager
def _engine(model: Path, context: int) -> Iterator[LlamaEngine]:
    engine = LlamaEngine(model, context=context)
    try:
        yield engine
    finally:
        engine.close()


@contextmanager
def _plain(model: Path, context: int, **more: Any) -> Iterator[llama_cpp.Llama]:
    llama = llama_cpp.Llama(
        str(model),
        n_ctx=context,
        n_threads=cores(),
        n_threads_batch=cores(),
        verbose=False,
        **more,
    )
    try:
        yield llama
    finally:
        llama.close()


def _long_chat(engine: LlamaEngine) -> list[Message]:
    """A chat of ``PROMPT`` tokens that calls for a long answer."""
    ask = "\nGo on with this story for many pages:\n"
    text = STORY * (PROMPT // 14)
    while engine.count([Message("user", text + ask)]) < PROMPT:
        text += STORY
    return [Message("user", text + ask)]


def _choices(engine: LlamaEngine) -> tuple[list[Message], list[str]]:
    """A profile of ``PROFILE`` tokens, and ``CHOICES`` choices in both orders."""
    profile, n = "", 0
    while engine.count([Message("system", profile)]) < PROFILE:
        two = THINGS[n % len(THINGS)], THINGS[(n + 7) % len(THINGS)]
        profile, n = profile + CLAIM.format(*two), n + 1
    questions = []
    for k in range(CHOICES):
        items = [
            f"A weekend of {THINGS[(k * step + step) % len(THINGS)]}, with friends who"
            f" also like {THINGS[(k + 3 * step) % len(THINGS)]}, in town {k}."
            for step in (1, 5)
        ]
        for a, b in (items, items[::-1]):
            questions.append(
                f"<item_a>\n{a}\n</item_a>\n\n<item_b>\n{b}\n</item_b>\n\n"
                "Which of the two did this person choose? Answer with one letter,"
                " A or B."
            )
    return [Message("system", profile)], questions


def _by_logprobs(plain: llama_cpp.Llama, prompts: list[list[int]]) -> list[float]:
    """The probability of A among A and B, as the high-level API tells it."""
    found = []
    for prompt in prompts:
        said = plain.create_completion(
            prompt, max_tokens=1, temperature=0.0, logprobs=200
        )
        best = said["choices"][0]["logprobs"]["top_logprobs"][0]
        floor = min(best.values())
        a, b = (best.get(letter, floor) for letter in "AB")
        found.append(1 / (1 + math.exp(b - a)))
    return found


def _loop(
    engine: LlamaEngine, prompt: list[int], answer: int, sampling: Sampling
) -> tuple[float, float, list[int]]:
    """llama.cpp's own loop: decode, sample, decode; nothing else.

    Returns: seconds for the prompt and the first token, seconds a further token, and
             the tokens
    """
    lib, memory = llama_cpp, engine.loaded()
    memory.clear()
    context = memory.context
    chain = lib.llama_sampler_chain_init(lib.llama_sampler_chain_default_params())
    if sampling.temperature:
        for step in (
            lib.llama_sampler_init_top_k(sampling.top_k),
            lib.llama_sampler_init_top_p(sampling.top_p, 1),
            lib.llama_sampler_init_min_p(sampling.min_p, 1),
            lib.llama_sampler_init_temp(sampling.temperature),
            lib.llama_sampler_init_dist(1),
        ):
            lib.llama_sampler_chain_add(chain, step)
    else:
        lib.llama_sampler_chain_add(chain, lib.llama_sampler_init_greedy())
    began = time.perf_counter()
    for start in range(0, len(prompt), memory.batch):
        part = prompt[start : start + memory.batch]
        array = (lib.llama_token * len(part))(*part)
        lib.llama_decode(context, lib.llama_batch_get_one(array, len(part)))
    token = lib.llama_sampler_sample(chain, context, -1)
    read = time.perf_counter() - began
    tokens = [token]
    began = time.perf_counter()
    for _ in range(answer - 1):
        one = (lib.llama_token * 1)(token)
        lib.llama_decode(context, lib.llama_batch_get_one(one, 1))
        token = lib.llama_sampler_sample(chain, context, -1)
        tokens.append(token)
    each = (time.perf_counter() - began) / (answer - 1)
    lib.llama_sampler_free(chain)
    memory.clear()
    return read, each, tokens


def _tokens_of(engine: LlamaEngine, text: str) -> list[int]:
    return engine.loaded().vocabulary.tokens(text)


def _times_as_fast(
    ours: Callable[[], list[Any]], theirs: Callable[[], list[Any]], rounds: int
) -> Row:
    """Run both in turns; what the last round gave comes along."""
    ratios, mine, other = [], [], []
    for _ in range(rounds):
        began = time.perf_counter()
        mine = ours()
        between = time.perf_counter()
        other = theirs()
        ended = time.perf_counter()
        ratios.append((ended - between) / (between - began))
    return _row(ratios) | {"ours": mine, "theirs": other}


def _peak(model: Path, side: str) -> int:
    """Bytes at the most, of a process that does one side's choices once."""
    with _engine(model, JUDGE_CONTEXT) as engine:
        prefix, questions = _choices(engine)
        if side == "ours":
            engine.choose(prefix, questions)
        tokens = [
            engine.prompt_tokens([*prefix, Message("user", question)])
            for question in questions
        ]
    if side == "theirs":
        with _plain(model, JUDGE_CONTEXT, logits_all=True) as plain:
            _by_logprobs(plain, tokens)
    # Not getrusage: through fork and exec it begins with the size of the parent.
    status = Path("/proc/self/status").read_text("ascii")
    return int(re.findall(r"VmHWM:\s+(\d+) kB", status)[0]) * 1024


def _row(ratios: list[float]) -> Row:
    return {
        "ratio": statistics.median(ratios),
        "low": min(ratios),
        "high": max(ratios),
        "rounds": len(ratios),
    }


def _line(name: str, row: Row) -> str:
    said = f"{name:<22} {row['ratio']:.2f}x  ({row['low']:.2f} to {row['high']:.2f},"
    said += f" {row['rounds']} rounds)"
    for key, value in row.items():
        if key not in ("ratio", "low", "high", "rounds", "peak_bytes"):
            if isinstance(value, dict):
                said += f"; {key} {value['ratio']:.2f}"
            else:
                said += f"; {key} {value:.3g}"
    return said


if __name__ == "__main__":
    main()
