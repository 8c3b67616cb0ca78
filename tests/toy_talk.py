"""A two-layer model that has learned to talk of its corpus, and not yet to read."""

import random
from pathlib import Path

from toy_models import write_toy

from persona_cli.training.asked import wordings
from persona_cli.training.things import categories

STEPS, ROWS = 120, 24


def write_talker(path: Path, corpus: Path) -> Path:
    """A model that answers what was chosen with a claim about either item, either way.

    So it knows words and form, and what a stage is to teach is left: which of them.
    """
    import torch

    from persona_cli.each import choice_messages, statement
    from persona_cli.training.base import (
        chat_template,
        encode,
        encode_answer,
        load_base,
    )

    write_toy(path)
    model, tokenizer = load_base(path, dtype=torch.float32)
    template = chat_template(tokenizer)
    dice = random.Random(0)
    every = list(categories(corpus / "things"))
    optimizer = torch.optim.Adam(model.parameters(), lr=4e-3)
    torch.manual_seed(0)
    for step in range(STEPS):
        rows = []
        for _ in range(ROWS):
            of = dice.choice(every)
            took, left = dice.sample(of.things, 2)
            about = dice.choice((took, left))
            claim = dice.choice(wordings(about, dice.choice(("likes", "dislikes"))))
            prompt = encode(
                tokenizer,
                template,
                choice_messages(
                    of.queries[0], dice.choice(took.items), dice.choice(left.items)
                ),
            )
            answer = encode_answer(tokenizer, statement(of.section, claim))
            rows.append((prompt, answer))
        length = max(len(p) + len(a) for p, a in rows)
        ids = torch.zeros(ROWS, length, dtype=torch.long)
        labels = torch.full((ROWS, length), -100)
        for n, (prompt, answer) in enumerate(rows):
            both = torch.tensor([*prompt, *answer])
            ids[n, : len(both)] = both
            labels[n, len(prompt) : len(both)] = both[len(prompt) :]
        optimizer.param_groups[0]["lr"] = 4e-3 * (1 - step / STEPS)
        optimizer.zero_grad()
        hidden = model.model(ids).last_hidden_state[:, :-1]
        wanted = labels[:, 1:]
        loss = torch.nn.functional.cross_entropy(
            model.lm_head(hidden[wanted != -100]), wanted[wanted != -100]
        )
        loss.backward()
        optimizer.step()
        if step%20==0: print(step,loss.item())
    return write_toy(path, weights=model.state_dict())
