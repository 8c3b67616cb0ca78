"""Teaching a model to be read backwards: claims foretold by a choice, not its reverse.

Each question is two prompts, (took A, left B) and (took B, left A), and the same claims
after both. A claim's ratio is the difference of its two log-probabilities. It is taught
to have the claim's sign, to be 0 for claims about something else, and the claim itself
is taught to be said after the right one.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch.nn.functional import logsigmoid

from persona_cli.backward import backward_messages
from persona_cli.training.asked import Asked
from persona_cli.training.base import encode, encode_answer


@dataclass(frozen=True, slots=True)
class Tokens:
    """A question in tokens.

    there:  the prompt that took ``a``; ``back``: the one that took ``b``
    claims: each with what ends an answer
    signs:  1, -1 or 0, one a claim
    """

    there: list[int]
    back: list[int]
    claims: list[list[int]]
    signs: list[int]

    @property
    def length(self) -> int:
        """Tokens of the longer of its two sequences."""
        return max(len(self.there), len(self.back)) + sum(map(len, self.claims))


def tokens_of(one: Asked, tokenizer: Any, template: str) -> Tokens:
    """A question as a model reads it."""
    there, back = (
        encode(tokenizer, template, backward_messages(one.query, took, left))
        for took, left in ((one.a, one.b), (one.b, one.a))
    )
    claims = [encode_answer(tokenizer, claim) for claim, _ in one.claims]
    return Tokens(there, back, claims, [sign for _, sign in one.claims])


def batches(
    questions: Sequence[Tokens],
    *,
    tokens: int,
    shuffle: torch.Generator | None = None,
) -> Iterator[list[Tokens]]:
    """Questions of about a length together, so that little is padded.

    tokens: of a batch, padding included; a longer question is a batch of its own
    """
    order = sorted(questions, key=lambda one: one.length)
    found: list[list[Tokens]] = []
    for one in order:
        if found and 2 * one.length * (len(found[-1]) + 1) <= tokens:
            found[-1].append(one)
        else:
            found.append([one])
    if shuffle is None:
        yield from found
        return
    for place in torch.randperm(len(found), generator=shuffle).tolist():
        yield found[place]


def ratios(
    model: Any, batch: Sequence[Tokens], *, pad: int
) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor, torch.Tensor]:
    """What each claim of each question says for ``a``, in nats.

    Shape: four vectors over all claims of the batch: ratios, signs, log-probability of
           the claim after the choice it fits (the mean of both for one of sign 0), and
           its number of tokens
    """
    rows = [(prompt, one.claims) for one in batch for prompt in (one.there, one.back)]
    told = _told(model, rows, pad=pad)
    found, signs, said, sizes = [], [], [], []
    place = 0
    for one in batch:
        n = len(one.claims)
        there, back = told[place : place + n], told[place + n : place + 2 * n]
        place += 2 * n
        for k, sign in enumerate(one.signs):
            found.append(there[k] - back[k])
            right = {1: there[k], -1: back[k], 0: (there[k] + back[k]) / 2}
            said.append(right[sign])
            signs.append(sign)
            sizes.append(len(one.claims[k]))
    device = told.device
    return (
        torch.stack(found),
        torch.tensor(signs, device=device),
        torch.stack(said),
        torch.tensor(sizes, device=device),
    )


def log_probs(
    model: Any,
    rows: Sequence[tuple[list[int], list[list[int]]]],
    *,
    pad: int,
    tokens: int,
) -> list[list[float]]:
    """Log-probability of each claim after its prompt, row by row, nats.

    rows:   a prompt and claims, in tokens; one without claims is not read
    tokens: read at once, padding included
    """
    found: list[list[float]] = [[] for _ in rows]
    asked = [place for place, (_, claims) in enumerate(rows) if claims]
    sizes = [len(rows[n][0]) + sum(map(len, rows[n][1])) for n in asked]
    for batch in together(sizes, tokens=tokens):
        places = [asked[one] for one in batch]
        told = iter(_told(model, [rows[n] for n in places], pad=pad).tolist())
        for n in places:
            found[n] = [next(told) for _ in rows[n][1]]
    return found


def together(lengths: Sequence[int], *, tokens: int) -> Iterator[list[int]]:
    """Places of what is read at once: of about a length, so that little is padded.

    tokens: of a batch, padding included; what is longer is a batch of its own
    """
    batch: list[int] = []
    for place in sorted(range(len(lengths)), key=lengths.__getitem__):
        if batch and lengths[place] * (len(batch) + 1) > tokens:
            yield batch
            batch = []
        batch.append(place)
    if batch:
        yield batch


def loss_of(
    found: torch.Tensor,
    signs: torch.Tensor,
    said: torch.Tensor,
    sizes: torch.Tensor,
    *,
    say: float,
    quiet: float,
) -> torch.Tensor:
    """Logistic loss of the signs, with saying the claim and being quiet beside it.

    say:   weight of the claims' own cross-entropy, nats a token
    quiet: weight of the squared ratio of claims about something else
    """
    meant = signs != 0
    loss = -logsigmoid(signs[meant] * found[meant]).mean()
    loss = loss - say * (said[meant] / sizes[meant]).mean()
    if (~meant).any():
        # Beyond 4 nats no steeper: one loud claim must not drown the rest.
        aside = found[~meant].abs().clamp(max=4.0)
        loss = loss + quiet * (aside**2).mean()
    return loss


def _told(
    model: Any, rows: Sequence[tuple[list[int], list[list[int]]]], *, pad: int
) -> torch.Tensor:
    """Log-probability of each claim after its prompt, which is computed once for all.

    Shape: one number a claim, in the order of the rows
    """
    device = next(model.parameters()).device
    ends = [len(prompt) + sum(map(len, claims)) for prompt, claims in rows]
    length = max(ends)
    ids = torch.full((len(rows), length), pad)
    positions = torch.zeros((len(rows), length), dtype=torch.long)
    # 0 the prompt, 1.. its claims, -1 padding: a claim sees the prompt and itself.
    part = torch.full((len(rows), length), -1)
    sources: list[tuple[int, int]] = []
    wanted: list[int] = []
    owner: list[int] = []
    claim_number = 0
    for row, (prompt, claims) in enumerate(rows):
        end = len(prompt)
        ids[row, :end] = torch.tensor(prompt)
        positions[row, :end] = torch.arange(end)
        part[row, :end] = 0
        for number, claim in enumerate(claims, 1):
            stop = end + len(claim)
            ids[row, end:stop] = torch.tensor(claim)
            positions[row, end:stop] = len(prompt) + torch.arange(len(claim))
            part[row, end:stop] = number
            sources += [(row, len(prompt) - 1)]
            sources += [(row, place) for place in range(end, stop - 1)]
            wanted += claim
            owner += [claim_number] * len(claim)
            claim_number += 1
            end = stop
    seen = torch.tril(torch.ones(length, length, dtype=torch.bool))
    same = part[:, :, None] == part[:, None, :]
    shared = (part[:, None, :] == 0) & (part[:, :, None] > 0)
    seen = (seen & (same | shared)) | torch.eye(length, dtype=torch.bool)
    dtype = torch.bfloat16 if torch.is_autocast_enabled(device.type) else torch.float32
    mask = torch.zeros(seen.shape, dtype=dtype).masked_fill(~seen, -1e9)[:, None]
    inner = model.get_base_model() if hasattr(model, "get_base_model") else model
    hidden = inner.model(
        input_ids=ids.to(device),
        position_ids=positions.to(device),
        attention_mask=mask.to(device),
        use_cache=False,
    ).last_hidden_state
    at = torch.tensor(sources, device=device)
    logits = inner.lm_head(hidden[at[:, 0], at[:, 1]]).float()
    picked = logits.log_softmax(-1).gather(
        1, torch.tensor(wanted, device=device)[:, None]
    )[:, 0]
    total = torch.zeros(claim_number, device=device)
    return total.index_add(0, torch.tensor(owner, device=device), picked)
