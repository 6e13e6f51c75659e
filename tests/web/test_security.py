"""Attacks on the page: each is refused or bounded, and the graph does not notice."""

from __future__ import annotations

import asyncio
import contextlib
import http.client
import json
import random
import socket
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import websockets

from rt_engine.web import security
from rt_engine.web.security import Allowance, Guard
from rt_engine.web.viewer import Viewer
from tests.web.conftest import PATIENCE, Page, Server, connect, on_page


@pytest.fixture(scope="module")
def open_server(folder: Path) -> Iterator[Server]:
    """The same graph, for other machines too, and therefore with a token."""
    server = Server(folder, "run", "small.yaml", "--web", "0.0.0.0:0")
    yield server
    server.end()


@pytest.fixture(autouse=True)
def untouched(server: Server) -> Iterator[None]:
    """After every attack the graph still runs at its pace, and nothing was lost."""
    yield

    async def scene(page: Page, graph: dict) -> dict:
        return await page.next("stats")

    stats = on_page(server.port, scene)["nodes"]
    assert stats["level"]["count"] > 0 and stats["level"]["restarts"] == 0
    assert sum(node["overruns"] for node in stats.values()) == 0


def ask(
    port: int, path: str, method: str = "GET", body: bytes = b"", **headers: str
) -> tuple[int, http.client.HTTPMessage, bytes]:
    """Status, headers and body of an answer; the path is sent as it stands."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE)
    with contextlib.closing(connection):
        connection.putrequest(method, path, skip_host="host" in headers)
        names = {name.replace("_", "-"): value for name, value in headers.items()}
        for name, value in {"content-length": str(len(body)), **names}.items():
            connection.putheader(name, value)
        connection.endheaders(body)
        answer = connection.getresponse()
        return answer.status, answer.headers, answer.read()


def running(server: Server, **headers: str) -> None:
    """Wait until the graph of `server` runs."""
    until = time.monotonic() + PATIENCE
    while not json.loads(ask(server.port, "/api/state", **headers)[2])["running"]:
        assert time.monotonic() < until
        time.sleep(0.1)


def refused(port: int, **headers: str) -> int:
    """The status with which a socket is refused."""

    async def knock() -> int:
        try:
            async with websockets.connect(
                f"ws://127.0.0.1:{port}/ws", additional_headers=headers or None
            ) as found:
                await found.recv()
                return 101
        except websockets.InvalidStatus as error:
            return error.response.status_code

    return asyncio.run(knock())


def test_the_page_is_served_with_a_policy_that_lets_nothing_in(server: Server) -> None:
    status, headers, _ = ask(server.port, "/api/state")
    assert status == 200
    policy = headers["content-security-policy"]
    assert "default-src 'self'" in policy and "unsafe" not in policy
    assert "frame-ancestors 'none'" in policy and headers["x-content-type-options"] == "nosniff"


@pytest.mark.parametrize("host", ["evil.example", "evil.example:80", "192.168.1.7", "", "a b", "["])
def test_another_name_for_this_machine_is_refused(server: Server, host: str) -> None:
    assert ask(server.port, "/api/state", host=host)[0] in (400, 403)


@pytest.mark.parametrize("name", ["localhost", "127.0.0.1", "[::1]"])
def test_the_names_of_this_machine_are_not(server: Server, name: str) -> None:
    assert ask(server.port, "/api/state", host=f"{name}:{server.port}")[0] == 200


@pytest.mark.parametrize("host", ["[::::]:80", "[1.2.3.4]", "127.0.0.1@evil", "localhost.:80"])
def test_a_host_that_nobody_can_read_is_refused(server: Server, host: str) -> None:
    assert ask(server.port, "/api/state", host=host)[0] in (400, 403)


@pytest.mark.parametrize("site", ["cross-site", "same-site"])
def test_another_site_may_link_to_the_page_and_no_more(server: Server, site: str) -> None:
    """Browsers send no Origin with the GET of an image or a script."""
    for path, status in (("/", 200), ("/api/devices?again=1", 403), ("/api/takes", 403)):
        assert ask(server.port, path, sec_fetch_site=site)[0] == status
    assert ask(server.port, "/api/stop", "POST", sec_fetch_site=site)[0] == 403


@pytest.mark.parametrize(
    "origin", ["http://evil.example", "null", "http://127.0.0.1:1", "x", "http://[", "http://[::1"]
)
def test_a_foreign_page_may_not_ask_nor_look(server: Server, origin: str) -> None:
    host = f"127.0.0.1:{server.port}"
    assert ask(server.port, "/api/stop", "POST", host=host, origin=origin)[0] == 403
    assert ask(server.port, "/api/state", host=host, origin=origin)[0] == 403
    assert refused(server.port, Origin=origin) == 403


def test_the_own_page_may(server: Server) -> None:
    host = f"127.0.0.1:{server.port}"
    assert ask(server.port, "/api/state", host=host, origin=f"http://{host}")[0] == 200
    assert refused(server.port, Origin=f"http://{host}") == 101


@pytest.mark.parametrize("path", ["/", "/api/state", "/static/style.css", "/api/stop", "/nowhere"])
@pytest.mark.parametrize("given", ["", "NAME=wrong", "NAME=", 'NAME="\\', "NAME=\xe9", "x=y"])
def test_nothing_is_given_without_the_token(open_server: Server, path: str, given: str) -> None:
    given = given.replace("NAME", f"rt_engine_{open_server.port}")
    status, _, body = ask(open_server.port, path, cookie=given)
    assert status == 401 and open_server.token.encode() not in body


def test_the_token_of_the_address_becomes_a_cookie(open_server: Server) -> None:
    status, headers, _ = ask(open_server.port, f"/?token={open_server.token}")
    assert (status, headers["location"]) == (303, "/")
    cookie = headers["set-cookie"]
    assert "HttpOnly" in cookie and "samesite=strict" in cookie.lower()
    name, _, value = cookie.partition(";")[0].partition("=")
    assert ask(open_server.port, "/api/state", cookie=f"{name}={value}")[0] == 200
    assert refused(open_server.port, Cookie=f"{name}={value}") == 101
    assert len(value) >= 32
    assert name.endswith(f"_{open_server.port}"), "cookies do not know ports"
    other = name.replace(str(open_server.port), "1")
    assert ask(open_server.port, "/api/state", cookie=f"{other}={value}")[0] == 401


def test_the_token_counts_in_the_cookie_alone(open_server: Server) -> None:
    token, cookie = open_server.token, f"rt_engine_{open_server.port}"
    assert ask(open_server.port, f"/api/state?token={token}")[0] == 401
    assert ask(open_server.port, f"/?token={token[:-1]}")[0] == 401
    assert refused(open_server.port) == 403
    assert refused(open_server.port, Cookie=f"{cookie}={token[:-1]}") == 403
    wrong = {"Cookie": f"{cookie}={token}", "Origin": "http://evil.example"}
    assert refused(open_server.port, **wrong) == 403


@pytest.mark.parametrize(
    "path",
    [
        "/static/../app.py",
        "/static/..%2fapp.py",
        "/static/%2e%2e/app.py",
        "/static/....//app.py",
        "/static/..\\app.py",
        "/static//etc/passwd",
        "/static/%00.js",
        "/static/index.html%00.js",
        "/../../../../etc/passwd",
        "//etc/passwd",
        "/api/takes/..%2f..%2fetc%2fpasswd",
        "/api/takes/../files/passwd",
    ],
)
def test_paths_stay_in_their_folders(server: Server, path: str) -> None:
    status, _, body = ask(server.port, path)
    assert status in (400, 404)
    assert b"root:" not in body and b"import" not in body


@pytest.mark.parametrize(
    ("path", "body", "kind"),
    [
        ("/api/start", b"{", "application/json"),
        ("/api/start", b"[]", "application/json"),
        ("/api/start", b'{"graph": 3}', "application/json"),
        ("/api/start", b'{"graph": "../../../etc/passwd"}', "application/json"),
        ("/api/start", b'{"graph": "small", "more": 1}', "application/json"),
        ("/api/start", b'{"graph": "small"}', "text/plain"),
        ("/api/start", b"\xff\xfe", "application/json"),
        ("/api/start", b"[" * 100_000, "application/json"),
        ("/api/start", b'{"changes": ' + b'{"a":' * 5000 + b"1" + b"}" * 5001, "application/json"),
        ("/api/start", b'{"graph": "small", "changes": {"a": ' + b"[" * 9999, "application/json"),
    ],
)
def test_malformed_requests_are_refused_in_words(
    server: Server, path: str, body: bytes, kind: str
) -> None:
    status, _, answer = ask(server.port, path, "POST", body, content_type=kind)
    assert 400 <= status < 500
    assert set(json.loads(answer)) == {"error", "remedy"}


def test_a_body_is_bounded(server: Server) -> None:
    length = str(1 << 30)
    host = f"127.0.0.1:{server.port}"
    with socket.create_connection(("127.0.0.1", server.port), PATIENCE) as link:
        head = f"POST /api/start HTTP/1.1\r\nHost: {host}\r\nContent-Length: {length}\r\n\r\n"
        link.sendall(head.encode())
        assert b" 413 " in link.recv(4096)


def test_an_oversized_message_ends_its_socket_alone(server: Server) -> None:
    async def play() -> int:
        async with connect(server.port) as witness, connect(server.port) as attacker:
            page = Page(witness)
            await page.next("graph")
            with contextlib.suppress(websockets.ConnectionClosed):
                await attacker.send(b"\x01" * (3 << 20))
                while True:
                    await attacker.recv()
            await page.next("stats")
            return attacker.close_code or 0

    assert asyncio.run(play()) == 1009


def mutations(seed: int, count: int) -> Iterator[str | bytes]:
    """Messages that are nearly right, and some that are nothing at all."""
    chance = random.Random(seed)
    good = [
        {"do": "watch", "id": 1, "node": "tone", "output": "audio", "rate": 30},
        {"do": "unwatch", "id": 1},
        {"do": "set", "node": "level", "name": "window", "value": 3},
        {"do": "act", "node": "osc", "name": "panic", "values": []},
        {"do": "clock", "sent": 1.0, "offset": 0.0, "trip": 0.1},
        {"do": "learn", "node": "osc", "name": "nothing"},
        {"do": "take", "what": "seek", "value": 3},
    ]
    odd = [None, -1, 2**70, 1e308, "", "x" * 500, [], {}, [[]] * 9, True, "\0", "..", {"a": {}}]
    for _ in range(count):
        message = dict(chance.choice(good))
        for _ in range(chance.randrange(1, 3)):
            message[chance.choice([*message, "more"])] = chance.choice(odd)
        text = json.dumps(message)
        form = chance.randrange(4)
        if form == 0:
            yield text[: chance.randrange(len(text))]
        elif form == 1:
            yield chance.randbytes(chance.randrange(200))
        else:
            yield text


def test_a_thousand_malformed_messages_are_answered_and_change_nothing(server: Server) -> None:
    async def throw(messages: list[str | bytes]) -> bool:
        """Send them on a socket of their own; whether it was cut."""
        async with connect(server.port) as socket:
            page = Page(socket)
            try:
                for message in messages:
                    await socket.send(message)
                await page.say(do="clock", sent=1234.5)
                await page.next("clock", sent=1234.5)
            except websockets.ConnectionClosed:
                return True
            return False

    async def play() -> tuple[dict, dict, int]:
        async with connect(server.port) as socket:
            before = await Page(socket).next("graph")
        messages = list(mutations(1, 1000))
        parts = [messages[i : i + 200] for i in range(0, 1000, 200)]
        cut = [await throw(part) for part in parts]
        async with connect(server.port) as socket:
            return before, await Page(socket).next("graph"), sum(cut)

    before, after, cut = asyncio.run(play())
    assert before == after
    assert cut == 5  # who talks nonsense for too long is cut


@pytest.mark.parametrize("count", [40, pytest.param(200, marks=pytest.mark.slow)])
def test_sockets_at_once_are_bounded(server: Server, count: int) -> None:
    async def play() -> tuple[int, int, bool]:
        async def one() -> tuple[str, object]:
            try:
                socket = await websockets.connect(
                    f"ws://127.0.0.1:{server.port}/ws", open_timeout=PATIENCE
                )
                first = json.loads(await asyncio.wait_for(socket.recv(), PATIENCE))
                return "in", (socket, first)
            except websockets.ConnectionClosed as error:
                return "out", error.rcvd.code if error.rcvd else 0
            except (OSError, websockets.InvalidHandshake, TimeoutError):
                return "out", 0

        async with connect(server.port) as witness:
            page = Page(witness)
            await page.next("graph")
            found = await asyncio.gather(*(one() for _ in range(count)))
            await page.next("stats")
            inside = [value for state, value in found if state == "in"]
            later = sum(value == 1013 for state, value in found if state == "out")
            for opened, _ in inside:  # type: ignore[misc]
                await opened.close()
            return len(inside), later, True

    inside, later, alive = asyncio.run(play())
    assert inside == 15 and later > 0 and alive


@pytest.mark.parametrize("kind", ["head", pytest.param("body", marks=pytest.mark.slow)])
def test_who_takes_too_long_over_a_request_is_cut(server: Server, kind: str) -> None:
    """Slow loris: sixty connections that each send a byte now and then."""
    host = f"127.0.0.1:{server.port}"
    post = f"POST /api/start HTTP/1.1\r\nHost: {host}\r\nContent-Type: application/json\r\n"
    begun = {"head": "GET / HTTP/1.1\r\n", "body": f"{post}Content-Length: 900\r\n\r\n"}[kind]
    links = []
    with contextlib.ExitStack() as stack:
        for _ in range(60):
            link = stack.enter_context(socket.create_connection(("127.0.0.1", server.port)))
            link.sendall(begun.encode())
            links.append(link)
        assert ask(server.port, "/api/state")[0] == 200
        start = time.monotonic()
        open_links = list(links)
        while open_links and time.monotonic() - start < 30:
            for link in list(open_links):
                try:
                    link.setblocking(False)
                    link.send(b"X")
                    if link.recv(4096) == b"":
                        open_links.remove(link)
                except BlockingIOError:
                    continue
                except OSError:
                    open_links.remove(link)
            time.sleep(0.25)
        assert not open_links
        assert ask(server.port, "/api/state")[0] == 200


@pytest.mark.parametrize(
    "value", [2**70, -(2**63), "x" * 5000, [[[[1]]]], [0] * 5000, {"a": 1}, [{"a": 1}]]
)
def test_a_value_that_no_record_can_hold_is_refused(server: Server, value: object) -> None:
    async def scene(page: Page, graph: dict) -> str:
        await page.say(do="act", node="gain", name="tap", values=[value])
        return (await page.next("error"))["text"]

    assert "too long, too large or too deep" in on_page(server.port, scene)


def test_a_message_that_is_too_deep_is_answered(server: Server) -> None:
    async def scene(page: Page, graph: dict) -> str:
        await page.socket.send('{"do": "set", "node": "a", "name": "b", "value": ' + "[" * 9999)
        return (await page.next("error"))["text"]

    assert "not understood" in on_page(server.port, scene)


def test_two_looks_at_an_output_are_one(server: Server) -> None:
    """Sixty-four of them would be made sixty-four times."""

    async def scene(page: Page, graph: dict) -> set[int]:
        for number in (1, 2, 3):
            await page.say(do="watch", id=number, node="tone", output="audio", rate=60)
        frames = [await page.binary() for _ in range(20)]
        return {int.from_bytes(frame[:2], "little") for frame in frames[5:]}

    assert on_page(server.port, scene) == {3}


def test_who_reads_too_slowly_is_cut_before_memory_fills(monkeypatch: pytest.MonkeyPatch) -> None:
    cuts: list[bool] = []
    viewer = Viewer(None, None)  # type: ignore[arg-type]
    monkeypatch.setattr(viewer, "cut", lambda: cuts.append(True))
    for _ in range(40):
        viewer.tell("x" * 100_000)
    assert not cuts
    for _ in range(4):
        viewer.tell("x" * 100_000)
    assert cuts


def test_strangers_do_not_use_up_what_the_others_need() -> None:
    async def app(scope: dict, receive: object, send: object) -> None:
        passed.append(scope["path"])

    async def send(message: dict) -> None:
        statuses.append(message.get("status"))

    async def flood() -> None:
        guard = Guard(app, "secret")  # type: ignore[arg-type]
        scope = {"type": "http", "path": "/api/state", "method": "GET", "query_string": b""}
        for cookie in [b"", *[b"rt_engine_80=wrong"] * 1500, b"rt_engine_80=secret"]:
            headers = [(b"host", b"stage:80"), (b"cookie", cookie)]
            await guard({**scope, "headers": headers}, None, send)  # type: ignore[arg-type]

    passed: list[str] = []
    statuses: list[int | None] = []
    asyncio.run(flood())
    assert {401, 429} <= set(statuses) and passed == ["/api/state"]


def test_a_flood_of_requests_is_slowed() -> None:
    async def app(scope: dict, receive: object, send: object) -> None:
        passed.append(scope["path"])

    async def send(message: dict) -> None:
        statuses.append(message.get("status"))

    async def flood() -> None:
        guard = Guard(app)  # type: ignore[arg-type]
        for _ in range(2000):
            scope = {"type": "http", "path": "/", "method": "GET", "query_string": b"",
                     "headers": [(b"host", b"localhost")]}  # fmt: skip
            await guard(scope, None, send)  # type: ignore[arg-type]

    passed: list[str] = []
    statuses: list[int | None] = []
    asyncio.run(flood())
    assert 300 <= len(passed) < 1500 and set(statuses) == {429, None}


def test_tokens_come_back_with_time(monkeypatch: pytest.MonkeyPatch) -> None:
    now = [0.0]
    monkeypatch.setattr(security.time, "monotonic", lambda: now[0])
    bucket = Allowance(3, 2.0)
    assert [bucket.take() for _ in range(4)] == [True, True, True, False]
    now[0] = 0.5
    assert [bucket.take() for _ in range(2)] == [True, False]
    now[0] = 100.0
    assert sum(bucket.take() for _ in range(9)) == 3


def test_the_token_is_never_in_what_is_said_later(folder: Path) -> None:
    server = Server(folder, "run", "small.yaml", "--web", "0.0.0.0:0")
    assert ask(server.port, f"/?token={server.token}")[0] == 303
    running(server, cookie=f"rt_engine_{server.port}={server.token}")
    code, said = server.end()
    assert code == 0 and "Latency" in said and server.token not in said
