"""Profiles of many people, and how well they foresee what each did next.

Read the users, write each a profile, let a reader foresee from it, count. The parts
yield as they go, and keep what they found; nothing here prints or tells the time.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence

from persona_cli.judge import Judge
from persona_cli.suite.each import each
from persona_cli.suite.figures import Figures, figures, mean, record
from persona_cli.suite.folder import Folder, Kept, at_work
from persona_cli.suite.read import Read, reader
from persona_cli.suite.users import (
    Key,
    User,
    by_source,
    lenders,
    limited,
    read_users,
)
from persona_cli.suite.write import Mode, Plan, Written, raw_history, write_profile

__all__ = [
    "Figures",
    "Folder",
    "Kept",
    "Key",
    "Mode",
    "Plan",
    "Read",
    "User",
    "Written",
    "at_work",
    "by_source",
    "figures",
    "lenders",
    "limited",
    "mean",
    "raw_history",
    "read_profiles",
    "read_users",
    "record",
    "write_profile",
    "write_profiles",
]


def write_profiles(
    users: Sequence[User],
    kept: Kept,
    write: Callable[[User], Written],
    *,
    jobs: int = 1,
) -> Iterator[Written]:
    """Write the profiles that are not there yet; each is kept before it is yielded.

    jobs:   threads, >= 1; 1 for an engine in this process
    Raises: ModelError
    """
    missing = [user for user in users if user.key not in kept.profiles]
    for written in each(missing, write, jobs=jobs):
        kept.keep_profile(written)
        yield written


def read_profiles(
    users: Sequence[User],
    kept: Kept,
    judge: Judge,
    lenders: Mapping[Key, Key],
    *,
    jobs: int = 1,
) -> Iterator[Read]:
    """Ask a reader what is not answered yet; each is kept before it is yielded.

    lenders: whose profile is read for a user besides their own
    jobs:    as above
    Raises:  ModelError
    """
    texts = {user.key: kept.profiles[user.key].text for user in users}
    missing = [user for user in users if user.key not in kept.reads]
    for read in each(missing, reader(users, texts, lenders, judge), jobs=jobs):
        kept.keep_read(read)
        yield read
