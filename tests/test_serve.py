"""The proxy, asked by the real ``openai`` client over real sockets."""

import json
import signal
import socket
import subprocess
import sys
import threading

import httpx2
import openai
import pytest

from persona_cli.apply import ApplyRequest, apply
from persona_cli.markers import OWN_RUN
from persona_cli.profile import parse
from persona_cli.serving import Door, listen
from persona_cli.serving import app as serving_app
from tests import proxied as px

CHAT = {"model": "m", "messages": [{"role": "user", "content": "Hello?"}]}
LINE = "- I want short answers."


@pytest.fixture(scope="module")
def root(tmp_path_factory):
    folder = tmp_path_factory.mktemp("serve") / "profiles"
    px.write_profile(folder)
    return folder


@pytest.fixture(scope="module")
def servers(root):
    """A scripted upstream, and the proxy in front of it; made once."""
    scripted = px.Scripted()
    with px.running(scripted) as behind, px.proxied(root, behind) as address:
        yield scripted, address, behind


@pytest.fixture
def scripted(servers):
    servers[0].answer = None
    servers[0].asked.clear()
    return servers[0]


@pytest.fixture
def address(servers):
    return servers[1]


@pytest.fixture
def http():
    with httpx2.Client(timeout=20.0, trust_env=False) as client:
        yield client


def openai_of(address, **how):
    return openai.OpenAI(
        base_url=address, api_key="sk-of-the-client", max_retries=0, timeout=120, **how
    )


def block_of(root, **how):
    text = (root / "ada" / "profile.md").read_text()
    profile = parse(text, place="ada")
    return apply(profile.claims, ApplyRequest(name="ada", version=3, **how)).block


def test_an_answer_does_not_wait_for_the_client_to_have_read_its_head():
    """Nagle's algorithm is off for the connections of a client."""
    with (
        listen("127.0.0.1", 0) as listening,
        socket.create_connection(listening.getsockname()),
        listening.accept()[0] as connection,
    ):
        assert connection.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)


# --- what goes upstream


@pytest.mark.model
def test_a_real_model_reads_the_profile(root, tiny_model):
    """llama.cpp's server behind it: the same answer as to a chat with the block."""
    with px.llama_server(tiny_model) as behind:
        asked = {"model": "tiny", "temperature": 0, "max_tokens": 8}
        words = [{"role": "user", "content": "Name a colour."}]
        told = [{"role": "system", "content": block_of(root)}, *words]
        with openai_of(behind) as client:
            direct = client.chat.completions.create(messages=told, **asked)
            bare = client.chat.completions.create(messages=words, **asked)
        with px.proxied(root, behind) as address, openai_of(address) as client:
            whole = client.chat.completions.create(messages=words, **asked)
            stream = client.chat.completions.create(
                messages=words, stream=True, **asked
            )
            pieces = [chunk.choices[0].delta.content or "" for chunk in stream]
    assert whole.choices[0].message.content == direct.choices[0].message.content
    assert whole.usage.prompt_tokens == direct.usage.prompt_tokens
    assert whole.usage.prompt_tokens > bare.usage.prompt_tokens + 30
    assert "".join(pieces) == whole.choices[0].message.content
    assert len([piece for piece in pieces if piece]) > 3


ODD = (
    b'{ "temperature" : 1.0E+2,"top_p":0.30000000000000000001, "big": 1e400,\n'
    b'\t"tools": [{"type":"function","function":{"name":"f","parameters":{}}}],'
    b'"response_format":{"type":"json_object"},"messages": %s ,"unknown":'
    b'{"messages":[1],"\\u00e9":"\xc3\xa9\\ud800"}, "stream_options": null}'
)
MERGED = {
    "no system message": [{"role": "user", "content": "Hé?"}],
    "a system message": [
        {"role": "system", "content": "Be kind."},
        {"role": "user", "content": [{"type": "text", "text": "Hi"}]},
    ],
    "a developer message": [
        {"role": "developer", "content": [{"type": "text", "text": "Be kind."}]},
        {"role": "user", "content": "Hi"},
    ],
    "an older block": [
        {
            "role": "system",
            "content": "<!-- persona:begin ada v1 -->\nold\n<!-- persona:end -->\n\nB",
        },
        {"role": "user", "content": "Hi"},
    ],
    "tool calls": [
        {"role": "user", "content": "Hi"},
        {
            "role": "assistant",
            "content": None,
            "tool_calls": [
                {
                    "id": "1",
                    "type": "function",
                    "function": {"name": "f", "arguments": '{"x": 1.0E2}'},
                }
            ],
        },
        {"role": "tool", "tool_call_id": "1", "content": "12"},
    ],
}


@pytest.mark.parametrize("messages", MERGED.values(), ids=MERGED)
def test_the_profile_goes_in_as_apply_does_it_and_nothing_else_changes(
    root, scripted, address, http, messages
):
    """Every byte beside the messages as it came, numbers and escapes included."""
    body = ODD % json.dumps(messages).encode()
    headers = {"content-type": "application/json"}
    answer = http.post(f"{address}/chat/completions", content=body, headers=headers)
    assert answer.status_code == 200
    assert answer.headers["x-persona-profile"] == "ada v3"
    before, _, after = ODD.partition(b"%s")
    sent = scripted.asked[-1][3]
    assert sent.startswith(before)
    assert sent.endswith(after)
    said = json.loads(sent[len(before) : len(sent) - len(after)])
    text = (root / "ada" / "profile.md").read_text()
    request = ApplyRequest(name="ada", version=3, piped=json.dumps(messages))
    assert said == json.loads(apply(parse(text, place="ada").claims, request).output)
    assert LINE in json.dumps(said)
    assert json.dumps(said).count("persona:begin") == 1


def test_how_much_of_the_profile_goes_in_can_be_said(root, servers, scripted, http):
    """Section, scope, budget and tentative claims, as for ``apply``."""
    path = root / "ada" / "profile.md"
    text = path.read_text()
    path.write_text(
        text + "- Likes puns. <!-- c1ab 1x 2026-05-01 -->\n\n## coding\n- I use uv.\n"
        "- Runs make. <!-- c2ab 3x 2026-05-01 project:tide -->\n"
    )
    try:
        for how, there, not_there in (
            ({"sections": ("coding",)}, "I use uv", "short"),
            ({"scope": "project:tide"}, "Runs make", "puns"),
            ({"tentative": True}, "Likes puns", "Runs make"),
            ({"budget": 90}, "I use uv", "short"),
        ):
            with px.proxied(root, servers[2], **how) as address:
                http.post(f"{address}/chat/completions", json=CHAT)
            assert there in scripted.last["messages"][0]["content"], how
            assert not_there not in scripted.last["messages"][0]["content"], how
    finally:
        path.write_text(text)


def test_an_anthropic_models_name_does_not_change_the_form(scripted, address, http):
    """At this address every request is of OpenAI's form."""
    asked = {**CHAT, "model": "claude-x", "stop_sequences": ["x"]}
    http.post(f"{address}/chat/completions", json=asked)
    assert scripted.last["messages"][0]["role"] == "system"
    assert "system" not in scripted.last


@pytest.mark.parametrize(
    "body",
    [
        json.dumps({"model": "m", "messages": []}).encode(),
        json.dumps(
            {"messages": [{"role": "user", "content": f"{OWN_RUN} x"}]}
        ).encode(),
        b'{"messages": [' + b"[" * 5000,
        b"\xff\xfe",
        b"",
        b'{"messages": [{"role": "user", "content": "a"}]}\n' * 2,
        b'[{"role": "user", "content": "a"}]',
    ],
    ids=["empty", "own run", "deep", "no text", "nothing", "lines", "a bare list"],
)
def test_what_is_no_chat_or_is_personas_own_goes_on_as_it_is(
    scripted, address, http, body
):
    """The server says what is wrong with it; a profile never feeds itself."""
    answer = http.post(f"{address}/chat/completions", content=body)
    assert answer.headers["x-persona-profile"] == "none"
    assert scripted.asked[-1][3] == body


def test_a_key_that_stands_twice_is_refused(scripted, address, http):
    """One of the two would be lost."""
    body = b'{"messages":[{"role":"user","content":"a"}],"n":1,"n":2}'
    answer = http.post(f"{address}/chat/completions", content=body)
    assert answer.status_code == 400
    assert "key 'n' stands twice" in answer.json()["error"]["message"]
    assert scripted.asked == []


def test_everything_else_below_v1_goes_on_as_it_is(scripted, address, http):
    """Methods, queries, escapes and bytes; and only what is below ``/v1``."""
    raw = bytes(range(256)) * 300

    async def echo(scope, body, receive, send):
        await px.begin(send, "application/octet-stream", x_found="yes")
        await px.piece(send, body[::-1], more=False)

    scripted.answer = echo
    for method, path in (
        ("GET", "/models"),
        ("GET", "/models/a%2Fb?x=%20y&x=2"),
        ("POST", "/completions"),
        ("POST", "/embeddings"),
        ("DELETE", "/files/1"),
        ("PUT", "/anything/at/all"),
    ):
        content = raw if method in ("POST", "PUT") else None
        answer = http.request(method, f"{address}{path}", content=content)
        assert answer.status_code == 200
        assert answer.content == (content or b"")[::-1]
        assert answer.headers["x-found"] == "yes"
        asked, where, _, body = scripted.asked[-1]
        assert (asked, where, body) == (method, f"/v1{path}", content or b"")
    count = len(scripted.asked)
    for path in (b"/v1/../admin", b"/v1/x/%2e%2E/admin", b"/health", b"/v1"):
        assert raw_get(address, path).startswith(b"HTTP/1.1 404 ")
    assert len(scripted.asked) == count


def raw_get(address, path, *headers):
    """An answer to a request that no client would clean up."""
    port = int(address.split(":")[2].partition("/")[0])
    with socket.create_connection(("127.0.0.1", port), timeout=20) as connection:
        head = [b"GET " + path + b" HTTP/1.1", b"Host: localhost", b"Connection: close"]
        connection.sendall(b"\r\n".join([*head, *headers, b"", b""]))
        return b"".join(iter(lambda: connection.recv(65536), b""))


def test_headers_of_a_connection_end_with_it(scripted, address, http):
    """The client's key goes to the server; cookies and hop-by-hop headers do not."""

    async def answer(scope, body, receive, send):
        await px.begin(
            send,
            "text/plain",
            set_cookie="a=1",
            connection="x-hop",
            x_hop="1",
            x_id="7",
        )
        await px.piece(send, b"ok", more=False)

    scripted.answer = answer
    sent = {
        "Authorization": "Bearer sk-1",
        "Connection": "x-secret-hop",
        "X-Secret-Hop": "1",
        "Proxy-Authorization": "Basic x",
        "TE": "trailers",
        "Cookie": "session=1",
        "Referer": "http://there",
        "OpenAI-Organization": "org",
    }
    found = http.get(f"{address}/models", headers=sent)
    assert found.headers["x-id"] == "7"
    assert "x-hop" not in found.headers
    http.cookies.clear()
    http.get(f"{address}/models")
    first, second = (headers for _, _, headers, _ in scripted.asked)
    assert first["authorization"] == "Bearer sk-1"
    assert first["openai-organization"] == "org"
    gone = {"x-secret-hop", "proxy-authorization", "te", "cookie", "referer"}
    assert not gone & first.keys()
    # Nothing of one client reaches another's request.
    assert not {"authorization", "cookie"} & second.keys()
    assert first["host"] not in address


# --- what comes back


def test_a_stream_is_passed_on_piece_by_piece(scripted, address):
    """The first piece is there while the server has not said the second; tools too."""
    seen = threading.Event()
    call = {"index": 0, "id": "c", "type": "function", "function": {"name": "f"}}

    async def answer(scope, body, receive, send):
        await px.begin(send)
        await px.piece(send, px.event({"content": "one"}))
        await px.wait_for(seen)
        await px.piece(send, px.event({"tool_calls": [call]}))
        await px.piece(send, px.DONE, more=False)

    scripted.answer = answer
    with openai_of(address) as client:
        stream = client.chat.completions.create(stream=True, **CHAT)
        assert next(stream).choices[0].delta.content == "one"
        seen.set()
        (rest,) = list(stream)
    assert rest.choices[0].delta.tool_calls[0].function.name == "f"
    assert scripted.last["stream"] is True


def test_a_streams_bytes_are_not_touched(scripted, address, http):
    """Whatever they are: comments, torn lines, no JSON, and no end mark."""
    pieces = [
        b": ping\n\nda",
        b"ta: {not json\r\n\r\n",
        b"event: x\ndata: \xff\n\n",
        b"z",
    ]
    scripted.answer = px.streaming(*pieces)
    answer = http.post(f"{address}/chat/completions", json={**CHAT, "stream": True})
    assert answer.content == b"".join(pieces)


def test_a_servers_own_errors_come_through(scripted, address):
    """With their status and their words."""
    fault = {"error": {"message": "no such model", "type": "x", "code": "y"}}

    async def answer(scope, body, receive, send):
        await px.JSONResponse(fault, 422, {"x-request-id": "r1"})(scope, receive, send)

    scripted.answer = answer
    wrong = pytest.raises(openai.UnprocessableEntityError, match="no such model")
    with openai_of(address) as client, wrong as got:
        client.chat.completions.create(**CHAT)
    assert got.value.request_id == "r1"


@pytest.mark.parametrize("torn", [b"", b'data: {"choices": [{"del'], ids=["", "torn"])
def test_a_stream_that_breaks_off_ends_with_an_error(servers, scripted, address, torn):
    """The client gets what there was, and then an exception, not a short answer."""

    async def answer(scope, body, receive, send):
        await px.begin(send)
        await px.piece(send, px.event({"content": "one"}) + torn)

    scripted.answer = answer
    fault = openai.APIConnectionError if torn else openai.APIError
    words = "Connection error" if torn else f"{servers[2]}: the connection broke"
    with openai_of(address) as client:
        stream = client.chat.completions.create(stream=True, **CHAT)
        assert next(stream).choices[0].delta.content == "one"
        with pytest.raises(fault, match=words):
            list(stream)


def test_an_answer_that_breaks_off_breaks_off(scripted, address):
    """Half a JSON value does not pass for an answer."""

    async def answer(scope, body, receive, send):
        await px.begin(send, "application/json", content_length="100")
        await px.piece(send, b'{"choices": [')

    scripted.answer = answer
    with openai_of(address) as client, pytest.raises(openai.APIConnectionError):
        client.chat.completions.create(**CHAT)


def test_a_server_that_is_down_or_slow_is_said(root, scripted, servers):
    """502 and 504, in OpenAI's form, with place and remedy."""
    free = socket.create_server(("127.0.0.1", 0))
    down = f"http://127.0.0.1:{free.getsockname()[1]}/v1"
    free.close()
    wrong = pytest.raises(openai.InternalServerError)
    with px.proxied(root, down) as address, openai_of(address) as client, wrong as got:
        client.chat.completions.create(**CHAT)
    assert got.value.status_code == 502
    assert f"{down}: cannot be reached" in got.value.body["message"]

    done = threading.Event()

    async def answer(scope, body, receive, send):
        await px.wait_for(done)

    scripted.answer = answer
    slow = px.proxied(root, servers[2], timeout=0.2)
    with slow as address, openai_of(address) as client:
        with pytest.raises(openai.InternalServerError) as got:
            client.chat.completions.create(**CHAT)
        done.set()
    assert got.value.status_code == 504
    assert "took too long to answer" in got.value.body["message"]


def test_a_request_without_end_is_refused(scripted, address, http, monkeypatch):
    """Whether its length was said or not; nothing of it goes on."""
    monkeypatch.setattr(serving_app, "MOST_BYTES", 1000)
    for content in (b"x" * 1001, iter([b"x" * 600, b"y" * 600])):
        answer = http.post(f"{address}/chat/completions", content=content)
        assert answer.status_code == 413
        assert answer.json()["error"]["type"] == "invalid_request_error"
    assert scripted.asked == []


@pytest.mark.parametrize("answering", [False, True])
def test_a_client_that_goes_away_takes_its_request_with_it(
    scripted, address, answering
):
    """Before the first byte, and in the middle of a stream: the server is let go."""
    begun, let_go = threading.Event(), threading.Event()

    async def answer(scope, body, receive, send):
        if answering:
            await px.begin(send)
            await px.piece(send, px.event({"content": "one"}))
        begun.set()
        assert (await receive())["type"] == "http.disconnect"
        let_go.set()

    scripted.answer = answer
    port = int(address.split(":")[2].partition("/")[0])
    body = json.dumps({**CHAT, "stream": True}).encode()
    head = (
        b"POST /v1/chat/completions HTTP/1.1\r\nHost: localhost\r\nContent-Length: %d"
    )
    with socket.create_connection(("127.0.0.1", port), timeout=20) as connection:
        connection.sendall(head % len(body) + b"\r\n\r\n" + body)
        if answering:
            assert b"200 OK" in connection.recv(65536)
        assert begun.wait(30)
        assert not let_go.is_set()
    assert let_go.wait(12)  # and not when the proxy would have given up anyway


# --- who may come in


def test_no_web_page_comes_in_unless_it_is_named(
    scripted, address, http, root, servers
):
    """By another name for this machine, from a page, or across sites: 403."""
    for headers in (
        {"Host": "evil.example"},
        {"Host": "evil.example:8733"},
        {"Host": "127.0.0.1.evil.example"},
        {"Origin": "http://evil.example"},
        {"Origin": "null"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
    ):
        for path in ("/models", "/chat/completions"):
            answer = http.request(
                "POST" if "chat" in path else "GET",
                f"{address}{path}",
                json=CHAT,
                headers=headers,
            )
            assert answer.status_code == 403, headers
            assert "access-control-allow-origin" not in answer.headers
    assert scripted.asked == []
    for host in ("localhost:1", "127.0.0.1", "[::1]:8733", "127.9.9.9"):
        assert http.get(f"{address}/models", headers={"Host": host}).status_code == 200
    page = "http://localhost:3000"
    door = Door(origins=frozenset([page]))
    with px.proxied(root, servers[2], door=door) as open_to_page:
        asked = {"Origin": page, "Access-Control-Request-Method": "POST"}
        asked["Access-Control-Request-Headers"] = "authorization"
        url = f"{open_to_page}/chat/completions"
        before = http.options(url, headers=asked)
        assert before.headers["access-control-allow-origin"] == page
        answer = http.post(url, json=CHAT, headers={"Origin": page})
        assert answer.headers["access-control-allow-origin"] == page
        other = http.post(url, json=CHAT, headers={"Origin": "http://evil.example"})
        assert other.status_code == 403


def test_a_token_lets_in_and_goes_no_further(root, scripted, servers, http):
    """Without it 401; the server gets its own key, or none."""
    door = Door("0.0.0.0", token="t" * 20)
    for key, expected in (("sk-own", "Bearer sk-own"), (None, None)):
        with px.proxied(root, servers[2], door=door, key=key) as address:
            for wrong in ({}, {"Authorization": "Bearer " + "t" * 19}):
                answer = http.get(f"{address}/models", headers=wrong)
                assert answer.status_code == 401
            right = {"Authorization": "Bearer " + "t" * 20, "Host": "my.lan"}
            assert http.get(f"{address}/models", headers=right).status_code == 200
        assert len(scripted.asked) == 1
        assert scripted.asked.pop()[2].get("authorization") == expected


# --- the profile, while it goes on being edited


def test_the_profile_counts_as_it_is_now(tmp_path, scripted, servers, http):
    """Changed: the next chat has it. Broken: the last good one. Gone: 503."""
    path = px.write_profile(tmp_path)
    told = []
    with px.proxied(tmp_path, servers[2], tell=told.append) as address:

        def ask():
            answer = http.post(f"{address}/chat/completions", json=CHAT)
            return answer, scripted.asked and scripted.last["messages"][0]["content"]

        assert LINE in ask()[1]
        px.write_profile(tmp_path, "\n## communication\n- I want puns.\n", version=4)
        answer, system = ask()
        assert "- I want puns." in system
        assert LINE not in system
        assert answer.headers["x-persona-profile"] == "ada v4"
        path.write_text("<<<<<<< ours\n")
        assert "- I want puns." in ask()[1]
        assert "- I want puns." in ask()[1]
        assert told == [
            f"{path}:1: unresolved merge conflict; v4 holds until it is mended",
            "  try: Keep one side of each conflict, and delete the marks.",
        ]
        path.unlink()
        scripted.asked.clear()
        answer, _ = ask()
        assert answer.status_code == 503
        assert answer.headers["x-should-retry"] == "false"
        assert "no profile in" in answer.json()["error"]["message"]
        assert "persona init ada" in answer.json()["error"]["message"]
        assert scripted.asked == []
        px.write_profile(tmp_path)
        assert LINE in ask()[1]


# --- the command


@pytest.fixture
def served(run_persona, scripted, servers):
    """``persona serve`` in a process of its own, from its first line to Ctrl-C."""
    px.write_profile(run_persona.root)
    started = []

    def start(*words, environ=None):
        process = subprocess.Popen(
            [
                sys.executable,
                "-m",
                "persona_cli",
                "serve",
                "ada",
                "--port",
                "0",
                *words,
            ],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            cwd=run_persona.folder,
            env={**run_persona.environ, **(environ or {})},
        )
        started.append(process)
        return process, process.stdout.readline().strip()

    yield start
    for process in started:
        process.kill()
        process.communicate()


def test_the_command_serves_until_ctrl_c(served, scripted, servers, run_persona):
    """It prints its address, keeps keys to itself, and ends with a stream under way."""
    process, address = served(
        "--upstream", servers[2], "--api-key-env", "MY_KEY", environ={"MY_KEY": "sk-9"}
    )
    assert address.startswith("http://127.0.0.1:")

    async def answer(scope, body, receive, send):
        await px.begin(send)
        await px.piece(send, px.event({"content": "one"}))
        await receive()

    with openai_of(address) as client:
        client.chat.completions.create(**CHAT)
        assert scripted.asked[-1][2]["authorization"] == "Bearer sk-9"
        assert LINE in scripted.last["messages"][0]["content"]
        scripted.answer = answer
        stream = client.chat.completions.create(stream=True, **CHAT)
        next(stream)
        process.send_signal(signal.SIGINT)
        with pytest.raises((openai.APIError, httpx2.HTTPError)):
            list(stream)
    stdout, stderr = process.communicate(timeout=20)
    assert process.returncode == 130
    assert stdout == ""
    assert stderr.splitlines() == [
        f"ada v3 goes to {servers[2]}; Ctrl-C ends it",
        "interrupted; what was finished is kept",
    ]


def test_what_cannot_be_served_is_a_usage_error(run_persona, servers):
    """Each with its remedy, before anything is listened on."""
    px.write_profile(run_persona.root)
    port = servers[1].split(":")[2].partition("/")[0]
    for words, fault in (
        ((), "no server to pass chats on to"),
        (("--upstream", "ftp://x"), "not an address of a server"),
        (("--upstream", "http://a b/v1"), "not an address of a server"),
        (("--upstream", "http://x/v1", "--host", "0.0.0.0"), "others could reach"),
        (("--upstream", "http://x/v1", "--api-key-env", "NO"), "no such variable"),
        (("--upstream", "http://x/v1", "--port", port), "address already in use"),
        (("--upstream", "http://x/v1", "--section", "food"), "section 'food'"),
    ):
        said = run_persona("serve", "ada", *words, code=2)
        assert fault in said.stderr
        assert "\n  try: " in said.stderr
        assert said.stdout == ""
    (run_persona.folder / "sitecustomize.py").write_text(
        "import sys; sys.modules['uvicorn'] = None"
    )
    path = {"PYTHONPATH": str(run_persona.folder)}
    said = run_persona("serve", "ada", code=2, environ=path)
    assert "try: Install it: pip install 'persona-cli[serve]'." in said.stderr
