"""Somebody whose gateway connection comes back by itself, as the web client's does: to the same gateway or to another,
resumed or begun anew, and then what was missed is read."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import json
from collections.abc import Sequence
from typing import Any

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import WebSocketException

from tests.scenarios.place import Person

AGAIN = 0.1  # seconds between two tries
GREETING = 15.0  # seconds until another gateway is tried
REVOKED, REFUSED = 4021, 4004


class Returning:
    """Keeps what it knows of one channel: contents by message id. `entrances`: gateways, tried in turn."""

    def __init__(self, person: Person, channel: str, entrances: Sequence[str]) -> None:
        self.person = person
        self.channel = channel
        self.known: dict[int, str] = {}
        self.arrived: list[str] = []  # as it would be appended to a screen
        self.told: list[tuple[str, str]] = []  # name and channel of each event that has one
        self._read: set[int] = set()  # had by asking: what was on its way meanwhile comes too
        self.url = ""
        self.ended: int | None = None  # the close code after which one does not come back
        self.resumed = self.anew = 0
        self.ready = asyncio.Event()
        self._entrances = itertools.cycle(entrances)
        self._session, self._seq = "", 0
        self._task: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Returning:
        self._task = asyncio.create_task(self._live())
        await asyncio.wait_for(self.ready.wait(), 30)
        return self

    async def __aexit__(self, *_: object) -> None:
        assert self._task is not None
        self._task.cancel()
        await asyncio.wait([self._task])
        if not self._task.cancelled():
            self._task.result()

    async def until(self, count: int, seconds: float = 60) -> None:
        """So many messages are known."""
        async with asyncio.timeout(seconds):
            while len(self.known) < count:
                assert self._task is not None
                if self._task.done():
                    self._task.result()
                await asyncio.sleep(0.02)

    async def _live(self) -> None:
        for url in self._entrances:
            self.url = url
            with contextlib.suppress(OSError, WebSocketException, TimeoutError):
                async with connect(
                    self.url.replace("http", "ws", 1) + "/gateway?v=1", max_size=1 << 24, open_timeout=5, proxy=None
                ) as socket:
                    try:
                        await self._converse(socket)
                    finally:
                        self.ready.clear()
                        if socket.close_code in (REVOKED, REFUSED):
                            self.ended = socket.close_code
            if self.ended is not None:
                return
            await asyncio.sleep(AGAIN)

    async def _converse(self, socket: ClientConnection) -> None:
        while True:
            frame = json.loads(await asyncio.wait_for(socket.recv(), None if self.ready.is_set() else GREETING))
            match frame["op"]:
                case 10 | 9:
                    if frame["op"] == 9:
                        self._session = ""
                        self.ready.clear()
                    await self._greet(socket)
                case 7:
                    return
                case 0:
                    if self._session:
                        assert frame["s"] == self._seq + 1, f"sequence {frame['s']} after {self._seq}"
                    self._seq = frame["s"]
                    await self._hear(frame["t"], frame["d"])

    async def _greet(self, socket: ClientConnection) -> None:
        token = self.person.tokens["access_token"]
        if self._session:
            body: dict[str, Any] = {"op": 6, "d": {"token": token, "session_id": self._session, "seq": self._seq}}
        else:
            body = {"op": 2, "d": {"token": token, "client": "scenario"}}
        await socket.send(json.dumps(body))

    async def _hear(self, name: str, data: dict[str, Any]) -> None:
        if channel := data.get("channel_id") or data.get("message", {}).get("channel_id"):
            self.told.append((name, channel))
        if name == "READY":
            self._session = data["session_id"]
            await self._catch_up()
            self.anew += 1
            self.ready.set()
        elif name == "RESUMED":
            self.resumed += 1
            self.ready.set()
        elif name == "MESSAGE_CREATE" and data["message"]["channel_id"] == self.channel:
            self._learn(data["message"])

    async def _catch_up(self) -> None:
        """All after the newest known: READY may contain more than what came."""
        while page := await self._page():
            for message in sorted(page, key=lambda each: int(each["id"])):
                self._learn(message)
                self._read.add(int(message["id"]))

    async def _page(self) -> list[dict[str, Any]]:
        path = f"{self.url}/api/channels/{self.channel}/messages?limit=100&after={max(self.known, default=0)}"
        while True:
            answer = await self.person.http.get(path)
            if answer.status_code == 200:
                return answer.json()
            assert answer.status_code == 503, answer.text
            await asyncio.sleep(AGAIN)

    def _learn(self, message: dict[str, Any]) -> None:
        id = int(message["id"])
        if id in self.known:
            assert id in self._read, f"{message['content']} was told twice"
            return
        assert not self.known or id > max(self.known), f"{message['content']} came after a newer one"
        self.known[id] = message["content"]
        self.arrived.append(message["content"])
