"""What a reader foresees of a user: from their profile, from none, from another's."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from persona_cli.judge import Judge, Verdict
from persona_cli.suite.users import Key, User


@dataclass(frozen=True, slots=True)
class Read:
    """What came of one profile.

    own:   its owner's choice, foreseen from it
    empty: the same choice, foreseen from nothing
    lent:  another user's choice, foreseen from it; None where nobody borrows it
    """

    key: Key
    own: Verdict
    empty: Verdict
    borrower: Key | None = None
    lent: Verdict | None = None


def reader(
    users: Iterable[User],
    texts: Mapping[Key, str],
    lenders: Mapping[Key, Key],
    judge: Judge,
) -> Callable[[User], Read]:
    """What foresees one user's choice; a profile is read once, for two choices.

    texts:   what is read of each user
    lenders: whose text is read for a user besides their own
    """
    targets = {user.key: user.target for user in users}
    borrowers = {lender: user for user, lender in lenders.items()}

    def read(user: User) -> Read:
        (empty,) = judge.judge("", [user.target]).verdicts
        borrower = borrowers.get(user.key)
        if borrower is None:
            (own,) = judge.judge(texts[user.key], [user.target]).verdicts
            return Read(user.key, own, empty)
        asked = [user.target, targets[borrower]]
        own, lent = judge.judge(texts[user.key], asked).verdicts
        return Read(user.key, own, empty, borrower, lent)

    return read


def borrowed(reads: Iterable[Read]) -> dict[Key, Verdict]:
    """What was foreseen of each user from another's profile."""
    return {
        read.borrower: read.lent
        for read in reads
        if read.borrower is not None and read.lent is not None
    }
