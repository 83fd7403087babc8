"""Our own gateway, as the load sees it."""

from __future__ import annotations

from benchmarks.chat_peers.talk import Account, Heard, Peer
from benchmarks.gateway_line import DISPATCH, Line

_CREATED = b'"t":"MESSAGE_CREATE"'
_CONTENT = b'"content":"'


class GatewayTalker:
    def __init__(self, peer: Peer, account: Account, heard: Heard) -> None:
        self._peer = peer
        self._account = account
        self._heard = heard
        self._line: Line | None = None
        self._said = 0

    @property
    def closed(self) -> bool:
        return self._line is None or self._line.closed

    async def open(self) -> None:
        self._line = await Line.open(self._peer.host, self._peer.port, self._account.secret, self._frame)

    def say(self, text: str) -> None:
        assert self._line is not None
        self._said += 1
        data = f'{{"channel_id":"{self._peer.room}","content":"{text}"}}'
        self._line.command(self._said, b"message.send", data.encode())

    def cut(self) -> None:
        if self._line is not None:
            self._line.abort()

    def _frame(self, payload: bytes) -> None:
        if payload.startswith(DISPATCH) and _CREATED in payload[:60]:
            start = payload.index(_CONTENT) + len(_CONTENT)
            self._heard(payload[start : payload.index(b'"', start)])
