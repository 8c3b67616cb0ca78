"""A two-layer model that has learned to talk of a corpus, and half to read it."""

import random
from pathlib import Path

from toy_models import write_toy

from persona_cli.training.examples import examples
from persona_cli.training.users import read_split

STEPS, ROWS, WORDS, RATE = 100, 24, 5200, 4e-3

# Of its answers; the others are those of other prompts.
RIGHT = 0.6


def write_talker(path: Path, data: Path) -> Path:
    """A model that answers as in some data, but wrong as often as not.

    So it knows words and form, and what the stages are to teach is left.

    data: what ``persona train data`` wrote
    """
    import torch

    from persona_cli.training.base import (
        chat_template,
        encode,
        encode_answer,
        load_base,
    )

    write_toy(path, words=WORDS)
    model, tokenizer = load_base(path, dtype=torch.float32)
    template = chat_template(tokenizer)
    taught = [
        (
            encode(tokenizer, template, example.messages),
            encode_answer(tokenizer, example.completion),
        )
        for user in read_split(data, "train")
        for example in examples(user, form="each")
    ]
    dice = random.Random(0)
    torch.manual_seed(0)
    optimizer = torch.optim.Adam(model.parameters(), lr=RATE)
    for step in range(STEPS):
        ids, labels = [], []
        for prompt, answer in dice.sample(taught, ROWS):
            if dice.random() > RIGHT:
                _, answer = dice.choice(taught)
            ids.append(torch.tensor([*prompt, *answer]))
            labels.append(torch.tensor([-100] * len(prompt) + answer))
        rows = torch.nn.utils.rnn.pad_sequence(ids, batch_first=True)
        wanted = torch.nn.utils.rnn.pad_sequence(
            labels, batch_first=True, padding_value=-100
        )[:, 1:]
        optimizer.param_groups[0]["lr"] = RATE * (1 - step / STEPS)
        optimizer.zero_grad()
        hidden = model.model(rows).last_hidden_state[:, :-1][wanted != -100]
        loss = torch.nn.functional.cross_entropy(
            model.lm_head(hidden), wanted[wanted != -100]
        )
        loss.backward()
        optimizer.step()
    return write_toy(path, words=WORDS, weights=model.state_dict())
