"""One client's signalling without I/O: frames in, effects out. LiveKit's protocol, version 0, in protobuf.

Pings are answered here, everything else is asked of the node. A client that sends what it must not has its socket
closed with one of the codes below and loses its seat:

1003  a text frame (JSON signalling is not offered)
1007  bytes that are no SignalRequest, or a request that lacks what it needs
4008  more than `BURST` messages at once, or `RATE` a second in the long run
1009  a frame over `LARGEST` (closed by the socket itself)
4020  the client does not read (closed by the socket itself); the seat is kept
"""

from __future__ import annotations

from typing import NamedTuple

from google.protobuf.message import DecodeError
from livekit.protocol import rtc

from hubbub.protocols.livekit.decode import Malformed, decode
from hubbub.protocols.livekit.encode import unsupported
from hubbub.protocols.websocket.codec import BINARY, frame
from hubbub.services.media.api import signals

LARGEST = 1 << 20  # bytes; the SDP of 1000 sections has about half of it
RATE, BURST = 100.0, 1000.0  # messages; a page with 200 tiles sends as many track settings when it is resized
TEXT_FRAME, NOT_PROTOBUF, TOO_FAST = 1003, 1007, 4008


class Send(NamedTuple):
    frame: bytes


class AskNode(NamedTuple):
    """`request` goes into the answer, if there is one."""

    ask: signals.Ask
    request: rtc.SignalRequest


class Close(NamedTuple):
    """`fault`: the client misbehaved and loses its seat."""

    code: int
    reason: str
    fault: bool


Effect = Send | AskNode | Close


class SignalSession:
    def __init__(self, now: float) -> None:
        self._allowance = BURST
        self._at = now
        self._closed = False

    def receive(self, message: str | bytes, now: float, now_ms: int) -> tuple[Effect, ...]:
        """`now` in monotonic seconds, `now_ms` of the wall clock. After a Close nothing has an effect."""
        if self._closed:
            return ()
        if not self._allowed(now):
            return self._close(TOO_FAST, "too many messages")
        if isinstance(message, str):
            return self._close(TEXT_FRAME, "binary frames only")
        try:
            request = rtc.SignalRequest.FromString(message)
            if (reply := _pong(request, now_ms) or unsupported(request)) is not None:
                return (Send(reply),)
            ask = decode(request)
        except DecodeError:
            return self._close(NOT_PROTOBUF, "not a SignalRequest")
        except Malformed as malformed:
            return self._close(NOT_PROTOBUF, str(malformed))
        if ask is None:
            return ()
        if isinstance(ask, signals.Leave):
            self._closed = True
            return (AskNode(ask, request), Close(1000, "left", False))
        return (AskNode(ask, request),)

    def _allowed(self, now: float) -> bool:
        self._allowance = min(BURST, self._allowance + (now - self._at) * RATE) - 1
        self._at = now
        return self._allowance >= 0

    def _close(self, code: int, reason: str) -> tuple[Effect, ...]:
        self._closed = True
        return (Close(code, reason, True),)


def _pong(request: rtc.SignalRequest, now_ms: int) -> bytes | None:
    """Clients of today send both kinds of ping, and count on the second."""
    match request.WhichOneof("message"):
        case "ping":
            response = rtc.SignalResponse(pong=now_ms)
        case "ping_req":
            response = rtc.SignalResponse(
                pong_resp=rtc.Pong(last_ping_timestamp=request.ping_req.timestamp, timestamp=now_ms)
            )
        case _:
            return None
    return frame(BINARY, response.SerializeToString())
