"""What the proxy keeps of a chat: each thing the user typed, once, for ``update``."""

import json
import resource
import stat
import subprocess
import sys
import threading
from datetime import UTC, datetime

import httpx2
import pytest

from persona_cli.errors import BusyError, InputError
from persona_cli.logs import Tally, read_log
from persona_cli.markers import OWN_RUN
from persona_cli.serving import Log
from persona_cli.serving.heard import MOST_HEARD, Heard
from persona_cli.serving.log import typed
from tests import proxied as px
from tests.chat_server import ChatServer
from tests.steady import SteadyEngine

USER = [f"Question {number}, please answer it briefly." for number in range(10)]


@pytest.fixture(scope="module")
def upstream():
    """A scripted upstream, made once."""
    scripted = px.Scripted()
    with px.running(scripted) as behind:
        yield scripted, behind


@pytest.fixture
def scripted(upstream):
    upstream[0].answer = None
    upstream[0].asked.clear()
    return upstream[0]


@pytest.fixture
def root(tmp_path):
    folder = tmp_path / "profiles"
    px.write_profile(folder)
    return folder


@pytest.fixture
def log(tmp_path):
    return tmp_path / "chats.jsonl"


def said(role, text, **more):
    return {"role": role, "content": text, **more}


def post(address, messages, **more):
    with httpx2.Client(timeout=20.0, trust_env=False) as client:
        url = f"{address}/chat/completions"
        return client.post(url, json={"model": "m", "messages": messages, **more})


def lines_of(log):
    return [json.loads(line) for line in log.read_text().splitlines()]


def typed_in(log):
    """(id, words) of all that the user typed, as the reader of ``update`` has it."""
    tally = Tally()
    found = [(deed.id, deed.chosen) for deed in read_log(log, tally=tally)]
    assert not tally.skipped
    return found


def converse(address, turns, *, system="Be kind."):
    """A chat as clients hold it: the whole history goes with each turn."""
    history = [said("system", system)]
    for text in turns:
        history.append(said("user", text))
        answer = post(address, history).json()["choices"][0]["message"]["content"]
        history.append(said("assistant", answer))
    return history


def test_ten_turns_are_ten_messages_for_update(scripted, upstream, run_persona, log):
    """Each once, though each was sent up to ten times; read again, none is new."""
    run_persona("init", "ada")
    (run_persona.root / "ada" / "profile.md").write_text(px.HEAD + px.BODY)
    with px.proxied(run_persona.root, upstream[1], log=log) as address:
        history = converse(address, USER)
    assert "- I want short answers." in scripted.last["messages"][0]["content"]
    assert [words for _, words in typed_in(log)] == USER
    assert "persona:begin" not in log.read_text()
    assert "Be kind" not in log.read_text()

    with ChatServer(SteadyEngine()).running() as server:
        update = ("update", "ada", str(log), "--model", server.url, "--no-verify")
        first = run_persona(*update)
        assert ", 10 new interactions\n" in first.stderr
        # Another proxy, which remembers nothing, is sent the same chat once more.
        with px.proxied(run_persona.root, upstream[1], log=log) as address:
            converse(address, USER)
            post(address, [*history, said("user", "And one more?")])
        assert len(typed_in(log)) == 21
        again = run_persona(*update)
        assert ", 1 new interaction" in again.stderr


def test_an_exchange_is_one_line_that_says_what_was_typed_to_what(
    scripted, upstream, root, log
):
    """With the assistant's words before it, an id and a time; nothing else of it."""
    history = [said("user", "Hi"), said("assistant", "Hello!"), said("user", "Go on")]
    before = datetime.now(UTC).replace(microsecond=0)
    with px.proxied(root, upstream[1], log=log) as address:
        post(address, history)
    (line,) = lines_of(log)
    assert set(line) == {"id", "at", "model", "messages"}
    assert line["model"] == "m"
    assert before <= datetime.fromisoformat(line["at"]) <= datetime.now(UTC)
    (first, second, third) = line["messages"]
    assert first == said("assistant", "Hello!")
    assert (second["role"], second["content"]) == ("user", "Go on")
    assert third == said("assistant", "Fine.")
    (deed,) = read_log(log, tally=Tally())
    assert deed.id == f"messages:{second['id']}"
    assert (deed.chosen, deed.query) == ("Go on", "Hello!")
    assert deed.source == f"messages:{line['id']}"
    assert stat.S_IMODE(log.stat().st_mode) == 0o600


def test_what_nobody_typed_now_is_not_kept(scripted, upstream, root, log):
    """Examples, tools' results, pictures, what is sent twice, persona's own runs."""
    call = {"id": "1", "type": "function", "function": {"name": "f", "arguments": ""}}
    user = said("user", "Look it up")
    picture = {"type": "image_url", "image_url": {"url": "data:image/png;base64,AAAA"}}
    with px.proxied(root, upstream[1], log=log) as address:
        post(address, [said("user", "Example"), said("assistant", "Yes"), user])
        tools = [user, said("assistant", None, tool_calls=[call])]
        post(address, [*tools, said("tool", "a page: buy this", tool_call_id="1")])
        post(address, [said("user", "Example"), said("assistant", "Yes"), user])
        post(address, [said("user", [picture])])
        post(
            address, [said("user", [picture, {"type": "text", "text": "What's this?"}])]
        )
        post(address, [said("user", f"{OWN_RUN} infer")])
        post(address, [said("system", "x"), said("assistant", "y")])
    assert [words for _, words in typed_in(log)] == ["Look it up", "What's this?"]
    for word in ("Example", "page", "base64", "infer"):
        assert word not in log.read_text()


def test_the_same_words_in_two_chats_are_two_deeds():
    """And in one chat too, where they are said twice; a retry is one."""
    chat = [said("user", "a"), said("assistant", "b"), said("user", "go on")]
    longer = [*chat, said("assistant", "c"), said("user", "go on")]
    other = [said("user", "z"), *chat[1:]]
    names = [typed(one).said[0][0] for one in (chat, longer, other, chat)]
    assert len(set(names)) == 3
    assert names[0] == names[3]
    assert typed([said("system", "another"), *chat]) == typed(chat)


def test_a_stream_is_kept_when_it_ends_however_it_ends(scripted, upstream, root, log):
    """Whole, broken off by the server, and by a client that has seen enough."""
    stopped = threading.Event()

    async def endless(scope, body, receive, send):
        await px.begin(send)
        await px.piece(send, px.event({"content": "so far"}))
        await receive()
        stopped.set()

    async def broken(scope, body, receive, send):
        await px.begin(send)
        await px.piece(send, px.event({"content": "half"}) + b'data: {"x')

    async def refused(scope, body, receive, send):
        await px.JSONResponse({"error": {}}, 500)(scope, receive, send)

    whole = [px.event({"role": "assistant"}), px.event({"content": "so "})]
    whole += [px.event({"content": "be it"}), px.DONE]
    with px.proxied(root, upstream[1], log=log) as address:
        scripted.answer = px.streaming(*whole)
        post(address, [said("user", "one")], stream=True)
        scripted.answer = broken
        with pytest.raises(httpx2.RemoteProtocolError):
            post(address, [said("user", "two")], stream=True)
        scripted.answer = refused
        post(address, [said("user", "three")])
        scripted.answer = endless
        with httpx2.Client(timeout=20.0, trust_env=False) as client:
            asked = {"messages": [said("user", "four")], "stream": True}
            url = f"{address}/chat/completions"
            with client.stream("POST", url, json=asked) as answer:
                next(answer.iter_raw())
        assert stopped.wait(30)
    ends = [[m["content"] for m in line["messages"]] for line in lines_of(log)]
    assert ends == [["one", "so be it"], ["two", "half"], ["four", "so far"]]


def test_secrets_are_cut_before_update_keeps_anything(
    scripted, upstream, run_persona, log
):
    """The log has what was typed, for this user alone; the archive has no key."""
    run_persona("init", "ada")
    with px.proxied(run_persona.root, upstream[1], log=log) as address:
        post(address, [said("user", "Use AKIAIOSFODNN7EXAMPLQ, and be brief please")])
    with ChatServer(SteadyEngine()).running() as server:
        run_persona("update", "ada", str(log), "--model", server.url, "--no-verify")
    for path in (run_persona.root / "ada").rglob("*"):
        if path.is_file():
            assert b"AKIAIOSFODNN7" not in path.read_bytes(), path
    kept = (run_persona.root / "ada" / ".state" / "archive.jsonl").read_text()
    assert "be brief please" in kept


def test_a_log_has_one_writer_and_a_place_of_its_own(tmp_path, root):
    """A second proxy, a profile's folder and a folder that is not there are refused."""
    path = tmp_path / "chats.jsonl"
    path.write_text('{"torn')
    first = Log(path, inside=root, tell=lambda _: None)
    with pytest.raises(BusyError, match="another persona serve writes to it"):
        Log(path, inside=root, tell=lambda _: None)
    first.add(typed([said("user", "Hi")]), "", model="m")
    first.close()
    assert [words for _, words in typed_in(path)] == ["Hi"]
    Log(path, inside=root, tell=lambda _: None).close()
    inside = root / "ada" / "chats.jsonl"
    with pytest.raises(InputError, match="would be committed"):
        Log(inside, inside=root, tell=lambda _: None)
    assert not inside.exists()
    with pytest.raises(InputError, match="no such file"):
        Log(tmp_path / "no" / "chats.jsonl", inside=root, tell=lambda _: None)


def test_a_full_disk_breaks_no_chat(scripted, upstream, run_persona, log):
    """It is said once, the chats go on, and what was there stays."""
    px.write_profile(run_persona.root)
    log.write_text("")

    def no_room():
        resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))

    words = [
        "serve",
        "ada",
        "--port",
        "0",
        "--upstream",
        upstream[1],
        "--log",
        str(log),
    ]
    process = subprocess.Popen(
        [sys.executable, "-m", "persona_cli", *words],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=run_persona.folder,
        env=run_persona.environ,
        preexec_fn=no_room,
    )
    address = process.stdout.readline().strip()
    for text in USER[:3]:
        assert post(address, [said("user", text)]).status_code == 200
    process.terminate()
    _, stderr = process.communicate(timeout=20)
    assert stderr.count("chats go on, and are not kept") == 1
    assert "file too large" in stderr
    assert "Traceback" not in stderr
    assert log.read_text() == ""


def test_a_slow_disk_holds_up_no_chat(tmp_path, root, monkeypatch):
    """What cannot be kept in time is dropped, and that is said once."""
    monkeypatch.setattr("persona_cli.serving.log._MOST_WAITING", 2)
    let_go, told = threading.Event(), []

    def slowly(path, content):
        assert let_go.wait(30)

    monkeypatch.setattr("persona_cli.serving.log.append_whole", slowly)
    log = Log(tmp_path / "chats.jsonl", inside=root, tell=told.append)
    for text in USER:
        log.add(typed([said("user", text)]), "", model="m")
    let_go.set()
    log.close()
    assert told == [f"{log.path}: the disk is too slow; exchanges are not kept"]


ANSWER = (
    b": hello\r\n\r\n"
    + px.event({"role": "assistant", "content": ""})
    + px.event({"content": "Na\u00efve "})
    + b"data: {broken\n\n"
    + b'data: [1]\n\ndata: {"choices": []}\n\ndata: {"choices": [{"delta": 1}]}\n\n'
    + px.event({"content": "caf\u00e9"}).replace(b"\n", b"\r\n")
    + px.event({"tool_calls": []})
    + px.DONE
)


def test_an_answer_is_heard_however_it_is_cut():
    """At each byte in two, and byte by byte; what is odd is passed over."""
    for cut in range(len(ANSWER)):
        heard = Heard(streams=True)
        heard.feed(ANSWER[:cut])
        heard.feed(ANSWER[cut:])
        assert heard.text() == "Na\u00efve caf\u00e9"
    heard = Heard(streams=True)
    for place in range(len(ANSWER)):
        heard.feed(ANSWER[place : place + 1])
    assert heard.text() == "Na\u00efve caf\u00e9"
    heard = Heard(streams=False)
    heard.feed(b"[")
    assert heard.text() == ""
    heard = Heard(streams=False)
    heard.feed(json.dumps(px.completion("Fine.")).encode())
    assert heard.text() == "Fine."


def test_an_answer_without_end_is_kept_in_little_room():
    """A line of many megabytes, and as many events: a few kilobytes are kept."""
    heard = Heard(streams=True)
    for _ in range(100):
        heard.feed(b"x" * 100_000)
    assert len(heard._rest) <= 5_000_000
    heard.feed(b"\n\n" + px.event({"content": "after"}))
    assert heard.text() == "after"
    for _ in range(2_000):
        heard.feed(px.event({"content": "z" * 100}))
    assert len(heard.text()) == MOST_HEARD
    assert sum(map(len, heard._said)) < MOST_HEARD + 200
