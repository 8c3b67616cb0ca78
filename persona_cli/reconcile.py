"""A draft becomes the next profile: by rules, in code, losing nothing.

A model never writes the file. It proposes lines, each citing what it rests on,
and these rules say what follows:

    cites                  what happens
    p                      the claim is kept as it is
    p and i                reinforced; reworded when the words differ
    i                      added; or reinforces the claim it nearly repeats
    !p and a newer i       the past claim is retired, and the new one added
    nothing, or no such    dropped, and counted
    i, and asks for power  waits for a person, in the evidence (see ``authority``)
    another tool's notes   waits too, and reinforces nothing (see ``hearsay``)
    (a claim nobody cites) kept

What a person wrote, or reworded, is reinforced at most: its words stay.

What was seen in one project holds there, and says nothing of the others:

    a claim of another project  is not reworded by it, and not retired. Where it says
                                the same, the claim is borne out in two projects, and
                                holds everywhere from then on
    a claim that holds
    everywhere                  is reinforced at most: what differs is added as the
                                project's own
    a claim that a person
    pinned to a project         stays there; elsewhere the same is a claim of its own
"""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from typing import Literal

from persona_cli import evidence as ev
from persona_cli import profile as pr
from persona_cli.draft import DraftLine
from persona_cli.evidence import Evidence, Link, Wording
from persona_cli.hearsay import KNOWN, weighed
from persona_cli.interaction import Interaction
from persona_cli.profile import Claim, Profile
from persona_cli.scope import EVERYWHERE, GLOBAL, TASTES, covers, united
from persona_cli.scoping import (
    is_kept_from,
    is_only_copied,
    may_reword,
    seen_in,
    split_at,
)
from persona_cli.similar import NEAR, polarity, similarity, words
from persona_cli.waiting import Waiting, waits

# An update does the first four; going back to an older version also weakens.
ChangeKind = Literal["added", "reinforced", "revised", "retired", "weakened"]

LONGEST_QUOTE = 160


@dataclass(frozen=True, slots=True)
class Change:
    """What an update does to one claim.

    claim:  as it is afterwards; a retired one as it was
    before: as it was; None for an added one
    quote:  from the user's side; why it was done
    fact:   what was counted, where that is why
    """

    kind: ChangeKind
    claim: Claim
    before: Claim | None
    quote: str
    fact: str = ""

    @property
    def reason(self) -> str:
        """Why it was done: what was counted, or the user's words in quotes."""
        return self.fact or (f'"{self.quote}"' if self.quote else "")


Accept = Callable[[Change], bool]


@dataclass(frozen=True, slots=True)
class Reconciled:
    """The next profile and evidence, and how they differ from the last.

    dropped: reason -> lines that had no effect
    waiting: claims that a person has to review first; they are in the evidence, and
             not in the profile
    """

    profile: Profile
    evidence: Evidence
    changes: tuple[Change, ...]
    dropped: Mapping[str, int]
    waiting: tuple[Wording, ...] = ()


def reconcile(
    profile: Profile,
    evidence: Evidence,
    lines: Sequence[DraftLine],
    interactions: Mapping[str, Interaction],
    *,
    by: str,
    accept: Accept = lambda _: True,
) -> Reconciled:
    """Fold proposed lines into a profile.

    lines:        in the order of the draft
    interactions: all that the lines may cite, by id
    by:           who proposed them: engine and prompt; goes into the evidence
    accept:       asked once for each change; what it refuses is left out, and
                  an added claim it refuses is remembered as removed
    Order:        changes come in the order of the lines
    """
    work = _Work(profile, evidence, interactions, by=by)
    for line in lines:
        work.fold(line)
    return work.finish(accept)


@dataclass(slots=True)
class _Touched:
    """What the lines did to one claim so far."""

    before: Claim | None
    after: Claim
    links: list[Link]
    quote: str
    fact: str = ""
    retired_by: str = ""


class _Work:
    """The state between two lines of a draft."""

    def __init__(
        self,
        profile: Profile,
        evidence: Evidence,
        interactions: Mapping[str, Interaction],
        *,
        by: str,
    ) -> None:
        self.profile, self.evidence, self.by = profile, evidence, by
        self.interactions = interactions
        self.dropped: Counter[str] = Counter()
        self.touched: dict[str, _Touched] = {}
        self.linked = evidence.linked()
        wordings = evidence.wordings()
        self.taken = set(wordings) | {claim.id for claim in profile.claims}
        self.refused = [w.words for w in wordings.values() if w.status == "removed"]
        self.waiting = Waiting(evidence, by=by, version=profile.version)

    def fold(self, line: DraftLine) -> None:
        line = weighed(line, self.interactions)
        if line.hearsay:
            self._hear(replace(line, keeps=(), retires=()))
        elif line.retires:
            self._retire(line)
        elif line.keeps and not line.rests_on:
            return
        elif line.keeps:
            self._reinforce(line.keeps[0], line, reword=True)
            for other in line.keeps[1:]:
                self._merge(other, line.keeps[0])
        elif line.rests_on:
            self._add(line)
        else:
            self.dropped["cites nothing"] += 1

    def _now(self, claim_id: str) -> Claim | None:
        touched = self.touched.get(claim_id)
        if touched:
            return None if touched.retired_by else touched.after
        return self.profile.find(claim_id)

    def _standing(self) -> list[Claim]:
        ids = [c.id for c in self.profile.claims]
        ids += [i for i in self.touched if i not in set(ids)]
        return [claim for i in ids if (claim := self._now(i)) is not None]

    def _near(self, line: DraftLine) -> Claim | None:
        """The standing claim that a line says again, if any.

        Its own project's before one of everywhere, and that before another project's.
        """
        seen = seen_in(line, self.interactions)
        scored = [
            (claim.scope == seen, claim.scope == GLOBAL, alike, claim)
            for claim in self._standing()
            if (alike := similarity(line.text, claim.text)) >= NEAR
            and not is_kept_from(claim, line, self.interactions)
        ]
        return max(scored, key=lambda found: found[:3], default=(None,))[-1]

    def _less_what_is_held(self, line: DraftLine) -> DraftLine:
        """A line less what bears out a claim that a person holds to its project."""
        for claim in self._standing():
            mine, rest = split_at(claim.scope, line, self.interactions)
            if (
                mine
                and is_kept_from(claim, line, self.interactions)
                and similarity(line.text, claim.text) >= NEAR
            ):
                self._reinforce(claim.id, replace(line, rests_on=mine), reword=False)
                line = replace(line, rests_on=rest)
        return line

    def _reach(self, line: DraftLine) -> str:
        """Where a line holds once it is folded in."""
        near = self._near(line)
        seen = seen_in(line, self.interactions)
        return seen if near is None else united((seen, near.scope))

    def _add(self, line: DraftLine) -> None:
        line = self._less_what_is_held(line)
        near = self._near(line)
        if near is not None:
            self._reinforce(near.id, line, reword=False)
            return
        if self._is_refused(line) or self._held(line):
            return
        said = Claim(
            "",
            line.section,
            line.text,
            scope=seen_in(line, self.interactions),
            by=line.by,
        )
        found = self.waiting.taken_up(said) or self._new_id(line.text)
        claim = Claim(id=found, section=line.section, text=line.text, by=line.by)
        self.touched[found] = _Touched(None, claim, [], "")
        self._link(found, line)

    def _hear(self, line: DraftLine) -> None:
        """Let wait what another tool remembers."""
        if self._near(line) is not None:
            self.dropped[KNOWN] += 1
        elif line.rests_on and not self._is_refused(line):
            self._held(line)

    def _is_refused(self, line: DraftLine) -> bool:
        refused = any(similarity(line.text, words) >= NEAR for words in self.refused)
        if refused:
            self.dropped["you removed this claim"] += 1
        return refused

    def _reinforce(self, claim_id: str, line: DraftLine, *, reword: bool) -> None:
        claim = self._now(claim_id)
        if claim is None:  # retired by an earlier line of the same draft
            self._add(replace(line, keeps=()))
            return
        if is_only_copied(claim, line, self.interactions):
            self.dropped["of another project"] += 1
            return
        if reword and polarity(claim.text) != polarity(line.text):
            # A claim that turns into its contrary is a retirement; that has to be
            # asked for, with newer evidence.
            self.dropped["contradicts the claim it cites"] += 1
            return
        if reword and not set(words(claim.text)) & set(words(line.text)):
            self._add(replace(line, keeps=()))  # another subject: another claim
            return
        if reword and waits(line.section, line.text):
            self._add(replace(line, keeps=()))  # no claim slips in as a rewording
            return
        alike = similarity(claim.text, line.text) >= NEAR
        if reword and not alike and not may_reword(claim, line, self.interactions):
            self._add(replace(line, keeps=()))  # what one project shows is its own
            return
        if is_kept_from(claim, line, self.interactions):
            self._add(replace(line, keeps=()))  # a person said where it holds
            return
        self.touched.setdefault(claim_id, _Touched(claim, claim, [], ""))
        self._link(claim_id, line)
        touched = self.touched[claim_id]
        if reword and not claim.pinned and not alike:
            touched.after = replace(touched.after, text=line.text, by=line.by)

    def _merge(self, claim_id: str, into: str) -> None:
        """Let a near-duplicate go, and hand its evidence on."""
        claim, target = self._now(claim_id), self._now(into)
        new = self.touched.get(into)
        if claim is None or target is None or new is None:
            return
        if claim.pinned or claim_id == into:
            return
        if similarity(claim.text, target.text) < NEAR:
            return  # cited together, but not the same: both stay
        if target.pinned and not covers(target.scope, claim.scope):
            return  # the other project would be left without it
        heirs = [
            replace(link, claim=into)
            for link in self.evidence.links(claim_id)
            if (into, link.interaction, link.side) not in self.linked
        ]
        self.linked.update((into, h.interaction, h.side) for h in heirs)
        new.links.extend(heirs)
        new.after = replace(
            target,
            count=target.count + sum(h.side == "for" for h in heirs),
            last=max((d for d in (claim.last, target.last) if d), default=None),
            scope=united((claim.scope, target.scope)),
            stated=target.stated or claim.stated,
        )
        old = self.touched.setdefault(claim_id, _Touched(claim, claim, [], ""))
        old.retired_by = f"the same as {into}: {target.text}"

    def _held(self, line: DraftLine) -> bool:
        """Let a line wait that no profile takes in unseen."""
        scope = seen_in(line, self.interactions)
        claim = Claim("", line.section, line.text, scope=scope, by=line.by)
        found = self.waiting.hold(claim, name=self._new_id, hearsay=line.hearsay)
        if found is None:
            return False
        self.waiting.entries += self._fresh(found, line, "for")
        return True

    def _new_id(self, text: str) -> str:
        found = pr.new_id(text, self.taken)
        self.taken.add(found)
        return found

    def _retire(self, line: DraftLine) -> None:
        if line.rests_on and waits(line.section, line.text):
            # "Forget the rest" does not take the rest along.
            self._add(replace(line, retires=(), keeps=()))
            return
        newest, reach = self._newest(line.rests_on), self._reach(line)
        gone: list[Claim] = []
        excepted = False
        for claim_id in line.retires:
            claim = self._now(claim_id)
            if claim is None:
                continue
            if not line.rests_on:
                self.dropped["retires a claim and cites no interaction"] += 1
            elif claim.last is not None and newest is not None and newest < claim.last:
                self.dropped["older than the claim it retires"] += 1
            elif claim.pinned:
                self.touched.setdefault(claim_id, _Touched(claim, claim, [], ""))
                self._link(claim_id, line, side="against")
                self.dropped["contradicts what you wrote"] += 1
            elif not covers(reach, claim.scope):
                self.dropped["holds in one project, and the claim elsewhere too"] += 1
                excepted = True
            else:
                gone.append(claim)
        for claim in gone:
            touched = self.touched.setdefault(claim.id, _Touched(claim, claim, [], ""))
            self._link(claim.id, line, side="against")
            touched.retired_by = line.text
        if gone or excepted:
            self._add(replace(line, retires=(), keeps=()))

    def _newest(self, ids: Sequence[str]) -> date | None:
        return _newest([self.interactions[i].at for i in ids])

    def _link(self, claim_id: str, line: DraftLine, *, side: ev.Side = "for") -> None:
        touched = self.touched[claim_id]
        fresh = self._fresh(claim_id, line, side)
        touched.links.extend(fresh)
        for link in fresh:
            touched.quote = touched.quote or link.quote
        touched.fact = touched.fact or line.fact
        if side == "for":
            shown = [link.interaction for link in fresh if link.side == "for"]
            self._support(touched, line, shown)

    def _fresh(self, claim_id: str, line: DraftLine, side: ev.Side) -> list[Link]:
        """Links of a claim to what a line cites, where they are not there yet."""
        cited = [(i, side) for i in line.rests_on]
        if side == "for":
            cited += [(i, "against") for i in line.against]
        links: list[Link] = []
        for found, where in cited:
            if (claim_id, found, where) in self.linked:
                continue
            self.linked.add((claim_id, found, where))
            deed = self.interactions[found]
            quote = line.quotes.get(found) or quote_from(deed, line.text)
            links.append(Link(claim_id, found, deed.source, deed.at, where, quote))
        return links

    def _support(self, touched: _Touched, line: DraftLine, ids: Sequence[str]) -> None:
        claim = touched.after
        deeds = [self.interactions[i] for i in ids]
        days = [claim.last] if claim.last else []
        newest = _newest([deed.at for deed in deeds])
        scopes = {deed.scope for deed in deeds}
        if claim.section in EVERYWHERE or (
            line.stated and claim.text.startswith(TASTES)
        ):
            scopes = {GLOBAL}
        if claim.count:
            scopes.add(claim.scope)
        touched.after = replace(
            claim,
            count=claim.count + len(ids),
            last=max([*days, newest] if newest else days, default=None),
            scope=claim.scope if claim.pinned else united(scopes),
            stated=claim.stated
            or line.stated
            or any(deed.kind == "stated" for deed in deeds),
        )

    def finish(self, accept: Accept) -> Reconciled:
        version = self.profile.version + 1
        changes: list[Change] = []
        entries: list[ev.Entry] = []
        for touched in self.touched.values():
            change = _change(touched)
            if change is None:
                entries.extend(touched.links)  # against a person's own words
                continue
            if not accept(change):
                if change.kind == "added":
                    entries.append(_wording(touched.after, "removed", "human", version))
                continue
            changes.append(change)
            entries.extend(touched.links)
            if change.kind == "retired":
                gone = _wording(change.claim, "retired", self.by, version)
                entries.append(replace(gone, why=touched.retired_by))
            elif change.kind != "reinforced":
                by = touched.after.by or self.by
                entries.append(_wording(touched.after, "active", by, version))
        after = pr.rewrite(
            self.profile,
            replaced={
                c.claim.id: c.claim
                for c in changes
                if c.kind in ("reinforced", "revised") and _marked(self.profile, c)
            },
            removed=[c.claim.id for c in changes if c.kind == "retired"],
            added=[c.claim for c in changes if c.kind == "added"],
        )
        return Reconciled(
            after,
            self.evidence.with_entries([*entries, *self.waiting.entries]),
            tuple(changes),
            self.dropped,
            self.waiting.new,
        )


def quote_from(interaction: Interaction, claim: str) -> str:
    """The user's words that show a claim best: a line of what they took or typed.

    Shape: one line, at most 160 characters; cut with an ellipsis
    """
    parts = [" ".join(part.split()) for part in interaction.chosen.split("\n")]
    parts = [part for part in parts if part.strip("`-*# ")]
    if not parts:
        return " ".join(interaction.chosen.split())[:LONGEST_QUOTE]
    best = max(parts, key=lambda part: (similarity(part, claim), -parts.index(part)))
    return best if len(best) <= LONGEST_QUOTE else best[: LONGEST_QUOTE - 1] + "…"


def _change(touched: _Touched) -> Change | None:
    before, after = touched.before, touched.after
    kind: ChangeKind
    if touched.retired_by:
        if before is None:  # added and taken back by one draft: it never was
            return None
        return Change("retired", before, before, touched.quote, touched.fact)
    if before is None:
        kind = "added"
    elif before.text != after.text:
        kind = "revised"
    elif before != after:
        kind = "reinforced"
    else:
        return None
    return Change(kind, after, before, touched.quote, touched.fact)


def _marked(profile: Profile, change: Change) -> bool:
    return any(s.marked for s in profile.spots if s.claim.id == change.claim.id)


def _wording(claim: Claim, status: ev.Status, by: str, version: int) -> Wording:
    return Wording(claim.id, claim.text, claim.section, status, by, version)


def _newest(times: Sequence[datetime | None]) -> date | None:
    return max((t.astimezone(UTC).date() for t in times if t), default=None)
