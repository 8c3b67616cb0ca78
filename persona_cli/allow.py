"""Let in what persona would keep out, and keep it out again."""

from collections.abc import Callable, Sequence

from persona_cli.allowed import FILE, Allowed, Entry, render
from persona_cli.files import read_whole
from persona_cli.lock import profile_lock
from persona_cli.store import Store
from persona_cli.transaction import Transaction, run


def allow(
    store: Store,
    new: Sequence[Entry] = (),
    gone: Sequence[Entry] = (),
    *,
    lock_timeout: float,
    commit: bool = True,
    tell: Callable[[str], None] = lambda _: None,
) -> Allowed:
    """Change what is let in: one transaction, and one commit of that file alone.

    The profile is neither read nor committed on the way: it may hold the very line
    that is to be let in.

    Raises: BusyError, InputError
    """
    with profile_lock(store.folder, timeout=lock_timeout, doing="allow", on_wait=tell):
        if commit:
            store.require_repository()
        before = store.allowed()
        after = before.without(gone).with_entries(new)
        if after == before:
            return after
        transaction = Transaction(
            files={FILE: (read_whole(store.folder / FILE), render(after))},
            appends={},
            commit=(FILE,) if commit else (),
            message=f"{store.name}: what is let in ({len(after.entries)})\n",
        )
        run(store.folder, transaction, git=store.git if commit else None)
        return after
