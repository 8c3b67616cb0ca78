"""Fetch a model of the Hugging Face hub.

The only module that imports huggingface_hub, so the only one that knows its habits
(source: huggingface_hub 2.4.0, file_download.py): a download that breaks starts
from nothing the next time, sizes are checked and hashes are not. So the bytes are
fetched here, over the hub's own session, into a part file that the next try goes on
with; and what has the right sha256 is put into the hub's cache as its library would.
"""

import errno
import os
import re
import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from persona_cli import gguf
from persona_cli.errors import ModelError, UsageError
from persona_cli.files import make_private
from persona_cli.models.download import Body, Fetch, NotWhole, fetch, is_sha256
from persona_cli.models.installed import size_text
from persona_cli.models.shelf import Held, Pulled, Shelf, sha256_of
from persona_cli.models.spec import ModelRef, choose_files

# A connection that brings nothing for so long is broken, in seconds.
_SILENCE = 20.0

# Kept free on the disk besides the model itself.
_MARGIN = 100 << 20

OnProgress = Callable[[int, int], None]


def pull(
    ref: ModelRef,
    shelf: Shelf,
    *,
    at: str,
    on_progress: OnProgress = lambda _done, _total: None,
    endpoint: str | None = None,
    token: str | None = None,
    free: Callable[[Path], int] = lambda folder: shutil.disk_usage(folder).free,
    sleep: Callable[[float], None] = time.sleep,
) -> Path:
    """Fetch a model of the hub, check it, and record it.

    Broken off at any moment, by a signal too, the next call goes on with the bytes
    that are here. Whole and recorded already, nothing is asked for but its name.

    at:          the time, for the record
    on_progress: called with bytes here and bytes in all
    endpoint:    of the hub; None is the library's own setting
    token:       of the hub; None is the library's own setting
    free:        bytes free on the disk of a folder
    sleep:       waits between two tries
    Returns:     its first file
    Raises:      UsageError for a model that is not on the hub; ModelError
    """
    if ref.kind == "embedded":
        raise UsageError(
            f"{ref.spec} is in the plain install: there is nothing to fetch",
            remedy=f"Use it: persona model use {ref.spec}",
        )
    if ref.kind != "hub" or ref.repo is None:
        raise UsageError(
            f"{ref.spec}: only models of the hub can be fetched",
            remedy="Name one of `persona model list`, or hf:owner/repo:file.",
        )
    with _faults_named(ref):
        hub = _Hub(ref.repo, endpoint, token)
        revision, offered = hub.files()
        names = choose_files(offered, ref)
        plans = [hub.plan(name, revision, offered[name]) for name in names]
        _check_pins(ref, plans)
        blobs = shelf.folder(ref.repo) / "blobs"
        make_private(blobs)
        _check_room(ref, plans, blobs, free)
        total, done = sum(plan.size for plan in plans), 0
        held = []
        for plan in plans:
            begun = done

            def tell(here: int, begun: int = begun) -> None:
                on_progress(begun + here, total)

            sha256 = _into_cache(plan, hub, blobs, shelf, tell, sleep)
            path = hub.link(plan, shelf.cache)
            status = path.stat()
            done += plan.size
            held.append(
                Held(
                    path=str(path),
                    file=plan.name,
                    size=status.st_size,
                    sha256=sha256,
                    mtime_ns=status.st_mtime_ns,
                    ctime_ns=status.st_ctime_ns,
                )
            )
        shelf.keep(
            Pulled(
                spec=ref.spec,
                repo=ref.repo,
                revision=revision,
                at=at,
                files=tuple(held),
            )
        )
    return Path(held[0].path)


class _Hub:
    """One repository of the hub."""

    def __init__(self, repo: str, endpoint: str | None, token: str | None) -> None:
        # Read by the library when it is imported. It would tell the hub which
        # packages and which agent run here.
        os.environ.setdefault("HF_HUB_DISABLE_TELEMETRY", "1")
        from huggingface_hub.utils import (  # type: ignore[attr-defined]
            build_hf_headers,  # public, and not exported in a way that mypy sees
        )

        self.repo, self.endpoint, self.token = repo, endpoint, token
        self.headers = build_hf_headers(token=token) | {"Accept-Encoding": "identity"}

    def files(self) -> tuple[str, dict[str, Any]]:
        """The latest commit of its main branch, and every file there by name.

        One request and no second try: without a network that is said at once.
        """
        from huggingface_hub import HfApi

        api = HfApi(endpoint=self.endpoint, token=self.token)
        try:
            found = api.model_info(self.repo, files_metadata=True, timeout=_SILENCE)
        except (ValueError, KeyError, TypeError) as error:
            raise NotWhole(
                f"what answers for the hub is no hub: {error!r}",
                remedy="See in a browser whether a login page stands between.",
            ) from error
        if not found.sha:
            raise NotWhole(f"the hub names no commit of {self.repo}")
        return found.sha, {file.rfilename: file for file in found.siblings or []}

    def plan(self, name: str, revision: str, offered: Any) -> Fetch:
        """What is to be fetched for one file."""
        from huggingface_hub import get_hf_file_metadata, hf_hub_url

        url = hf_hub_url(self.repo, name, revision=revision, endpoint=self.endpoint)
        found = get_hf_file_metadata(
            url, token=self.token, endpoint=self.endpoint, timeout=_SILENCE
        )
        size = offered.size if found.size is None else found.size
        if not found.etag or size is None:
            raise NotWhole(f"{name}: the hub's answer has no etag, or no size")
        listed = offered.lfs.sha256 if offered.lfs else None
        return Fetch(
            name=name,
            etag=found.etag,
            revision=revision,
            size=size,
            sha256=found.etag if is_sha256(found.etag) else listed,
        )

    @contextmanager
    def ask(self, plan: Fetch, start: int) -> Iterator[Body]:
        """Ask for a file from a byte on.

        By its own address each time: the one it leads to is signed, and runs out.
        """
        from huggingface_hub import get_session, hf_hub_url, hf_raise_for_status

        url = hf_hub_url(
            self.repo, plan.name, revision=plan.revision, endpoint=self.endpoint
        )
        headers = self.headers | ({"Range": f"bytes={start}-"} if start else {})
        with get_session().stream(
            "GET", url, headers=headers, timeout=_SILENCE
        ) as answer:
            if answer.status_code >= 400:
                answer.read()
            hf_raise_for_status(answer)
            yield _Coming(answer)

    def link(self, plan: Fetch, cache: Path) -> Path:
        """Let the library put its link to bytes that are in its cache."""
        from huggingface_hub import hf_hub_download

        path = hf_hub_download(
            self.repo,
            plan.name,
            revision=plan.revision,
            cache_dir=cache,
            endpoint=self.endpoint,
            token=self.token,
        )
        return Path(path)


class _Coming:
    """The body of an answer."""

    def __init__(self, answer: Any) -> None:
        span = re.match(r"bytes (\d+)-", answer.headers.get("Content-Range", ""))
        self.start = int(span[1]) if span and answer.status_code == 206 else 0
        self._answer = answer

    def chunks(self) -> Iterator[bytes]:
        """Piece by piece, as they arrive."""
        yield from self._answer.iter_bytes()


def _into_cache(
    plan: Fetch,
    hub: _Hub,
    blobs: Path,
    shelf: Shelf,
    on_bytes: Callable[[int], None],
    sleep: Callable[[float], None],
) -> str:
    """Bring one file into the cache; its sha256."""
    blob = blobs / plan.etag
    if blob.is_file():
        link = blobs.parent / "snapshots" / plan.revision / plan.name
        held = shelf.held(link)
        if held is not None and shelf.verify(link):
            sha256 = held.sha256
        else:
            sha256 = sha256_of(blob)
        if plan.sha256 in (None, sha256):
            on_bytes(plan.size)
            return sha256
        blob.unlink()  # named by a hash that it does not have
    return fetch(
        plan,
        hub.ask,
        blobs / f"{plan.etag}.persona-part",
        blob,
        accept=lambda part: _check_header(part, plan.name),
        on_bytes=on_bytes,
        sleep=sleep,
    )


def _check_header(part: Path, name: str) -> None:
    try:
        gguf.check(part)
    except ModelError as error:
        problem = str(error).removeprefix(f"{part}: ")
        raise ModelError(f"{name}: {problem}", remedy=error.remedy) from error


def _check_pins(ref: ModelRef, plans: list[Fetch]) -> None:
    """See that the hub offers what the catalogue means."""
    entry = ref.entry
    if entry is None or ref.spec != entry.name or entry.sha256 is None:
        return
    if [plan.sha256 for plan in plans] != [entry.sha256]:
        raise ModelError(
            f"{ref.spec}: {ref.repo} now offers another file than the one persona"
            " knows by this name",
            remedy=f"If you trust it: persona model pull hf:{ref.repo}:{plans[0].name}",
        )


def _check_room(
    ref: ModelRef, plans: list[Fetch], blobs: Path, free: Callable[[Path], int]
) -> None:
    needed = 0
    for plan in plans:
        if not (blobs / plan.etag).is_file():
            part = blobs / f"{plan.etag}.persona-part"
            needed += plan.size - (part.stat().st_size if part.is_file() else 0)
    if needed and needed + _MARGIN > (room := free(blobs)):
        raise ModelError(
            f"{ref.spec}: {size_text(needed)} to fetch, and {size_text(room)} free on"
            f" {blobs}",
            remedy="Make room, or set HF_HUB_CACHE to a folder on a larger disk.",
        )


@contextmanager
def _faults_named(ref: ModelRef) -> Iterator[None]:
    """Say what the hub's library, the network and the disk could not do."""
    import httpx2
    from huggingface_hub import errors as hub

    def fault(problem: str, remedy: str) -> ModelError:
        return ModelError(f"{ref.spec}: {problem}", remedy=remedy)

    again = (
        f"Run it again: persona model pull {ref.spec} (it goes on where it stopped)."
    )
    try:
        yield
    except NotWhole as error:
        raise fault(str(error), error.remedy or again) from error
    except hub.LocalEntryNotFoundError as error:
        raise fault("the hub went away", again) from error
    except hub.OfflineModeIsEnabled as error:
        raise fault(
            "the hub's library is set to offline", "Unset HF_HUB_OFFLINE."
        ) from error
    except hub.GatedRepoError as error:
        raise fault(
            f"{ref.repo} is gated: its licence has to be accepted first",
            f"Accept it at https://huggingface.co/{ref.repo}, then set HF_TOKEN.",
        ) from error
    except hub.RepositoryNotFoundError as error:
        raise fault(
            f"no repository {ref.repo} on the hub, or it is private",
            "Check its spelling; for a private one, set HF_TOKEN.",
        ) from error
    except (hub.EntryNotFoundError, hub.RevisionNotFoundError) as error:
        raise fault(
            f"no such file in {ref.repo}",
            f"Name one that is there: hf:{ref.repo}:file.gguf",
        ) from error
    except hub.HfHubHTTPError as error:
        status = error.response.status_code
        raise fault(
            f"the hub answered {status}",
            "Check HF_TOKEN." if status in (401, 403) else f"Wait a while. {again}",
        ) from error
    except (httpx2.HTTPError, ConnectionError) as error:
        raise fault(
            f"the hub cannot be reached: {error or type(error).__name__}",
            f"Check the connection. {again}",
        ) from error
    except OSError as error:
        full = error.errno in (errno.ENOSPC, errno.EDQUOT)
        raise fault(
            f"{error.filename or 'the cache'}: {error.strerror or error}",
            f"Make room. {again}" if full else "Check that you may write there.",
        ) from error
