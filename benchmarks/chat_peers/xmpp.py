"""An XMPP client that costs little: RFC 6120 stream, SASL PLAIN, bind; XEP-0045 room; texts found by their tag."""

from __future__ import annotations

import asyncio
import base64
from typing import Any

from benchmarks.chat_peers.talk import Account, Heard, Peer

_STREAM = (
    "<stream:stream to='localhost' xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams' version='1.0'>"
)
_BIND = "<iq type='set' id='b'><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'><resource>{}</resource></bind></iq>"
_JOIN = (
    "<presence to='{room}@conference.localhost/{nick}'><x xmlns='http://jabber.org/protocol/muc'>"
    "<history maxstanzas='0'/></x></presence>"
)


class XmppTalker(asyncio.Protocol):
    """Steps through the login by what the server's bytes contain; afterwards only `<body>` counts."""

    def __init__(self, peer: Peer, account: Account, heard: Heard) -> None:
        self._peer = peer
        self._account = account
        self._heard = heard
        self._seen = b""
        self._step = 0
        self._ready: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.closed = False

    async def open(self) -> None:
        await asyncio.get_running_loop().create_connection(lambda: self, self._peer.host, self._peer.port)
        await asyncio.wait_for(self._ready, self._peer.patience)

    def say(self, text: str) -> None:
        self._write(
            f"<message to='{self._peer.room}@conference.localhost' type='groupchat'><body>{text}</body></message>"
        )

    def cut(self) -> None:
        self._transport.abort()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport: Any = transport
        self._write(_STREAM)

    def connection_lost(self, exc: Exception | None) -> None:
        self.closed = True
        if not self._ready.done():
            self._ready.set_exception(ConnectionError(f"closed in step {self._step}: {self._seen[-300:]!r}"))

    def data_received(self, data: bytes) -> None:
        seen = self._seen = self._seen + data
        if self._step < 4:
            self._log_in(seen)
            return
        at = 0
        while (start := seen.find(b"<body>", at)) >= 0 and (end := seen.find(b"</body>", start)) >= 0:
            self._heard(seen[start + 6 : end])
            at = end + 7
        # what is kept may hold the beginning of a body, or of its tag
        self._seen = seen[max(at, seen.rfind(b"<body>", at)) if b"<body>" in seen[at:] else max(at, len(seen) - 5) :]

    def _log_in(self, seen: bytes) -> None:
        if self._step == 0 and b"</stream:features>" in seen:
            plain = base64.b64encode(f"\0{self._account.name}\0{self._account.secret}".encode()).decode()
            self._next(f"<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='PLAIN'>{plain}</auth>")
        elif self._step == 1 and b"<success" in seen:
            self._next(_STREAM)
        elif self._step == 2 and b"</stream:features>" in seen:
            self._next(_BIND.format(self._account.device))
        elif self._step == 3 and b"<jid>" in seen:
            if not self._peer.room:
                self._done()
            else:
                self._seen = b""
                self._write(_JOIN.format(room=self._peer.room, nick=f"{self._account.name}-{self._account.device}"))
                self._step = 3.5
        elif self._step == 3.5 and b"code='110'" in seen.replace(b'"', b"'"):
            self._done()

    def _next(self, text: str) -> None:
        self._step += 1
        self._seen = b""
        self._write(text)

    def _done(self) -> None:
        self._step, self._seen = 4, b""
        self._ready.set_result(None)

    def _write(self, text: str) -> None:
        self._transport.write(text.encode())
