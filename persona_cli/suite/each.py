"""The same work for many users, a few at a time where the engine can."""

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from typing import TypeVar

Item = TypeVar("Item")
Result = TypeVar("Result")


def each(
    items: Sequence[Item], work: Callable[[Item], Result], *, jobs: int
) -> Iterator[Result]:
    """Do some work for each item; what is done is yielded at once.

    jobs:   threads; 1 works in this one. A model in this process is for one alone
    Order:  of the items with one job, else as they are done
    Raises: what the work raises; what was not begun is then left undone
    """
    if jobs == 1:
        yield from map(work, items)
        return
    waiting = iter(items)
    with ThreadPoolExecutor(jobs) as pool:
        running: set[Future[Result]] = set()
        while True:
            # Not all at once: whoever stops early waits for those begun, no more.
            for item in waiting:
                running.add(pool.submit(work, item))
                if len(running) == jobs:
                    break
            if not running:
                return
            done, running = wait(running, return_when=FIRST_COMPLETED)
            for one in done:
                yield one.result()
