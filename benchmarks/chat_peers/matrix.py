"""A Matrix client: /sync long polls on one connection, sends on another. HTTP/1.1 by hand."""

from __future__ import annotations

import asyncio
import itertools
import re
from urllib.parse import quote

from benchmarks.chat_peers.talk import Account, Heard, Peer

_NEXT = re.compile(rb'"next_batch":"([^"]+)"')
_BODY = re.compile(rb'"body":"([^"]*)"')
_FILTER = quote('{"presence":{"types":[]},"account_data":{"types":[]},"room":{"timeline":{"limit":100},'
                '"state":{"lazy_load_members":true},"ephemeral":{"types":[]},"account_data":{"types":[]}}}')  # fmt: skip
_transactions = itertools.count(1)


class Http:
    """One kept-alive connection, one request at a time."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, secret: str) -> None:
        self._reader, self.writer, self._secret = reader, writer, secret

    @classmethod
    async def open(cls, peer: Peer, secret: str) -> Http:
        return cls(*await asyncio.open_connection(peer.host, peer.port, limit=1 << 24), secret)

    async def ask(self, method: str, path: str, body: bytes = b"") -> bytes:
        head = (
            f"{method} {path} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {self._secret}\r\n"
            f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
        )
        self.writer.write(head.encode() + body)
        answered = await self._reader.readuntil(b"\r\n\r\n")
        answer = await self._body(answered.lower())
        if not answered.startswith(b"HTTP/1.1 200"):
            raise ConnectionError(f"{method} {path}: {answered[:40]!r} {answer[:200]!r}")
        return answer

    async def _body(self, head: bytes) -> bytes:
        if b"transfer-encoding: chunked" not in head:
            return await self._reader.readexactly(int(head.partition(b"content-length:")[2].partition(b"\r\n")[0]))
        pieces: list[bytes] = []
        while size := int(await self._reader.readuntil(b"\r\n"), 16):
            pieces.append(await self._reader.readexactly(size))
            await self._reader.readexactly(2)
        await self._reader.readexactly(2)
        return b"".join(pieces)


class MatrixTalker:
    def __init__(self, peer: Peer, account: Account, heard: Heard) -> None:
        self._peer = peer
        self._account = account
        self._heard = heard
        self._polling: asyncio.Task[None] | None = None
        self._sending: asyncio.Task[None] | None = None
        self._said: asyncio.Queue[str] = asyncio.Queue()
        self.closed = False

    async def open(self) -> None:
        self._polls = await Http.open(self._peer, self._account.secret)
        first = await self._polls.ask("GET", f"/_matrix/client/v3/sync?timeout=0&filter={_FILTER}")
        since = _NEXT.search(first)
        assert since is not None
        self._polling = asyncio.create_task(self._poll(since[1].decode()))

    def say(self, text: str) -> None:
        self._said.put_nowait(text)
        if self._sending is None:
            self._sending = asyncio.create_task(self._send())

    def cut(self) -> None:
        for task in (self._polling, self._sending):
            if task is not None:
                task.cancel()
        self._polls.writer.transport.abort()

    async def _poll(self, since: str) -> None:
        try:
            while True:
                path = f"/_matrix/client/v3/sync?timeout=30000&since={since}&filter={_FILTER}"
                answer = await self._polls.ask("GET", path)
                found = _NEXT.search(answer)
                assert found is not None
                since = found[1].decode()
                for body in _BODY.findall(answer):
                    self._heard(body)
        finally:
            self.closed = True

    async def _send(self) -> None:
        http = await Http.open(self._peer, self._account.secret)
        room = quote(self._peer.room)
        while True:
            text = await self._said.get()
            path = f"/_matrix/client/v3/rooms/{room}/send/m.room.message/t{next(_transactions)}"
            await http.ask("PUT", path, f'{{"msgtype":"m.text","body":"{text}"}}'.encode())
