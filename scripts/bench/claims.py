"""Whether the claims that a model writes are true of the people that it writes them of.

    python scripts/bench/claims.py DATA [--model tiny] [--split test] [--users 50]
                                   [--out FILE.jsonl]

DATA is what ``persona train data`` wrote: its users' truth is known, and what each of
their interactions shows. Each user is read window by window, by the code that
``update`` runs.

A claim is *of* a truth when most of what it cites shows that truth. Printed are the
share of claims that are of one (precision) and the share of truths, of those that two
interactions or more show, that a claim is of (recall): of all claims, and of those that
``apply`` hands out, which were seen twice or stated; with n and 95 % intervals. That a
claim also *says* its truth, and not its contrary, only a reader can tell: ``--out`` is
for one, each claim beside the truth it is of.
"""

import argparse
import json
import sys
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

from persona_cli import profile as pr
from persona_cli.accuracy import Accuracy
from persona_cli.engine import Engine
from persona_cli.engines import opener
from persona_cli.evidence import Evidence
from persona_cli.fold import EARLIER, propose
from persona_cli.infer import Asking
from persona_cli.profile import Profile
from persona_cli.reconcile import reconcile
from persona_cli.settings import Settings
from persona_cli.training.users import SimulatedUser, read_split


@dataclass(frozen=True, slots=True)
class Found:
    """A claim, and the truth that most of what it cites shows; None is none."""

    text: str
    by: str
    tentative: bool
    cites: tuple[str, ...]
    truth: str | None


def main() -> None:
    """Write, count, and print a table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", type=Path)
    parser.add_argument("--model", default="tiny")
    parser.add_argument("--split", default="test", choices=("train", "val", "test"))
    parser.add_argument("--users", type=int, default=50)
    parser.add_argument("--out", type=Path)
    options = parser.parse_args()
    opened = opener(Settings(model=options.model), tell=lambda _: None)
    engine, asking = opened.open()
    rows = []
    users = [*islice(read_split(options.data, options.split), options.users)]
    for number, user in enumerate(users, 1):
        claims = [*written(user, engine, asking)]
        shown = Counter(one for deed in user.interactions for one in set(deed.shows))
        rows.append((user, shown, claims))
        if options.out:
            with options.out.open("a", encoding="utf-8") as file:
                file.write(json.dumps(row_of(user, shown, claims)) + "\n")
        print(f"{number}/{len(users)}", end="\r", file=sys.stderr)
    opened.close()
    print(f"{len(users)} users of {options.split}, {options.model}")
    for name, holds in (
        ("all claims", lambda _: True),
        ("those handed out", lambda one: not one.tentative),
        ("  by the model", lambda one: not one.tentative and one.by != "digest"),
        ("  by counting", lambda one: not one.tentative and one.by == "digest"),
    ):
        kept = [
            (user, shown, [one for one in claims if holds(one)])
            for user, shown, claims in rows
        ]
        precision, recall = counted(kept)
        print(f"{name:<18} precision {_said(precision)}  recall {_said(recall)}")


def counted(
    rows: Sequence[tuple[SimulatedUser, Mapping[str, int], Sequence[Found]]],
) -> tuple[Accuracy, Accuracy]:
    """Precision and recall of some users' claims."""
    every = [one for _, _, claims in rows for one in claims]
    right = sum(one.truth is not None for one in every)
    wanted = [
        truth.id in {one.truth for one in claims}
        for user, shown, claims in rows
        for truth in user.truth
        if shown[truth.id] > 1 and truth.until is None
    ]
    return Accuracy(right, len(every)), Accuracy(sum(wanted), len(wanted))


def written(user: SimulatedUser, engine: Engine, asking: Asking) -> Iterator[Found]:
    """The claims of a user's profile, after their last window."""
    profile, evidence = folded(user, engine, asking)
    own = {
        deed.id: at.shows
        for deed, at in zip(user.deeds, user.interactions, strict=True)
    }
    for claim in profile.claims:
        cites = tuple(link.interaction for link in evidence.links(claim.id))
        counts = Counter(truth for cite in cites for truth in set(own[cite]))
        best = max(counts, key=counts.__getitem__, default=None)
        of = best if best is not None and 2 * counts[best] > len(cites) else None
        yield Found(claim.text, claim.by, claim.tentative, cites, of)


def folded(
    user: SimulatedUser, engine: Engine, asking: Asking
) -> tuple[Profile, Evidence]:
    """A user's windows, one after the other."""
    profile, evidence = pr.empty(user.id), Evidence()
    deeds, done = user.deeds, 0
    for step in user.windows:
        while done < step.end:
            earlier = deeds[max(done - EARLIER, 0) : done]
            proposal = propose(
                profile, deeds[done : step.end], earlier, engine, asking, seed=0
            )
            after = reconcile(
                profile,
                evidence,
                proposal.inferred.draft.lines,
                proposal.interactions,
                by=proposal.inferred.by,
            )
            profile, evidence = after.profile, after.evidence
            done += len(proposal.window.interactions)
    return profile, evidence


def row_of(
    user: SimulatedUser, shown: Mapping[str, int], claims: list[Found]
) -> dict[str, Any]:
    """What a reader needs to see of a user."""
    said = {truth.id: truth.claim for truth in user.truth}
    return {
        "user": user.id,
        "truth": [
            {
                "claim": truth.claim,
                "shown": shown.get(truth.id, 0),
                "until": truth.until,
            }
            for truth in user.truth
        ],
        "claims": [
            {
                "text": one.text,
                "by": one.by,
                "tentative": one.tentative,
                "cites": len(one.cites),
                "of": said.get(one.truth or "", ""),
            }
            for one in claims
        ],
    }


def _said(found: Accuracy) -> str:
    low, high = found.interval
    return f"{found.rate:.1%} [{low:.1%}, {high:.1%}], n = {found.asked}"


if __name__ == "__main__":
    main()
