"""The socket class under a real uvicorn, seen from outside."""

from __future__ import annotations

import asyncio
import socket as sockets
from collections.abc import AsyncIterator

import pytest
from websockets.frames import Frame, Opcode

from hubbub.protocols.websocket import connection, http_head
from hubbub.protocols.websocket.codec import BINARY, TEXT, frame
from hubbub.protocols.websocket.connection import Connection, Router
from hubbub.protocols.websocket.handshake import Origins, Proxies, Rejected, Request
from tests.protocols.websocket.websocket_serving import Serving, close_code, serving

HEAD = (
    b"GET /echo HTTP/1.1\r\nHost: h\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
)


class Echo:
    """Sends back what comes; remembers how it ended."""

    def __init__(self, request: Request) -> None:
        self.request = request
        self.closed_with: list[int] = []
        self.ended = asyncio.Event()

    def opened(self, connection: Connection) -> None:
        self.connection = connection

    def received(self, message: str | bytes) -> None:
        if message == "fail":
            raise RuntimeError("a bug")
        if isinstance(message, str):
            self.connection.write(frame(TEXT, message.encode()))
        else:
            self.connection.write(frame(BINARY, message))

    def closed(self, code: int) -> None:
        self.closed_with.append(code)
        self.ended.set()


class Place:
    """The router and every session it opened."""

    def __init__(self, per_address: int = 50) -> None:
        self.router = Router(Origins(["https://chat.example"]), Proxies(["127.0.0.1"]), per_address)
        self.sessions: list[Echo] = []
        self.router.add("/echo", self.open, 70_000)
        self.router.add("/slow", self.open_later, 70_000)
        self.router.add("/private", self.refuse, 70_000)
        self.router.add("/broken", self.fail, 70_000)
        self.router.refuse("/rtc/v1", Rejected(404, "no v1", {"Access-Control-Allow-Origin": "*"}))

    def open(self, request: Request) -> Echo:
        self.sessions.append(Echo(request))
        return self.sessions[-1]

    async def open_later(self, request: Request) -> Echo:
        await asyncio.sleep(0.01)
        if b"no" in request.query:
            raise Rejected(429, "not so fast", {"Retry-After": "3"})
        return self.open(request)

    def refuse(self, request: Request) -> Echo:
        raise Rejected(401, "a token is needed")

    def fail(self, request: Request) -> Echo:
        raise RuntimeError("a bug")


@pytest.fixture
def place() -> Place:
    return Place()


@pytest.fixture
async def served(place: Place) -> AsyncIterator[Serving]:
    async with serving(place.router) as running:
        yield running


@pytest.mark.parametrize("path", ["/echo", "/slow"])
async def test_echoes_every_length_form(served: Serving, path: str) -> None:
    async with served.connect(path, max_size=None) as ws:
        for size in (0, 1, 125, 126, 65_535, 65_536, 70_000):
            await ws.send(bytes(size))
            assert await ws.recv() == bytes(size)
        await ws.send(["a", "ä", "", "€"])
        assert await ws.recv() == "aä€"
        await asyncio.wait_for(await ws.ping(), 1)


@pytest.mark.parametrize(
    ("path", "status"),
    [("/nowhere", 404), ("/rtc/v1", 404), ("/private", 401), ("/slow?no", 429), ("/broken", 500)],
)
async def test_refuses_before_the_upgrade(served: Serving, place: Place, path: str, status: int) -> None:
    refused = (await served.refusal(path)).response
    assert refused.status_code == status
    assert place.router.occupancy.sockets == 0
    if path == "/rtc/v1":
        assert refused.headers["Access-Control-Allow-Origin"] == "*"
        assert refused.body == b"no v1"


async def test_foreign_origin_is_told_the_setting(served: Serving) -> None:
    refused = (await served.refusal("/echo", origin="https://evil.example")).response
    assert refused.status_code == 403
    assert b"HUBBUB_ORIGINS" in refused.body
    assert b"https://evil.example" in refused.body


@pytest.mark.parametrize("own", ["http://127.0.0.1:{port}", "https://chat.example"])
async def test_own_and_listed_origins_may_come(served: Serving, own: str) -> None:
    async with served.connect("/echo", origin=own.format(port=served.port)) as ws:
        await ws.send("x")
        assert await ws.recv() == "x"


async def test_client_address_comes_from_the_trusted_proxy(served: Serving, place: Place) -> None:
    async with served.connect("/echo", additional_headers={"X-Forwarded-For": "6.6.6.6, 203.0.113.9"}):
        assert place.sessions[0].request.address == "203.0.113.9"


async def test_one_address_holds_so_many_sockets() -> None:
    place = Place(per_address=2)
    async with serving(place.router) as served:
        async with served.connect("/echo"), served.connect("/echo"):
            assert (await served.refusal("/echo")).response.status_code == 429
            async with served.connect("/echo", additional_headers={"X-Forwarded-For": "203.0.113.9"}):
                assert place.router.occupancy.sockets == 3
        async with served.connect("/echo"):
            assert place.router.occupancy.refused == 1


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"\x81\x01x", 1002),  # no mask
        (Frame(Opcode.CONT, b"x").serialize(mask=True), 1002),
        (Frame(Opcode.TEXT, b"\xff").serialize(mask=True), 1007),
        (Frame(Opcode.TEXT, b"x" * 70_001).serialize(mask=True), 1009),
        (b"\x81\xff" + b"\xff" * 12, 1009),  # 2^64 bytes announced
        (Frame(Opcode.CLOSE, b"\x03").serialize(mask=True), 1002),
        (Frame(Opcode.CLOSE, b"\x03\xed").serialize(mask=True), 1002),  # 1005
        (Frame(Opcode.TEXT, b"fail").serialize(mask=True), 1011),
    ],
)
async def test_hostile_frames_close(served: Serving, place: Place, data: bytes, code: int) -> None:
    async with served.connect("/echo") as ws:
        ws.transport.write(data)
        assert await close_code(ws) == code
    await asyncio.wait_for(place.sessions[0].ended.wait(), 3)
    assert place.sessions[0].closed_with == [code]


async def test_a_closing_peer_is_answered(served: Serving, place: Place) -> None:
    async with served.connect("/echo") as ws:
        await ws.close(4321, "bye")
    await asyncio.wait_for(place.sessions[0].ended.wait(), 3)
    assert place.sessions[0].closed_with == [4321]
    assert place.router.occupancy.sockets == 0


@pytest.mark.parametrize(
    ("head", "status"),
    [
        (HEAD.replace(b"GET", b"POST"), b"405"),
        (HEAD.replace(b"Version: 13", b"Version: 8"), b"426"),
        (HEAD.replace(b"dGhlIHNhbXBsZSBub25jZQ==", b"short"), b"400"),
        (HEAD + b"Origin: null\r\n", b"403"),
        (HEAD + b"Origin: http://h\r\nOrigin: http://h\r\n", b"403"),
    ],
)
async def test_bad_heads_are_refused(served: Serving, head: bytes, status: bytes) -> None:
    reader, writer = await served.raw(head + b"\r\n")
    answer = await asyncio.wait_for(reader.read(), 2)
    assert answer.split(b" ")[1] == status
    writer.close()


async def test_a_stuck_reader_is_dropped(served: Serving, place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connection, "CLOSE_GRACE", 0.2)
    stuck = sockets.socket()
    stuck.setsockopt(sockets.SOL_SOCKET, sockets.SO_RCVBUF, 4096)
    stuck.setblocking(False)
    await asyncio.get_running_loop().sock_connect(stuck, ("127.0.0.1", served.port))
    await asyncio.get_running_loop().sock_sendall(stuck, HEAD + b"\r\n")
    await asyncio.get_running_loop().sock_recv(stuck, 12)  # the upgrade is answered
    for _ in range(200):
        place.sessions[0].connection.write(frame(TEXT, bytes(60_000)))
    await asyncio.wait_for(place.sessions[0].ended.wait(), 3)
    assert place.sessions[0].closed_with == [4020]
    assert place.router.occupancy.dropped == 1
    stuck.close()


async def test_shutdown_says_restarting(place: Place) -> None:
    async with serving(place.router) as served:
        async with served.connect("/echo") as ws:
            stopping = asyncio.create_task(served.server.shutdown())
            assert await close_code(ws) == 1012
            await stopping
            served.server.servers.clear()


async def test_an_unfinished_head_times_out(served: Serving, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http_head, "HEAD_SECONDS", 0.1)
    reader, writer = await served.raw(b"GET / HTTP/1.1\r\nHost: h\r\nX-Slow: ")
    assert (await asyncio.wait_for(reader.read(), 2)).startswith(b"HTTP/1.1 408")
    writer.close()


async def test_an_endless_head_is_cut(served: Serving) -> None:
    reader, writer = await served.raw(b"GET / HTTP/1.1\r\nX-Long: " + b"x" * 100_000)
    assert (await asyncio.wait_for(reader.read(), 2)).startswith(b"HTTP/1.1 431")
    writer.close()
