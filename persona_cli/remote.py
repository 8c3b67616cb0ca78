"""The engine that asks an OpenAI-compatible server: llama-server, Ollama, vLLM, any.

Besides chats, the server is asked which models it has, once, and, where it is
llama-server, how many tokens a prompt has.

Source: platform.openai.com/docs/api-reference/chat; llama.cpp, tools/server/README.md
"""

import re
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

from persona_cli.engine import (
    GREEDY,
    LETTERS,
    Answer,
    Choice,
    Message,
    OnText,
    Sampling,
)
from persona_cli.errors import ModelError
from persona_cli.pieces import AnswerStream
from persona_cli.replies import (
    as_object,
    context_of,
    first_logprobs,
    is_name,
    take,
    whole,
)
from persona_cli.server import Json, NotFoundError, Server

DEFAULT_CONTEXT = 8192

# Seconds that a token may take before the server counts as one that hangs.
_SLOWEST = 2.0

# Characters a token may have, on the average. A server that says more does not keep to
# ``max_tokens``, and what is beyond is not listened to.
_LONGEST_TOKEN = 32

# The best tokens that are asked for; no server gives more.
MOST_LOGPROBS = 20

# What chat templates use to mark turns. A server tokenizes the whole prompt with
# control tokens on, so a message must not hold one: a space breaks it.
_CONTROL = re.compile(
    r"<(?=[|｜]|/?s>|bos>|eos>|unk>|pad>|/?(?:start|end)_of_turn>|/?think>|"
    r"</?SYS>>|/?tool_(?:call|response)>)"
    r"|\[(?=/?(?:INST|SYSTEM_PROMPT|TOOL_CALLS|TOOL_RESULTS|AVAILABLE_TOOLS|THINK)\])"
)


@dataclass(frozen=True, slots=True)
class Served:
    """A model as the server lists it.

    context: tokens; None when the server does not say
    llama:   the server is llama.cpp's, which takes grammars and counts tokens
    thinks_on_request: it can be told not to think; others refuse to hear of it
    """

    id: str
    context: int | None
    llama: bool
    thinks_on_request: bool


class RemoteEngine:
    """A chat model behind an OpenAI-compatible address.

    base_url: up to and with ``/v1``
    model:    as the server calls it; None takes the first that it lists
    api_key:  sent to this server, shown nowhere
    timeout:  seconds without a byte; a first answer of a large model takes long
    context:  tokens; None asks the server
    wait:     sleeps before a retry; tests pass their own
    Raises:   ModelError when address or key cannot be used
    """

    def __init__(
        self,
        base_url: str,
        *,
        model: str | None = None,
        api_key: str | None = None,
        timeout: float = 600.0,
        context: int | None = None,
        wait: Callable[[float], None] = time.sleep,
    ) -> None:
        self._server = Server(base_url, key=api_key, timeout=timeout, wait=wait)
        self._model, self._timeout = model, timeout
        self._asked_context = context

    @property
    def name(self) -> str:
        """For provenance: host and model."""
        return f"{self._server.place.partition('//')[2]}/{self._served.id}"

    @property
    def identity(self) -> str:
        """Address and model: what else a server changes, it does not say."""
        return f"{self._server.place}#{self._served.id}"

    @property
    def context(self) -> int:
        """Tokens that prompt and answer may have together."""
        return self._asked_context or self._served.context or DEFAULT_CONTEXT

    def count(self, messages: Sequence[Message]) -> int:
        """Tokens of the prompt: exact with llama-server, else an estimate."""
        if not self._served.llama:
            return estimate(messages)
        # llama-server's own questions are asked beside `/v1`, not under it
        root = self._server.base.removesuffix("/v1")
        turns = {"messages": _turns(messages)}
        try:
            prompt = self._server.post(f"{root}/apply-template", turns).get("prompt")
            asked = {"content": prompt, "add_special": True, "parse_special": True}
            tokens = self._server.post(f"{root}/tokenize", asked).get("tokens")
        except NotFoundError:  # behind a proxy that lets only `/v1` through
            tokens = None
        return len(tokens) if isinstance(tokens, list) else estimate(messages)

    def complete(
        self,
        messages: Sequence[Message],
        *,
        max_tokens: int,
        sampling: Sampling = GREEDY,
        seed: int = 0,
        grammar: str | None = None,
        stop: Sequence[str] = (),
        on_text: OnText | None = None,
        on_thought: OnText | None = None,
    ) -> Answer:
        """Answer a chat: see ``Engine.complete``."""
        length = self.count(messages)
        if length + max_tokens > self.context:
            raise ModelError(
                f"{self._server.place}: the prompt has up to {length} tokens and the "
                f"answer up to {max_tokens}; the context holds {self.context}",
                remedy="Shorten the prompt, or set --context to what the server has.",
            )
        request: Json = {
            "model": self._served.id,
            "messages": _turns(messages),
            "max_tokens": max_tokens,
            "temperature": sampling.temperature,
            "top_p": sampling.top_p,
            "seed": seed,
            "stream": True,
            "stream_options": {"include_usage": True},
        }
        if stop:
            request["stop"] = list(stop)
        if self._served.llama:  # a hosted server refuses fields it does not know
            request |= {
                "top_k": sampling.top_k,
                "min_p": sampling.min_p,
                "repeat_penalty": sampling.repeat_penalty,
            }
            if grammar is not None:
                request["grammar"] = grammar
        stream = AnswerStream(stop=stop, on_text=on_text, on_thought=on_thought)
        url = f"{self._server.base}/chat/completions"
        tokens = 2 * max_tokens  # the thoughts', too
        seconds = self._timeout + _SLOWEST * tokens
        with self._server.events(url, request, seconds=seconds) as events:
            ended, usage = self._listen(events, stream, _LONGEST_TOKEN * tokens)
        stream.finish()
        said = _tokens(stream.text) + _tokens(stream.thoughts)
        return Answer(
            stream.text,
            thoughts=stream.thoughts,
            cut=ended == "length" and not stream.stopped,
            prompt_tokens=whole(usage.get("prompt_tokens"), length),
            answer_tokens=whole(usage.get("completion_tokens"), said),
        )

    def draft(
        self,
        messages: Sequence[Message],
        n: int,
        *,
        max_tokens: int,
        sampling: Sampling = GREEDY,
        seed: int = 0,
        grammar: str | None = None,
        stop: Sequence[str] = (),
        on_text: OnText | None = None,
        on_thought: OnText | None = None,
    ) -> list[Answer]:
        """Answer a chat ``n`` times, a request each; servers keep the prompt."""
        return [
            self.complete(
                messages,
                max_tokens=max_tokens,
                sampling=sampling,
                seed=seed + k,
                grammar=grammar,
                stop=stop,
                on_text=on_text,
                on_thought=on_thought,
            )
            for k in range(n)
        ]

    def choose(
        self,
        prefix: Sequence[Message],
        questions: Sequence[str],
        *,
        answers: tuple[str, str] = LETTERS,
    ) -> list[Choice]:
        """How probable two answers are: see ``Engine.choose``. A request a question."""
        return [
            self._choice([*prefix, Message("user", question)], answers)
            for question in questions
        ]

    def _choice(self, messages: Sequence[Message], answers: Sequence[str]) -> Choice:
        length = self.count(messages)
        if length + 1 > self.context:
            raise ModelError(
                f"{self._server.place}: a question has up to {length} tokens with its"
                f" profile; the context holds {self.context}",
                remedy="Apply a budget to the profile, or take a longer context.",
            )
        request: Json = {
            "model": self._served.id,
            "messages": _turns(messages),
            "max_tokens": 1,
            "temperature": 0.0,
            "logprobs": True,
            "top_logprobs": MOST_LOGPROBS,
            "stream": False,
        }
        if self._served.thinks_on_request:
            request["chat_template_kwargs"] = {"enable_thinking": False}
        said = self._server.post(f"{self._server.base}/chat/completions", request)
        found = first_logprobs(said)
        if not found:
            self._server.fail(
                "it tells no probabilities of tokens, so it cannot judge",
                "Judge with another model, or leave the check out: --no-verify.",
            )
        # What is not among the best twenty is less probable than the last of them.
        floor = min(found.values())
        first, second = (found.get(answer, floor) for answer in answers)
        return Choice(min(first, 0.0), min(second, 0.0))

    def close(self) -> None:
        """Close the connection."""
        self._server.close()

    @cached_property
    def _served(self) -> Served:
        """The model to ask for. One request, at the first need."""
        try:
            data = self._server.get(f"{self._server.base}/models").get("data")
        except NotFoundError:  # some servers list none; then the user has to say
            data = None
        entries = [as_object(entry) for entry in data] if isinstance(data, list) else []
        entries = [entry for entry in entries if is_name(entry.get("id"))]
        chosen = next((e for e in entries if self._model in (None, e["id"])), None)
        if chosen is None and self._model is None:
            self._server.fail(
                "the server lists no model",
                "Load one there, or name it: http://host:port/v1#model.",
            )
        entry: Json = chosen or {"id": self._model}
        # llama-server serves its one model under any name.
        owners = {e.get("owned_by") for e in [entry, *entries]}
        return Served(
            entry["id"],
            context_of(entry),
            llama="llamacpp" in owners,
            thinks_on_request=bool(owners & {"llamacpp", "vllm", "sglang"}),
        )

    def _listen(
        self, events: Iterator[Json | None], stream: AnswerStream, room: int
    ) -> tuple[str, Json]:
        """Feed what comes.

        room:    characters that are listened to
        Returns: why the answer ended, and the server's count of tokens
        Raises:  ModelError when it broke off, or was none
        """
        ended, chosen, done = "", False, False
        usage: Json = {}
        for event in events:
            if event is None:
                done = True
                break
            usage = as_object(event.get("usage")) or usage
            choices = event.get("choices")
            if not isinstance(choices, list) or not choices:
                continue
            chosen = True
            choice = as_object(choices[0])
            ended = str(choice.get("finish_reason") or ended)
            said = as_object(choice.get("delta") or choice.get("message"))
            room = take(said, stream, room)
            if stream.stopped:
                return "stop", usage
            if not room:
                return "length", usage
        if not chosen and done:
            self._server.fail(
                "it answered without an answer", "Check that it serves chats."
            )
        if not done and not ended:
            self._server.fail(
                "the stream broke off in the middle of the answer",
                "Try again; when it happens often, look at the server's log.",
            )
        return ended, usage


def estimate(messages: Sequence[Message]) -> int:
    """An upper estimate of a chat's length in tokens.

    Two characters a token in ASCII, where prose has four and code three, and only
    long stretches of digits or noise have fewer; elsewhere a token a byte, which no
    tokenizer exceeds. The template is counted too.
    """
    return sum(_tokens(m.content) + 16 for m in messages) + 16


def defused(content: str) -> str:
    """A message that holds no control token of the known templates.

    >>> defused("a <|im_end|> b")
    'a < |im_end|> b'
    """
    return _CONTROL.sub(lambda match: match[0] + " ", content)


def _turns(messages: Sequence[Message]) -> list[dict[str, str]]:
    return [{"role": m.role, "content": defused(m.content)} for m in messages]


def _tokens(text: str) -> int:
    raw = text.encode("utf-8", "replace")
    beyond = sum(byte > 127 for byte in raw)
    return beyond + (len(raw) - beyond + 1) // 2
