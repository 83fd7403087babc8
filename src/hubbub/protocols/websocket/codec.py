"""WebSocket frames without I/O, server side (RFC 6455, section 5): bytes in, messages out.

No extensions: no connection holds memory for deflate. Text is not decoded here; whoever takes the message does it.
"""

from __future__ import annotations

TEXT, BINARY, CLOSE, PING, PONG = 1, 2, 8, 9, 10
CONTINUATION = 0
_OPCODES = frozenset((CONTINUATION, TEXT, BINARY, CLOSE, PING, PONG))
_CLOSE_CODES = frozenset((*range(1000, 1004), *range(1007, 1015)))  # and 3000..4999; section 7.4


class Violation(Exception):
    """The peer broke the protocol: close with `code`."""

    def __init__(self, code: int, why: str) -> None:
        super().__init__(why)
        self.code = code


def frame_head(opcode: int, size: int) -> bytes:
    """What comes before a payload of so many bytes, unmasked and unfragmented."""
    if size < 126:
        return bytes((0x80 | opcode, size))
    if size < 65536:
        return bytes((0x80 | opcode, 126)) + size.to_bytes(2, "big")
    return bytes((0x80 | opcode, 127)) + size.to_bytes(8, "big")


def frame(opcode: int, payload: bytes) -> bytes:
    """One whole frame: built once, written to any number of connections."""
    return frame_head(opcode, len(payload)) + payload


def payload_of(prebuilt: bytes) -> bytes:
    """What is inside of one of our own frames."""
    return prebuilt[{126: 4, 127: 10}.get(prebuilt[1], 2) :]


def close_frame(code: int, reason: str = "") -> bytes:
    """A control frame holds 125 bytes; a longer reason is cut at a character's border."""
    return frame(CLOSE, code.to_bytes(2, "big") + reason.encode()[:123].decode(errors="ignore").encode())


def read_close(payload: bytes) -> int:
    """The code of a peer's close frame, 1005 for none. Raises Violation for codes that must not be on the wire."""
    if not payload:
        return 1005
    code = int.from_bytes(payload[:2], "big")
    if len(payload) == 1 or not (code in _CLOSE_CODES or 3000 <= code < 5000):
        raise Violation(1002, "invalid close code")
    try:
        payload[2:].decode()
    except UnicodeDecodeError:
        raise Violation(1007, "close reason is not UTF-8") from None
    return code


class FrameReader:
    """Yields whole messages and control frames; holds bytes only while a frame is incomplete."""

    __slots__ = ("_limit", "_need", "_opcode", "_parts", "_pending")

    def __init__(self, limit: int) -> None:
        self._limit = limit  # bytes of one message, fragments added up
        self._pending = bytearray()
        self._need = 2  # bytes that `_pending` must hold before looking again is worth it
        self._opcode = 0  # of the fragmented message that is being received
        self._parts = bytearray()

    def receive(self, data: bytes) -> list[tuple[int, bytes]]:
        """(opcode, payload) of what is complete now. Raises Violation; what came before it in `data` is lost then."""
        if self._pending:
            self._pending += data
            if len(self._pending) < self._need:
                return []
            data, self._pending = bytes(self._pending), bytearray()
        found: list[tuple[int, bytes]] = []
        at, end = 0, len(data)
        while end - at >= 2:
            start, size = self._head(data, at)
            if end - at < (need := start - at + size):
                self._need = need
                break
            body = _unmask(data[start - 4 : start], data[start : start + size])
            first, at = data[at], start + size
            self._take(found, first & 15, body, first >= 128)
        else:
            self._need = 2
        if at < end:
            self._pending += data[at:]
        return found

    def _head(self, data: bytes, at: int) -> tuple[int, int]:
        """Where the payload starts and how long it is; the length counts as 0 while its own bytes are missing."""
        first, second = data[at], data[at + 1]
        opcode, size, start = first & 15, second & 127, at + 6
        if first & 0x70 or second < 128 or opcode not in _OPCODES:
            raise Violation(1002, "reserved bit, missing mask or unknown opcode")
        if opcode >= CLOSE and (size > 125 or first < 128):
            raise Violation(1002, "long or fragmented control frame")
        if size > 125:
            start += 2 if size == 126 else 8
            if len(data) < start:
                return start, 0
            size = int.from_bytes(data[at + 2 : start - 4], "big")
        if opcode < CLOSE and size + len(self._parts) > self._limit:
            raise Violation(1009, f"a message here may have {self._limit} bytes")
        return start, size

    def _take(self, found: list[tuple[int, bytes]], opcode: int, body: bytes, final: bool) -> None:
        if opcode >= CLOSE or (opcode and final and not self._opcode):
            found.append((opcode, body))
            return
        if bool(opcode) == bool(self._opcode):
            raise Violation(1002, "fragment out of order")
        self._opcode = opcode or self._opcode
        self._parts += body
        if final:
            found.append((self._opcode, bytes(self._parts)))
            self._opcode, self._parts = 0, bytearray()


def _unmask(mask: bytes, body: bytes) -> bytes:
    """XOR as two long numbers: the fastest way without a C extension."""
    size = len(body)
    key = (mask * (size // 4 + 1))[:size]
    return (int.from_bytes(body, "big") ^ int.from_bytes(key, "big")).to_bytes(size, "big")
