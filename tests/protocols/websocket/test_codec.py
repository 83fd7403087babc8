"""Our frames against those of `websockets`: the same messages from any bytes, however they are cut."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from websockets.exceptions import ProtocolError
from websockets.frames import Close, Frame, Opcode
from websockets.protocol import CLIENT, OPEN, SERVER, Protocol

from hubbub.protocols.websocket.codec import BINARY, TEXT, FrameReader, Violation, close_frame, frame, read_close

LIMIT = 300
Cuts = st.lists(st.integers(1, 40), max_size=60)


def ours(data: bytes, cuts: list[int]) -> tuple[list[tuple[int, bytes]], bool]:
    """Messages, and whether a violation ended it. Pieces after the last cut come at once."""
    reader, found = FrameReader(LIMIT), list[tuple[int, bytes]]()
    try:
        for size in (*cuts, len(data)):
            piece, data = data[:size], data[size:]
            found += reader.receive(piece)
    except Violation:
        return found, True
    return found, False


def theirs(data: bytes) -> tuple[list[tuple[int, bytes]], bool]:
    oracle = Protocol(SERVER, state=OPEN, max_size=LIMIT)
    oracle.receive_data(data)
    found, opcode, parts = list[tuple[int, bytes]](), 0, b""
    for event in oracle.events_received():
        assert isinstance(event, Frame)
        if event.opcode in (Opcode.TEXT, Opcode.BINARY, Opcode.CONT):
            opcode, parts = int(event.opcode) or opcode, parts + bytes(event.data)
            if event.fin:
                found.append((opcode, parts))
                parts = b""
        else:
            found.append((int(event.opcode), bytes(event.data)))
        if event.opcode is Opcode.CLOSE:
            return found, False
    return found, isinstance(oracle.parser_exc, Exception)


def masked(opcode: Opcode, data: bytes, fin: bool) -> bytes:
    """As a client writes it, also what a client must not write."""
    key = b"\x12\x34\x56\x78"
    size = bytes((0x80 | len(data),)) if len(data) < 126 else b"\xfe" + len(data).to_bytes(2, "big")
    body = bytes(each ^ key[at % 4] for at, each in enumerate(data))
    return bytes((fin << 7 | opcode,)) + size + key + body


Opcodes = st.sampled_from((Opcode.CONT, Opcode.TEXT, Opcode.BINARY, Opcode.PING, Opcode.PONG))
Frames = st.builds(masked, Opcodes, st.binary(max_size=140), st.booleans())


@settings(deadline=None, max_examples=400)
@given(st.lists(Frames, max_size=8).map(b"".join), Cuts)
def test_random_frames_cut_anywhere(data: bytes, cuts: list[int]) -> None:
    """`websockets` reads a stream in one go, so what it says before an error is compared by the prefix."""
    (mine, bad), (expected, wrong) = ours(data, cuts), theirs(data)
    assert bad == wrong
    assert mine == expected[: len(mine)]
    if not bad:
        assert mine == expected


@settings(deadline=None, max_examples=400)
@given(st.binary(max_size=60), Cuts)
def test_noise_is_refused_or_waited_for(data: bytes, cuts: list[int]) -> None:
    ours(data, cuts)


@pytest.mark.parametrize("size", [0, 1, 125, 126, 65_535, 65_536])
def test_what_we_write_is_read(size: int) -> None:
    client = Protocol(CLIENT, state=OPEN, max_size=None)
    client.receive_data(frame(BINARY, bytes(size)))
    (event,) = client.events_received()
    assert isinstance(event, Frame)
    assert event.data == bytes(size)


def test_golden_frames() -> None:
    assert frame(TEXT, b"hi") == b"\x81\x02hi"
    assert frame(TEXT, bytes(126))[:4] == b"\x81\x7e\x00\x7e"
    assert frame(BINARY, bytes(65_536))[:10] == b"\x82\x7f\x00\x00\x00\x00\x00\x01\x00\x00"
    assert close_frame(4020, "slow") == b"\x88\x06\x0f\xb4slow"


def test_long_reasons_are_cut_between_characters() -> None:
    cut = close_frame(1000, "ä" * 100)
    assert len(cut) == 2 + 2 + 122
    assert Close.parse(cut[2:]).reason == "ä" * 61


@pytest.mark.parametrize("code", [0, 999, 1004, 1005, 1006, 1015, 2999, 5000, 65535])
def test_codes_that_must_not_be_sent(code: int) -> None:
    payload = code.to_bytes(2, "big")
    with pytest.raises(Violation):
        read_close(payload)
    with pytest.raises(ProtocolError):
        Close.parse(payload).check()


@pytest.mark.parametrize("code", [1000, 1001, 1011, 3000, 4999])
def test_codes_that_may(code: int) -> None:
    assert read_close(code.to_bytes(2, "big") + b"why") == code
    assert read_close(b"") == 1005
