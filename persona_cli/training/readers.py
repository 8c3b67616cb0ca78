"""Frozen readers: how probable a profile makes the choice that was really made.

    pair      A or B, both orders, by the logits of the letters
    item      Yes or No to each item alone
    backward  how much better the choice foretells the claims than its reverse does

They ask what ``persona_cli.judge`` asks, so a writer is paid by what will judge it.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from statistics import fmean
from typing import Any, get_args

import torch
from peft import PeftModel

from persona_cli.backward import (
    NEUTRAL,
    Weight,
    backward_messages,
    claims_of,
    combine,
)
from persona_cli.engine import LETTERS, Message, sigmoid
from persona_cli.errors import InputError
from persona_cli.judge import LONGEST_ITEM, NOTHING_KNOWN, Form
from persona_cli.templates import load_template
from persona_cli.training.base import encode, encode_answer
from persona_cli.training.judging import log_probs, together
from persona_cli.training.reading import Reading
from persona_cli.window import LONGEST_CONTEXT, inside, middle_cut

# Tokens read at once, padding included; and claims after one prompt.
_TOGETHER = 16_384
_CLAIMS = 16

_FENCES = ("profile", "asked", "item")
_YES_NO = ("Yes", "No")

# The policy's adapter has the name that PEFT gives to one without; and the reader's.
_POLICY, _READER = "default", "reader"


class FrozenReader:
    """A model of transformers that reads, and keeps its weights.

    form:  how it is asked
    lent:  around each use of a model that is not the reader's alone
    bf16:  whether it computes in bfloat16
    """

    def __init__(
        self,
        model: Any,
        tokenizer: Any,
        template: str,
        form: str,
        *,
        lent: Callable[[], AbstractContextManager[Any]] = nullcontext,
        bf16: bool = False,
    ) -> None:
        if form not in get_args(Form):
            raise InputError(
                f"reader.form: no form {form!r}",
                remedy=f"Take one of: {', '.join(get_args(Form))}.",
            )
        self._model, self._tokenizer, self._template = model, tokenizer, template
        self._form, self._lent, self._bf16 = form, lent, bf16
        if form != "backward":
            self._answers = [
                self._one_token(answer)
                for answer in (LETTERS if form == "pair" else _YES_NO)
            ]

    def p(self, readings: Sequence[Reading]) -> list[float]:
        """See ``Reader.p``."""
        device = next(self._model.parameters()).device.type
        with (
            self._lent(),
            torch.no_grad(),
            torch.autocast(device, dtype=torch.bfloat16, enabled=self._bf16),
        ):
            if self._form == "backward":
                return [combine(weights) for weights in self._weights(readings)]
            return self._chosen(readings)

    def weights(self, readings: Sequence[Reading]) -> list[list[Weight]]:
        """What each claim of each profile weighs, of a reader that asks backwards."""
        device = next(self._model.parameters()).device.type
        with (
            self._lent(),
            torch.no_grad(),
            torch.autocast(device, dtype=torch.bfloat16, enabled=self._bf16),
        ):
            return self._weights(readings)

    def _weights(self, readings: Sequence[Reading]) -> list[list[Weight]]:
        """Claims weighed on the choice, on its reverse, and on what tells nothing."""
        claims = [claims_of(reading.profile) for reading in readings]
        every = [*dict.fromkeys(claim for found in claims for claim in found)]
        tokens = {claim: encode_answer(self._tokenizer, claim) for claim in every}
        rows = []
        for reading, found in zip(readings, claims, strict=True):
            query, chosen, rejected = reading.query, reading.chosen, reading.rejected
            for took, left in ((chosen, rejected), (rejected, chosen)):
                prompt = self._encoded(backward_messages(query, took, left))
                rows.append((prompt, [tokens[claim] for claim in found]))
        for choice in NEUTRAL:
            prompt = self._encoded(backward_messages(*choice))
            for begin in range(0, len(every), _CLAIMS):
                part = every[begin : begin + _CLAIMS]
                rows.append((prompt, [tokens[claim] for claim in part]))
        told = log_probs(self._model, rows, pad=self._pad, tokens=_TOGETHER)
        size = 2 * len(readings)
        flat = [value for row in told[size:] for value in row]
        anyway = {
            claim: fmean(flat[place :: len(every)]) for place, claim in enumerate(every)
        }
        return [
            [
                Weight(there, back, anyway[claim])
                for claim, there, back in zip(
                    found, told[2 * n], told[2 * n + 1], strict=True
                )
            ]
            for n, found in enumerate(claims)
        ]

    def _chosen(self, readings: Sequence[Reading]) -> list[float]:
        """By the log-odds of the first answer, in two prompts a reading."""
        prompts = [
            self._encoded(messages)
            for reading in readings
            for messages in forward_messages(reading, self._form)
        ]
        odds = [0.0] * len(prompts)
        for batch in together([len(prompt) for prompt in prompts], tokens=_TOGETHER):
            told = self._odds([prompts[one] for one in batch])
            for one, value in zip(batch, told, strict=True):
                odds[one] = value
        two = zip(odds[::2], odds[1::2], strict=True)
        if self._form == "pair":
            return [(sigmoid(there) + sigmoid(-back)) / 2 for there, back in two]
        return [sigmoid(chosen - rejected) for chosen, rejected in two]

    def _odds(self, prompts: Sequence[list[int]]) -> list[float]:
        """Log-odds of the first answer over the second, prompt by prompt."""
        device = next(self._model.parameters()).device
        longest = max(map(len, prompts))
        ids = torch.full((len(prompts), longest), self._pad)
        seen = torch.zeros((len(prompts), longest), dtype=torch.long)
        for row, prompt in enumerate(prompts):
            ids[row, : len(prompt)] = torch.tensor(prompt)
            seen[row, : len(prompt)] = 1
        inner = self._model
        if hasattr(inner, "get_base_model"):
            inner = inner.get_base_model()
        hidden = inner.model(
            input_ids=ids.to(device), attention_mask=seen.to(device), use_cache=False
        ).last_hidden_state
        last = (seen.sum(1) - 1).to(device)
        logits = inner.lm_head(hidden[torch.arange(len(prompts), device=device), last])
        first, second = self._answers
        told: list[float] = (logits[:, first].float() - logits[:, second]).tolist()
        return told

    def _encoded(self, messages: Sequence[Message]) -> list[int]:
        return encode(self._tokenizer, self._template, messages)

    def _one_token(self, answer: str) -> int:
        """The token that an answer begins with."""
        return encode_answer(self._tokenizer, answer)[0]

    @property
    def _pad(self) -> int:
        found = self._tokenizer.pad_token_id
        return int(self._tokenizer.eos_token_id if found is None else found)


def forward_messages(
    reading: Reading, form: str
) -> tuple[list[Message], list[Message]]:
    """Two prompts: of ``pair`` both orders, of ``item`` the chosen item and the other.

    They are the ones of ``persona_cli.judge``.
    """
    said = inside(reading.profile.strip(), fences=_FENCES) or NOTHING_KNOWN
    before = Message("system", load_template("judge").render(profile=said))
    query = _shown(reading.query, LONGEST_CONTEXT)
    chosen, rejected = (
        _shown(item, LONGEST_ITEM) for item in (reading.chosen, reading.rejected)
    )
    asked = f"<asked>\n{query}\n</asked>\n\n" if query else ""
    template = load_template(f"judge_{form}")
    if form == "item":
        one, two = (
            template.render(asked=asked, item=item) for item in (chosen, rejected)
        )
    else:
        one = template.render(asked=asked, a=chosen, b=rejected)
        two = template.render(asked=asked, a=rejected, b=chosen)
    return [before, Message("user", one)], [before, Message("user", two)]


def shared(model: Any, adapter: Any) -> Callable[[], AbstractContextManager[Any]]:
    """Let a policy's model read between its steps, with another adapter over it.

    model:   of PEFT; the reader's adapter is laid beside the policy's
    adapter: folder of the reader's; None reads without any
    Raises:  InputError when the adapter does not fit
    """
    if not isinstance(model, PeftModel):
        raise TypeError("only adapters over one base can be changed about")
    if adapter is not None:
        learning = model.training
        try:
            model.load_adapter(str(adapter), _READER, is_trainable=False)
        except (OSError, ValueError, RuntimeError, KeyError) as error:
            raise InputError(
                f"{adapter}: does not fit the reader's model: {error}",
                remedy="Name the adapter that was taught over this base.",
            ) from error
        model.train(learning)  # what is loaded to be read ends it

    @contextmanager
    def lent() -> Iterator[None]:
        learning = model.training
        model.eval()
        try:
            if adapter is None:
                with model.disable_adapter():
                    yield
            else:
                model.set_adapter(_READER, inference_mode=True)
                yield
        finally:
            model.set_adapter(_POLICY)
            model.train(learning)

    return lent


def _shown(text: str, longest: int) -> str:
    return inside(middle_cut(text.strip(), longest), fences=_FENCES)
