"""Models by name: what a spec means, and how its files get here and away again."""

import hashlib
import json
import os
import signal
import socket
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest
from hub import COMMIT, Repo, gguf, running

from persona_cli.errors import ModelError, UsageError
from persona_cli.models import catalogue as cat
from persona_cli.models.catalogue import catalogue
from persona_cli.models.installed import (
    installed,
    local_path,
    locate,
    remove,
    size_text,
)
from persona_cli.models.pull import pull
from persona_cli.models.shelf import Shelf, hub_cache
from persona_cli.models.spec import choose_files, resolve_model, shard_names

AT = "2026-11-23T16:25:00Z"
MODEL = gguf(6_000_000)
SHA = hashlib.sha256(MODEL).hexdigest()
NAME = "Good-Q4_K_M.gguf"


@pytest.fixture
def shelf(tmp_path):
    return Shelf(tmp_path / "hub", tmp_path / "data" / "models.json")


@pytest.fixture
def repo():
    return Repo({NAME: MODEL, "README.md": b"# Good\n"})


@pytest.fixture
def hub(repo):
    with running({"acme/good": repo}) as server:
        yield server


@pytest.fixture
def waits():
    """Seconds that a pull would have waited."""
    return []


@pytest.fixture
def fetch(hub, shelf, waits):
    """Pull a spec from the hub of the test."""

    def fetch(spec="hf:acme/good", **more):
        more = {"at": AT, "endpoint": hub.endpoint, "sleep": waits.append} | more
        return pull(resolve_model(spec), shelf, **more)

    return fetch


def left_over(shelf):
    """Files in the cache that are neither links nor whole blobs."""
    return [p.name for p in shelf.cache.rglob("*.persona-part")]


# What a spec means ----------------------------------------------------------------


@pytest.mark.parametrize(
    ("spec", "kind", "fields"),
    [
        ("tiny", "embedded", {"repo": None}),
        ("Qwen3-8B", "hub", {"spec": "qwen3-8b", "file": "Qwen3-8B-Q4_K_M.gguf"}),
        ("./a/b.GGUF", "file", {"path": Path("a/b.GGUF")}),
        ("hf:a/b", "hub", {"repo": "a/b", "file": None, "quant": None}),
        ("hf:a/b:q8_0", "hub", {"quant": "q8_0", "file": None}),
        ("hf:a/b:x/y.gguf", "hub", {"file": "x/y.gguf", "quant": None}),
        ("http://h:1/v1/#m:7b", "remote", {"url": "http://h:1/v1", "model": "m:7b"}),
        ("https://h/v1", "remote", {"url": "https://h/v1", "model": None}),
    ],
)
def test_each_form_of_a_spec(spec, kind, fields):
    """Names, files, repositories and servers are told apart by their form alone."""
    ref = resolve_model(spec)
    assert ref.kind == kind
    assert {key: getattr(ref, key) for key in fields} == fields


@pytest.mark.parametrize(
    ("spec", "problem", "remedy"),
    [
        ("qwen-8b", "no model is called 'qwen-8b'", "Did you mean 'qwen3-8b'?"),
        ("", "no model is called ''", "persona model list"),
        ("hf:a", "not a model of the hub", "hf:owner/repo"),
        ("hf:a/b:../c.gguf", "not a model of the hub", "hf:owner/repo"),
        ("hf:../b", "not a model of the hub", "hf:owner/repo"),
        ("http://", "no host", "spelling"),
        ("http://h:99999/v1", "not an address", "spelling"),
        ("http://h:8080", "no path", "http://h:8080/v1"),
    ],
)
def test_a_spec_that_names_nothing(spec, problem, remedy):
    """What is wrong with it, and what may have been meant."""
    with pytest.raises(ModelError) as caught:
        resolve_model(spec)
    assert problem in str(caught.value)
    assert remedy in caught.value.remedy


def test_a_password_in_an_address_is_refused_and_not_repeated():
    """Neither problem nor remedy shows it."""
    with pytest.raises(ModelError) as caught:
        resolve_model("https://me:hunter2@example.com/v1")
    assert "hunter2" not in f"{caught.value} {caught.value.remedy}"


@pytest.mark.parametrize(
    ("spec", "entry"),
    [
        ("x/Qwen_Qwen3-8B-Q5_K_M.gguf", "qwen3-8b"),
        ("AlignXplore-Plus-8B.Q6_K.gguf", "alignxplore-plus-8b"),
        ("hf:bartowski/x:google_gemma-3-4b-it-Q8_0.gguf", "gemma-3-4b-it"),
        ("hf:Qwen/Qwen3-8B-GGUF", "qwen3-8b"),
        ("Qwen3-4B-Instruct-2507-Q4_K_M.gguf", None),
        ("other.gguf", None),
    ],
)
def test_a_file_has_the_manners_of_the_model_it_is(spec, entry):
    """One's own file gets the right prompt by its name; an unknown one the plain."""
    ref = resolve_model(spec)
    assert (ref.entry.name if ref.entry else None) == entry
    assert ref.manners == (catalogue()[entry].manners if entry else cat.UNKNOWN)


FILES = [
    "README.md", "mmproj-f16.gguf", "x.imatrix.gguf", "M-Q4_K_M.gguf",
    "M-Q4_K_S.gguf", "M-IQ4_K_M.gguf", "big/M-Q8_0-00001-of-00002.gguf",
    "big/M-Q8_0-00002-of-00002.gguf",
]  # fmt: skip


@pytest.mark.parametrize(
    ("rest", "chosen"),
    [
        ("", ["M-Q4_K_M.gguf"]),
        (":q4_k_s", ["M-Q4_K_S.gguf"]),
        (":m-q4_k_s.GGUF", ["M-Q4_K_S.gguf"]),
        (":Q8_0", FILES[-2:]),
        (":big/M-Q8_0-00001-of-00002.gguf", FILES[-2:]),
    ],
)
def test_files_are_chosen_by_quant(rest, chosen):
    """Case does not matter, and a split model comes with all its parts."""
    assert list(choose_files(FILES, resolve_model(f"hf:a/b{rest}"))) == chosen


@pytest.mark.parametrize(
    ("names", "rest", "problem", "remedy"),
    [
        (FILES, ":Q4", "no Q4 in a/b", "There is: M-IQ4_K_M.gguf, M-Q4_K_M.gguf"),
        (FILES, ":no.gguf", "no file 'no.gguf'", "There is: "),
        (["a-Q8_0.gguf", "b-Q8_0.gguf"], ":q8_0", "2 files fit q8_0", "hf:a/b:a-Q8_0"),
        (["a-Q8_0.gguf", "b-Q6_K.gguf"], "", "a/b has 2 models", "hf:a/b:a-Q8_0"),
        (["w.safetensors"], "", "a/b has no .gguf file", "convert_hf_to_gguf"),
        (["a-00001-of-00003.gguf"], "", "1 of 3 parts", "another file"),
    ],
)
def test_a_choice_that_is_none(names, rest, problem, remedy):
    """None or several: the choices are named, and none is guessed."""
    with pytest.raises(ModelError) as caught:
        choose_files(names, resolve_model(f"hf:a/b{rest}"))
    assert problem in str(caught.value)
    assert remedy in caught.value.remedy


# The catalogue --------------------------------------------------------------------


def test_the_catalogue_names_what_it_must():
    """The six models of the README, of which only tiny was run as it stands."""
    assert list(catalogue()) == [
        "tiny", "qwen3-8b", "qwen3-4b", "alignxplore-plus-8b",
        "llama-3.1-8b-instruct", "gemma-3-4b-it",
    ]  # fmt: skip
    assert [name for name, e in catalogue().items() if e.verified] == ["tiny"]
    assert catalogue()["alignxplore-plus-8b"].manners.prompt == "summary"
    assert catalogue()["tiny"].manners.check == "grounded"


def test_every_entry_is_found_by_the_name_of_its_own_file():
    """The patterns of an entry fit its file, and nobody else's."""
    for entry in catalogue().values():
        if entry.file:
            assert cat.entry_of_file(entry.file) is entry


def test_tiny_is_the_file_of_the_plain_install(shelf):
    """Size and hash of the catalogue are those of the package's file."""
    entry, path = catalogue()["tiny"], local_path(resolve_model("tiny"), shelf)
    assert path.name == entry.file
    assert path.stat().st_size == entry.size
    assert hashlib.sha256(path.read_bytes()).hexdigest() == entry.sha256


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        (("prompt: infer", "prompt: sing"), "'sing' is none of"),
        (("size: 98362432", "size: big"), "'big' is no int"),
        (("verified: true", "verifid: true"), "verified"),
        (("context: 8192", "context: 8192\n  colour: red"), "unknown keys"),
        (("temperature: 0", "warmth: 0"), "warmth"),
    ],
)
def test_a_slip_in_the_catalogue_is_named(change, problem):
    """The catalogue is parsed as strictly as a user's file."""
    text = (Path(cat.__file__).parent.parent / "models.yaml").read_text("utf-8")
    with pytest.raises(ValueError, match=f"tiny: .*{problem}"):
        cat.parse(text.replace(*change, 1))


# Fetching -------------------------------------------------------------------------


def test_a_model_is_fetched_checked_and_recorded(fetch, hub, shelf):
    """The bytes, a link in the hub's cache, a record, and progress to the end."""
    told = []
    path = fetch(on_progress=lambda done, total: told.append((done, total)))

    assert path.read_bytes() == MODEL
    assert path == shelf.folder("acme/good") / "snapshots" / COMMIT / NAME
    assert path.resolve().name == SHA
    assert told[-1] == (len(MODEL), len(MODEL))
    assert [done for done, _ in told] == sorted(done for done, _ in told)
    held = shelf.held(path)
    assert (held.sha256, held.size, shelf.pulled()[0].at) == (SHA, len(MODEL), AT)
    assert locate(resolve_model("hf:acme/good"), shelf) == path
    assert locate(resolve_model("hf:acme/good:q4_k_m"), shelf) == path
    assert left_over(shelf) == []


def test_the_library_itself_finds_what_was_fetched(fetch, shelf):
    """Other tools that share the hub's cache have the model too, offline."""
    path = fetch()
    code = (
        "from huggingface_hub import hf_hub_download as get;"
        f"print(get('acme/good', {NAME!r}, revision={COMMIT!r},"
        f" cache_dir={str(shelf.cache)!r}, local_files_only=True))"
    )
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert found.stdout.strip() == str(path), found.stderr


def test_a_second_pull_fetches_nothing(fetch, hub):
    """What is here and whole is not sent again."""
    assert fetch() == fetch()
    assert len(hub.gets(NAME)) == 1


def test_a_broken_connection_is_gone_on_with(fetch, repo, hub):
    """Twice cut off, the same pull asks for the rest, and for nothing twice."""
    repo.drops = [2_000_000, 1_000_000]
    assert fetch().read_bytes() == MODEL
    assert [a.start for a in hub.gets(NAME)] == [0, 2_000_000, 3_000_000]
    assert sum(a.sent for a in hub.gets(NAME)) == len(MODEL)


def kill_in_the_middle(hub, shelf, tmp_path):
    """Start a pull in a process of its own, and kill -9 it when it has some bytes."""
    code = (
        "import sys; from pathlib import Path;"
        "from persona_cli.models.pull import pull;"
        "from persona_cli.models.shelf import Shelf;"
        "from persona_cli.models.spec import resolve_model;"
        "pull(resolve_model('hf:acme/good'), Shelf(Path(sys.argv[1]),"
        " Path(sys.argv[2])), at='x', endpoint=sys.argv[3])"
    )
    argv = [sys.executable, "-c", code, shelf.cache, shelf.record, hub.endpoint]
    child = subprocess.Popen(argv, stderr=subprocess.PIPE)
    part = shelf.folder("acme/good") / "blobs" / f"{SHA}.persona-part"
    try:
        for _ in range(600):
            if part.is_file() and part.stat().st_size > 500_000:
                break
            assert child.poll() is None, child.stderr.read()
            time.sleep(0.05)
    finally:
        child.send_signal(signal.SIGKILL)
        child.communicate()
    return part.stat().st_size


def test_a_killed_pull_is_gone_on_with(fetch, repo, hub, shelf, tmp_path):
    """After kill -9 the next pull asks from the byte that is missing."""
    repo.rate = 2_000_000
    here = kill_in_the_middle(hub, shelf, tmp_path)
    assert 500_000 < here < len(MODEL)
    assert local_path(resolve_model("hf:acme/good"), shelf) is None

    repo.rate = None
    assert fetch().read_bytes() == MODEL
    assert [a.start for a in hub.gets(NAME)] == [0, here]


def test_a_server_without_ranges_is_asked_for_all(fetch, repo, hub):
    """The part that is here is thrown away when the server begins at 0 again."""
    repo.drops, repo.ranges = [1_000_000], False
    assert fetch().read_bytes() == MODEL
    assert [a.sent for a in hub.gets(NAME)] == [1_000_000, len(MODEL)]


def test_a_connection_that_keeps_breaking_ends_with_the_part_kept(
    fetch, repo, hub, shelf, waits
):
    """Tries that bring nothing end in words, and the next pull goes on."""
    repo.drops = [1_000_000, 0, 0, 0, 0, 0, 0]
    with pytest.raises(ModelError, match="broke off at 1000000 of") as caught:
        fetch()
    assert "goes on where it stopped" in caught.value.remedy
    assert waits == [1, 2, 4, 8]
    assert local_path(resolve_model("hf:acme/good"), shelf) is None
    repo.drops = []
    assert fetch().read_bytes() == MODEL
    assert hub.gets(NAME)[-1].start == 1_000_000


def test_damaged_bytes_are_refused_and_not_kept(fetch, repo, shelf):
    """Another sha256 than the hub's: no blob, no link, no record, no part."""
    repo.damaged = True
    with pytest.raises(ModelError, match="arrived damaged"):
        fetch()
    assert [p for p in shelf.cache.rglob("*") if p.is_file()] == []
    assert shelf.pulled() == ()
    repo.damaged = False
    assert fetch().read_bytes() == MODEL


def test_damage_under_a_resumed_part_is_found(fetch, repo, shelf):
    """Bytes that rotted in the part file do not become a model either."""
    part = shelf.folder("acme/good") / "blobs" / f"{SHA}.persona-part"
    part.parent.mkdir(parents=True)
    part.write_bytes(b"GGUF" + b"\1" * 1000)
    with pytest.raises(ModelError, match="arrived damaged"):
        fetch()
    assert left_over(shelf) == []


def test_more_bytes_than_told_are_refused(fetch, repo, shelf):
    """A size that is not kept to ends in words."""
    repo.told_size = len(MODEL) - 10
    with pytest.raises(ModelError, match="longer than"):
        fetch()
    assert local_path(resolve_model("hf:acme/good"), shelf) is None


def test_what_is_no_model_is_not_kept(fetch, repo, shelf):
    """An HTML page under the name of a model has the right hash, and is none."""
    repo.files[NAME] = b"<!DOCTYPE html><p>Sign in</p>"
    with pytest.raises(ModelError, match=f"{NAME}: is an HTML page"):
        fetch()
    assert left_over(shelf) == []
    assert local_path(resolve_model("hf:acme/good"), shelf) is None


def test_a_bad_blob_of_another_tool_is_fetched_anew(fetch, shelf, hub):
    """A file in the cache that does not have the hash it is named by is replaced."""
    blob = shelf.folder("acme/good") / "blobs" / SHA
    blob.parent.mkdir(parents=True)
    blob.write_bytes(MODEL[:-1] + b"!")
    assert fetch().read_bytes() == MODEL
    assert len(hub.gets(NAME)) == 1


def test_a_good_blob_of_another_tool_is_taken(fetch, shelf, hub):
    """What another tool fetched is checked, recorded, and not fetched again."""
    blob = shelf.folder("acme/good") / "blobs" / SHA
    blob.parent.mkdir(parents=True)
    blob.write_bytes(MODEL)
    assert shelf.held(fetch()).sha256 == SHA
    assert hub.gets(NAME) == []


def test_a_split_model_comes_whole(fetch, repo, shelf):
    """All parts are fetched; the first is the path; one lost means not here."""
    parts = [f"big/M-Q8_0-0000{n}-of-00003.gguf" for n in (1, 2, 3)]
    repo.files |= {name: gguf(1000, seed=n) for n, name in enumerate(parts)}
    told = []
    path = fetch("hf:acme/good:q8_0", on_progress=lambda *n: told.append(n))
    assert path.name == Path(parts[0]).name
    assert told[-1][0] == told[-1][1] == 3 * len(repo.files[parts[0]])
    assert [h.file for h in shelf.pulled()[0].files] == parts
    assert shelf.verify(path, whole=True)
    path.with_name(Path(parts[2]).name).unlink()
    assert local_path(resolve_model("hf:acme/good:Q8_0"), shelf) is None


def test_names_of_parts():
    """Any part names all of them."""
    assert shard_names("m-00002-of-00002.gguf") == [
        "m-00001-of-00002.gguf", "m-00002-of-00002.gguf",
    ]  # fmt: skip
    assert shard_names("m.gguf") == ["m.gguf"]


@pytest.mark.parametrize(
    ("change", "spec", "problem", "remedy"),
    [
        ({}, "hf:acme/nothing", "no repository acme/nothing", "HF_TOKEN"),
        ({"private": True}, "hf:acme/good", "no repository acme/good", "HF_TOKEN"),
        ({"gated": True}, "hf:acme/good", "is gated", "huggingface.co/acme/good"),
        ({}, "hf:acme/good:no.gguf", "no file 'no.gguf'", NAME),
        ({"status": 403}, "hf:acme/good", "answered 403", "HF_TOKEN"),
        ({"files": {}}, "hf:acme/good", "has no .gguf file", "Convert"),
        ({"portal": True}, "hf:acme/good", "no hub", "a login page"),
        ({"status": 503}, "hf:acme/good", "answered 503", "Wait a while"),
    ],
)
def test_what_the_hub_refuses(fetch, repo, change, spec, problem, remedy):
    """Each refusal in words, with what to do, and the exit code of models."""
    for key, value in change.items():
        setattr(repo, key, value)
    with pytest.raises(ModelError) as caught:
        fetch(spec, token=False)
    assert problem in str(caught.value)
    assert remedy in caught.value.remedy


def test_a_gated_model_comes_with_a_token(fetch, repo, hub):
    """The token is sent, and opens the gate."""
    repo.gated = True
    assert fetch(token="hf_secret").read_bytes() == MODEL
    assert {a.token for a in hub.asked} == {"Bearer hf_secret"}


def test_no_hub_to_be_reached(shelf):
    """A hub that is not there is said to be that."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        nobody = f"http://127.0.0.1:{free.getsockname()[1]}"
    with pytest.raises(ModelError, match="cannot be reached") as caught:
        pull(resolve_model("hf:acme/good"), shelf, at=AT, endpoint=nobody)
    assert "Check the connection" in caught.value.remedy


def test_offline_is_respected(hub, shelf):
    """HF_HUB_OFFLINE means that nothing is asked."""
    code = (
        "import sys; from pathlib import Path;"
        "from persona_cli.errors import ModelError;"
        "from persona_cli.models.pull import pull;"
        "from persona_cli.models.shelf import Shelf;"
        "from persona_cli.models.spec import resolve_model\n"
        "try: pull(resolve_model('hf:acme/good'), Shelf(Path(sys.argv[1]),"
        " Path(sys.argv[2])), at='x', endpoint=sys.argv[3])\n"
        "except ModelError as error: print(error, error.remedy)"
    )
    argv = [sys.executable, "-c", code, shelf.cache, shelf.record, hub.endpoint]
    found = subprocess.run(
        argv, env={**os.environ, "HF_HUB_OFFLINE": "1"}, capture_output=True, text=True
    )
    assert "offline Unset HF_HUB_OFFLINE" in found.stdout, found.stderr
    assert hub.asked == []


def test_a_disk_too_small_is_noticed_before(fetch, hub):
    """Nothing is fetched that would not fit."""
    with pytest.raises(ModelError, match="6 MB to fetch, and 5 MB free") as caught:
        fetch(free=lambda _: 5_000_000)
    assert "HF_HUB_CACHE" in caught.value.remedy
    assert hub.gets(NAME) == []


def test_two_pulls_at_once_do_not_mix(fetch, shelf):
    """While one writes the part file the other keeps its hands off it."""
    import fcntl

    part = shelf.folder("acme/good") / "blobs" / f"{SHA}.persona-part"
    part.parent.mkdir(parents=True)
    with part.open("ab") as other:
        fcntl.flock(other, fcntl.LOCK_EX)
        with pytest.raises(ModelError, match="another process is fetching it"):
            fetch()
    assert fetch().read_bytes() == MODEL


def test_another_file_under_a_name_of_the_catalogue_is_refused(shelf):
    """A catalogue entry with a sha256 means that file, and no later one."""
    file = catalogue()["qwen3-4b"].file
    with running({"Qwen/Qwen3-4B-GGUF": Repo({file: MODEL})}) as hub:
        more = {"at": AT, "endpoint": hub.endpoint}
        with pytest.raises(ModelError, match="now offers another file") as caught:
            pull(resolve_model("qwen3-4b"), shelf, **more)
        assert hub.gets(file) == []
        spec = caught.value.remedy.split()[-1]
        assert pull(resolve_model(spec), shelf, **more).read_bytes() == MODEL


@pytest.mark.parametrize("spec", ["tiny", "a.gguf", "http://localhost:1/v1"])
def test_only_models_of_the_hub_are_fetched_or_removed(shelf, spec):
    """Anything else is a matter of usage."""
    with pytest.raises(UsageError):
        pull(resolve_model(spec), shelf, at=AT)
    with pytest.raises(UsageError):
        remove(resolve_model(spec), shelf)


# What is here ---------------------------------------------------------------------


def test_nothing_is_fetched_for_the_asking(shelf):
    """A model that is not here is said to be that, with its size and the remedy."""
    with pytest.raises(ModelError) as caught:
        locate(resolve_model("qwen3-8b"), shelf)
    assert str(caught.value) == "qwen3-8b is not here (5.0 GB)"
    assert caught.value.remedy == "Run: persona model pull qwen3-8b"
    with pytest.raises(ModelError, match=r"none\.gguf: no such model"):
        locate(resolve_model("none.gguf"), shelf)


def test_what_is_here_is_listed(fetch, shelf):
    """The model of the plain install, and what was pulled with its time."""
    path = fetch()
    found = installed(shelf)
    assert [one.name for one in found] == ["tiny", "hf:acme/good"]
    assert (found[1].path, found[1].size, found[1].at) == (path, len(MODEL), AT)


def test_a_removed_model_is_gone(fetch, shelf):
    """Link, bytes and record go; the bytes are counted; then it is not here."""
    path = fetch()
    ref = resolve_model("hf:acme/good")
    assert remove(ref, shelf) == len(MODEL)
    assert not path.exists()
    assert shelf.pulled() == ()
    assert [p for p in shelf.cache.rglob("*") if p.name in (SHA, NAME)] == []
    with pytest.raises(UsageError, match="not here"):
        remove(ref, shelf)


def test_a_half_fetched_model_is_removed_too(fetch, repo, shelf):
    """`rm` also frees what a broken pull left."""
    repo.drops = [1_000_000, 0, 0, 0, 0, 0]
    with pytest.raises(ModelError):
        fetch()
    assert remove(resolve_model("hf:acme/good"), shelf) == 1_000_000


def test_a_replaced_file_is_noticed_on_load(fetch, shelf):
    """Size and time as recorded: believed. Otherwise read, and refused if another."""
    path = fetch()
    ref = resolve_model("hf:acme/good")
    blob = path.resolve()

    os.utime(blob, ns=(1, 1))
    assert locate(ref, shelf) == path
    assert shelf.held(path).mtime_ns == 1

    blob.write_bytes(MODEL[:-1] + b"!")
    with pytest.raises(ModelError, match="does not match its recorded sha256"):
        locate(ref, shelf)

    os.utime(blob, ns=(1, 1))  # a time that was set back hides nothing
    with pytest.raises(ModelError, match="does not match"):
        shelf.verify(path)

    # Rot that changes no time at all is found by a whole read.
    (pulled,) = shelf.pulled()
    (held,) = pulled.files
    unseen = replace(held, ctime_ns=blob.stat().st_ctime_ns)
    shelf.keep(replace(pulled, files=(unseen,)))
    assert shelf.verify(path)
    with pytest.raises(ModelError, match="does not match"):
        shelf.verify(path, whole=True)


def test_nothing_is_recorded_of_a_file_of_ones_own(tmp_path, shelf):
    """A .gguf that persona did not fetch is taken as it is."""
    path = tmp_path / "mine.gguf"
    path.write_bytes(MODEL)
    assert locate(resolve_model(str(path)), shelf) == path
    assert shelf.verify(path) is False


def test_a_damaged_record_is_named(fetch, shelf):
    """A record that is no record is not taken for an empty one."""
    fetch()
    shelf.record.write_text(json.dumps({"format": 9, "models": []}))
    with pytest.raises(ModelError, match="not a record of models: format 9"):
        shelf.pulled()


@pytest.mark.parametrize(
    ("environ", "path"),
    [
        ({"HF_HUB_CACHE": "/c"}, "/c"),
        ({"HF_HOME": "/h"}, "/h/hub"),
        ({"XDG_CACHE_HOME": "/x"}, "/x/huggingface/hub"),
        ({"HUGGINGFACE_HUB_CACHE": "/o", "HF_HOME": "/h"}, "/o"),
        ({}, "~/.cache/huggingface/hub"),
    ],
)
def test_the_cache_is_where_the_library_has_it(environ, path):
    """The same folder as huggingface_hub's own constant, without importing it."""
    assert hub_cache(environ) == Path(path).expanduser()
    ours = {k: v for k, v in os.environ.items() if k in ("PATH", "HOME")} | environ
    code = "from huggingface_hub import constants as c; print(c.HF_HUB_CACHE)"
    found = subprocess.run(
        [sys.executable, "-c", code], env=ours, capture_output=True, text=True
    )
    assert found.stdout.strip() == str(hub_cache(environ)), found.stderr


def test_asking_for_a_path_does_not_load_the_library():
    """huggingface_hub is imported when something is fetched, and not before."""
    code = (
        "import sys; from persona_cli.models.installed import local_path;"
        "from persona_cli.models.shelf import default_shelf;"
        "from persona_cli.models.spec import resolve_model;"
        "local_path(resolve_model('qwen3-8b'), default_shelf());"
        "print([m for m in ('huggingface_hub', 'httpx2', 'llama_cpp')"
        " if m in sys.modules])"
    )
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert found.stdout == "[]\n", found.stderr


def test_sizes_are_said_as_people_say_them():
    """Decimal units, as the hub shows them."""
    assert [size_text(n) for n in (12, 98362432, 5027783488)] == [
        "12 bytes", "98 MB", "5.0 GB",
    ]  # fmt: skip
