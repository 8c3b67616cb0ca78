"""What the proxy costs: per request, and per piece of a stream.

    python scripts/bench/serve.py [--requests 300] [--streams 20] [--pieces 100]

A server that answers at once runs in a process of its own, and ``persona serve`` before
it in another. The same client asks both in turns, one request at a time on a connection
that stays open, so that whatever else the machine does counts for both alike.

    whole     a chat of six messages, answered in one piece: until it is read
    first     the same as a stream: until its first piece is there
    piece     from the moment the server sends a piece until the client has it

Printed, in milliseconds: the median, and the 95th percentile, of each; what the proxy
adds to the median; and the processor's time that the asked process took, a request or a
piece, which a machine at other work stretches less (Linux only). ``logged`` is the
proxy with ``--log``.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import AsyncIterator, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import NamedTuple

import httpx2

TURN = "How do I read a file in Python, and how do I know that it is all there? "
CLAIMS = "".join(
    f"- Prefers answer number {n} to be short and plain.\n" for n in range(20)
)
PROFILE = "---\ntype: persona-profile\npersona: 1\nversion: 1\n---\n# Me\n\n## style\n"
WAYS = ("direct", "proxy", "logged")
STEPS = ("whole", "first", "piece")

Times = dict[tuple[str, str], list[float]]


class Running(NamedTuple):
    """A process that serves."""

    address: str
    pid: int

    def cpu(self) -> float:
        """Milliseconds of the processor that it has taken so far; 0 if not known."""
        try:
            words = (
                Path(f"/proc/{self.pid}/stat").read_text().rpartition(")")[2].split()
            )
        except OSError:
            return 0.0
        return (int(words[11]) + int(words[12])) * 1e3 / os.sysconf("SC_CLK_TCK")


def main() -> None:
    """Measure, and print a table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--requests", type=int, default=300)
    parser.add_argument("--streams", type=int, default=20)
    parser.add_argument("--pieces", type=int, default=100, help="of one stream")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--upstream", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.upstream:
        answer_at_once()
        return
    with tempfile.TemporaryDirectory() as folder, ExitStack() as stack:
        times, cpu = measure(options, started(Path(folder), stack))
    rows = [row(step, way, times, cpu) for step in STEPS for way in WAYS]
    if options.json:
        print(json.dumps(rows, indent=2))
        return
    heads = "".join(f"{name:>11}" for name in ("median ms", "95 % ms", "added ms"))
    print(f"{'':<16}{heads}{'cpu ms':>9}{'n':>7}")
    for found in rows:
        figures = "".join(f"{found[k]:>11.2f}" for k in ("median", "p95", "added"))
        figures += f"{found['cpu']:>9.2f}" if found["cpu"] else f"{'-':>9}"
        print(f"{found['step']:<8}{found['way']:<8}{figures}{found['n']:>7}")


def started(folder: Path, stack: ExitStack) -> dict[str, Running]:
    """Way -> whom to ask; all of them end with the stack."""
    path = folder / "profiles" / "me" / "profile.md"
    path.parent.mkdir(parents=True)
    path.write_text(PROFILE + CLAIMS, "utf-8")
    behind = stack.enter_context(running(__file__, "--upstream"))
    serve = ("-m", "persona_cli", "serve", "me", "--root", str(folder / "profiles"))
    serve = (*serve, "--port", "0", "--upstream", behind.address)
    log = ("--log", str(folder / "log.jsonl"))
    return {
        "direct": behind,
        "proxy": stack.enter_context(running(*serve)),
        "logged": stack.enter_context(running(*serve, *log)),
    }


@contextmanager
def running(*words: str) -> Iterator[Running]:
    """Start a process that prints the address it serves."""
    process = subprocess.Popen(
        [sys.executable, *words],
        stdout=subprocess.PIPE,
        text=True,
        env=dict(os.environ),
    )
    try:
        assert process.stdout is not None
        yield Running(process.stdout.readline().strip(), process.pid)
    finally:
        process.terminate()
        process.wait()
        if process.stdout is not None:
            process.stdout.close()


def measure(
    options: argparse.Namespace, asked: dict[str, Running]
) -> tuple[Times, dict[tuple[str, str], float]]:
    """(step, way) -> milliseconds of each; and of the processor, of one."""
    times: Times = defaultdict(list)
    cpu: dict[tuple[str, str], float] = {}
    with ExitStack() as stack:
        clients = {
            way: stack.enter_context(httpx2.Client(timeout=60.0, trust_env=False))
            for way in asked
        }
        for number in range(-10, options.requests):
            if number == 0:  # the ones before open connections
                before = {way: one.cpu() for way, one in asked.items()}
                times.clear()
            for way, one in asked.items():
                begun = time.monotonic()
                url = f"{one.address}/chat/completions"
                clients[way].post(url, json=chat(number)).raise_for_status()
                times["whole", way].append((time.monotonic() - begun) * 1e3)
        for way, one in asked.items():
            cpu["whole", way] = (one.cpu() - before[way]) / options.requests
            before[way] = one.cpu()
        for number in range(options.streams):
            for way, one in asked.items():
                url = f"{one.address}/chat/completions"
                body = {**chat(1000 + number), "stream": True, "n": options.pieces}
                stream(clients[way], url, body, way, times)
        for way, one in asked.items():
            cpu["piece", way] = (one.cpu() - before[way]) / len(times["piece", way])
    return times, cpu


def stream(
    client: httpx2.Client, url: str, asked: dict[str, object], way: str, times: Times
) -> None:
    """Ask for a stream, and time its pieces."""
    begun = time.monotonic()
    with client.stream("POST", url, json=asked) as answer:
        first = True
        for line in answer.iter_lines():
            now = time.monotonic()
            if not line.startswith("data: {"):
                continue
            if first:
                times["first", way].append((now - begun) * 1e3)
                first = False
            sent = json.loads(line[6:])["choices"][0]["delta"]["content"]
            times["piece", way].append((now - float(sent)) * 1e3)


def chat(number: int) -> dict[str, object]:
    """A chat of six messages, unlike any other."""
    turns = [
        {
            "role": "user" if place % 2 else "assistant",
            "content": f"{number} {TURN * 5}",
        }
        for place in range(6)
    ]
    return {"model": "m", "messages": turns}


def row(
    step: str, way: str, times: Times, cpu: dict[tuple[str, str], float]
) -> dict[str, object]:
    """The figures of one way."""
    found = times[step, way]
    median = statistics.median(found)
    return {
        "step": step,
        "way": way,
        "median": median,
        "p95": statistics.quantiles(found, n=20)[-1],
        "added": median - statistics.median(times[step, "direct"]),
        "cpu": cpu.get((step, way), 0.0),
        "n": len(found),
    }


def answer_at_once() -> None:
    """A server: whole answers, or pieces that say when they were sent."""
    import anyio
    from starlette.applications import Starlette
    from starlette.requests import Request
    from starlette.responses import JSONResponse, Response, StreamingResponse
    from starlette.routing import Route

    from persona_cli.serving import listen, serve

    async def answer(request: Request) -> Response:
        asked = await request.json()
        if not asked.get("stream"):
            said = {"role": "assistant", "content": TURN}
            return JSONResponse({"choices": [{"message": said}]})

        async def pieces() -> AsyncIterator[bytes]:
            for _ in range(asked["n"]):
                await anyio.sleep(0.002)
                now = {"content": repr(time.monotonic())}
                value = json.dumps({"choices": [{"delta": now}]})
                yield f"data: {value}\n\n".encode()

        return StreamingResponse(pieces(), media_type="text/event-stream")

    listening = listen("127.0.0.1", 0)
    print(f"http://127.0.0.1:{listening.getsockname()[1]}/v1", flush=True)
    serve(
        Starlette(routes=[Route("/v1/chat/completions", answer, methods=["POST"])]),
        listening,
    )


if __name__ == "__main__":
    main()
