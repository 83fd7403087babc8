"""A running instance and the people on it, from outside: a real process, its REST and its gateway, nothing else."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import httpx
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from tests.servers.ports import free_port

PASSWORD = "correct horse battery"
DEADLINE = 20.0
OURS = ("HUBBUB_", "JWT_", "DATABASE_", "NATS_", "REDIS_", "OTEL_", "TURN_")  # settings that must not come from outside
STOP_DEADLINE = 30.0
START_DEADLINE = 60.0  # a loaded machine compiles and imports slowly


class Place:
    """`hubbub run` in a child process with its own data folder. Survives kill() and start() with the same port."""

    def __init__(self, folder: Path, **settings: str) -> None:
        self.folder = folder
        self.host = settings.pop("HUBBUB_HOST", "127.0.0.1")
        self.port = free_port()
        self.scheme = "http" if settings.get("HUBBUB_TLS", "off") == "off" else "https"
        self.settings = settings
        self.services: tuple[str, ...] = ()
        self.log = folder / "log"
        self.process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"{self.scheme}://{self.host}:{self.port}"

    def entrance(self) -> str:
        """Where the next person comes in."""
        return self.url

    @property
    def machines(self) -> list[str]:
        """Where each process tells its numbers."""
        return [self.url]

    @property
    def signalling(self) -> set[str]:
        """Where a ticket to a voice room may lead."""
        return {self.url.replace("http", "ws", 1)}

    def start(self) -> None:
        """Returns when /health answers."""
        self.launch()
        self.wait_ready()

    def launch(self) -> None:
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "hubbub", "run", *self.services],
                env=self.environment(),
                cwd=self.folder,
                stdout=log,
                stderr=log,
            )

    def environment(self) -> dict[str, str]:
        return {
            **{name: value for name, value in os.environ.items() if not name.startswith(OURS)},
            "HUBBUB_HOST": self.host,
            "HUBBUB_PORT": str(self.port),
            "HUBBUB_DATA_DIR": str(self.folder / "data"),
            "HUBBUB_RATE_LIMIT_SCALE": "0",
            **self.settings,
        }

    def wait_ready(self) -> None:
        assert self.process is not None
        end = time.monotonic() + START_DEADLINE
        while time.monotonic() < end:
            if self.process.poll() is not None:
                raise RuntimeError(f"hubbub ended with {self.process.returncode}:\n{self.log.read_text()[-4000:]}")
            with contextlib.suppress(httpx.TransportError):
                if httpx.get(f"{self.url}/health", verify=False, timeout=2).status_code == 200:
                    return
            time.sleep(0.02)
        raise TimeoutError(f"no answer at {self.url}:\n{self.log.read_text()[-4000:]}")

    def kill(self) -> None:
        """SIGKILL: no goodbye."""
        assert self.process is not None
        self.process.kill()
        self.process.wait()

    def stop(self) -> int:
        """SIGTERM; the exit status."""
        if self.process is None:
            return -1
        if (ended := self.process.poll()) is not None:
            return ended
        self.process.send_signal(signal.SIGTERM)
        try:
            return self.process.wait(STOP_DEADLINE)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            raise

    @property
    def setup_token(self) -> str:
        return (self.folder / "data" / "setup-token").read_text().strip()

    async def owner(self, username: str = "owner") -> Person:
        return await Person.register(self, username, setup_token=self.setup_token)

    async def login(self, username: str) -> Person:
        async with httpx.AsyncClient(base_url=self.entrance(), timeout=DEADLINE, verify=False) as http:
            answer = await http.post("/api/auth/login", json={"username": username, "password": PASSWORD})
        assert answer.status_code == 200, answer.text
        return Person(self, answer.json())

    async def guest(self, username: str, invite: str) -> Person:
        return await Person.register(self, username, invite=invite)


class Person:
    """One login: REST with its token, and any number of gateway connections."""

    def __init__(self, place: Place, tokens: dict[str, Any]) -> None:
        self.place = place
        self.tokens = tokens
        self.id: str = tokens["user"]["id"]
        self.http = httpx.AsyncClient(
            base_url=place.entrance(),
            headers={"Authorization": f"Bearer {tokens['access_token']}"},
            timeout=DEADLINE,
            verify=False,
        )

    @classmethod
    async def register(cls, place: Place, username: str, **how: str) -> Person:
        body = {"username": username, "password": PASSWORD, **how}
        async with httpx.AsyncClient(base_url=place.entrance(), timeout=DEADLINE, verify=False) as http:
            answer = await http.post("/api/auth/register", json=body)
        assert answer.status_code == 201, answer.text
        return cls(place, answer.json())

    async def call(self, method: str, path: str, body: Any = None, status: int | None = None) -> Any:
        """The JSON answer; asserts the status when one is given, else that it is a success."""
        answer = await self.http.request(method, path, json=body)
        expected = (status,) if status else (200, 201, 204)
        assert answer.status_code in expected, f"{method} {path}: {answer.status_code} {answer.text}"
        return answer.json() if answer.content else None

    async def make_server(self, name: str = "Lantern Bay") -> dict[str, Any]:
        return await self.call("POST", "/api/servers", {"name": name}, 201)

    async def invite_to(self, server_id: str, **limits: Any) -> str:
        return (await self.call("POST", f"/api/servers/{server_id}/invites", limits, 201))["token"]

    async def send(self, channel_id: str, content: str, nonce: str | None = None) -> dict[str, Any]:
        return await self.call("POST", f"/api/channels/{channel_id}/messages", {"content": content, "nonce": nonce})

    async def history(self, channel_id: str, **page: Any) -> list[dict[str, Any]]:
        query = "&".join(f"{key}={value}" for key, value in page.items())
        return await self.call("GET", f"/api/channels/{channel_id}/messages?{query}")

    @contextlib.asynccontextmanager
    async def gateway(self) -> AsyncIterator[Gateway]:
        gateway = await Gateway.open(self.place, self.tokens["access_token"])
        try:
            yield gateway
        finally:
            await gateway.close()

    async def close(self) -> None:
        await self.http.aclose()


class Gateway:
    """A gateway connection that has identified (or resumed). Keeps everything that arrived, in order."""

    def __init__(self, place: Place, url: str, token: str, socket: ClientConnection) -> None:
        self.place = place
        self.url = url
        self.token = token
        self.socket = socket
        self.seq = 0
        self.session_id = ""
        self.ready: dict[str, Any] = {}
        self.events: list[dict[str, Any]] = []
        self.replies: dict[str, dict[str, Any]] = {}
        self.closed: int | None = None
        self._news = asyncio.Condition()
        self._numbers = itertools.count(1)
        self._beat_seconds = 0.0
        self._reader: asyncio.Task[None] | None = None

    @classmethod
    async def connect(cls, place: Place, token: str, at: str = "") -> Gateway:
        """HELLO received, nothing sent. `at`: the entrance of an earlier connection, to resume there."""
        at = at or place.entrance()
        url = at.replace("http", "ws", 1) + "/gateway?v=1"
        context: Any = None
        if place.scheme == "https":
            import ssl

            context = ssl.create_default_context()
            context.check_hostname = False
            context.verify_mode = ssl.CERT_NONE
        socket = await connect(url, ssl=context, max_size=1 << 24, open_timeout=DEADLINE, proxy=None)
        hello = json.loads(await asyncio.wait_for(socket.recv(), DEADLINE))
        assert hello["op"] == 10, hello
        gateway = cls(place, at, token, socket)
        gateway._beat_seconds = hello["d"]["heartbeat_interval"] / 1000
        return gateway

    @classmethod
    async def open(cls, place: Place, token: str) -> Gateway:
        gateway = await cls.connect(place, token)
        await gateway.send(2, {"token": token, "client": "scenario"})
        gateway._listen()
        ready = await gateway.wait("READY")
        gateway.ready, gateway.session_id = ready["d"], ready["d"]["session_id"]
        return gateway

    async def resume(self) -> Gateway:
        """Another connection for the same session; raises AssertionError when it was not resumed."""
        again = await Gateway.connect(self.place, self.token, self.url)
        again.session_id, again.seq, again.ready = self.session_id, self.seq, self.ready
        await again.send(6, {"token": self.token, "session_id": self.session_id, "seq": self.seq})
        again._listen()
        await again.wait("RESUMED")
        return again

    async def send(self, op: int, data: Any) -> None:
        await self.socket.send(json.dumps({"op": op, "d": data}))

    async def command(self, name: str, data: Any) -> dict[str, Any]:
        """The REPLY's `d`."""
        number = str(next(self._numbers))
        await self.send(20, {"id": number, "name": name, "data": data})
        await self.until(lambda: number in self.replies)
        return self.replies[number]

    async def wait(self, name: str, accept: Callable[[dict[str, Any]], bool] = lambda _: True) -> dict[str, Any]:
        """The first event of that name that `accept(d)` likes, also one that is here already."""
        found: list[dict[str, Any]] = []

        def look() -> bool:
            found[:] = [event for event in self.events if event["t"] == name and accept(event["d"])][:1]
            return bool(found)

        await self.until(look, f"{name}; got {[event['t'] for event in self.events]}")
        return found[0]

    async def until(self, condition: Callable[[], bool], what: str = "") -> None:
        async with self._news:
            try:
                await asyncio.wait_for(self._news.wait_for(lambda: condition() or self.closed is not None), DEADLINE)
            except TimeoutError:
                raise AssertionError(f"waited for {what or condition}") from None
        assert condition(), f"closed with {self.closed} while waiting for {what or condition}"

    async def wait_closed(self) -> int:
        async with self._news:
            await asyncio.wait_for(self._news.wait_for(lambda: self.closed is not None), DEADLINE)
        assert self.closed is not None
        return self.closed

    async def cut(self) -> None:
        """As a dead network would: no close frame."""
        self.socket.transport.abort()
        await self.wait_closed()

    async def close(self) -> None:
        await self.socket.close()
        if self._reader:
            await asyncio.wait([self._reader])

    def _listen(self) -> None:
        self._reader = asyncio.create_task(self._read())
        beating = asyncio.create_task(self._beat())
        self._reader.add_done_callback(lambda _: beating.cancel())

    async def _beat(self) -> None:
        """Who says nothing for a minute is closed, and on a slow machine a test may take that long."""
        with contextlib.suppress(ConnectionClosed):
            while True:
                await asyncio.sleep(self._beat_seconds)
                await self.send(1, self.seq)

    async def _read(self) -> None:
        try:
            async for text in self.socket:
                frame = json.loads(text)
                async with self._news:
                    if frame["op"] == 0:
                        assert frame["s"] == self.seq + 1, f"sequence {frame['s']} after {self.seq}"
                        self.seq = frame["s"]
                        self.events.append(frame)
                    elif frame["op"] == 21:
                        self.replies[str(frame["d"]["id"])] = frame["d"]
                    self._news.notify_all()
        except ConnectionClosed:
            pass
        async with self._news:
            self.closed = self.socket.close_code or 1006
            self._news.notify_all()
