"""op 1: the client lives, and has handled all events up to `d`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import msgspec

from hubbub.protocols.websocket.codec import TEXT, frame
from hubbub.protocols.websocket.effects import Close, Effect, Write

if TYPE_CHECKING:
    from hubbub.protocols.websocket.adapter import Adapter

_decode = msgspec.json.Decoder(int | None).decode
_ACK = (Write(frame(TEXT, b'{"op":11}')),)


def handle(adapter: Adapter, d: bytes, now: float) -> Sequence[Effect]:
    sequence = _decode(d)
    if sequence is not None and adapter.session is not None and not adapter.session.acknowledge(sequence):
        return (Close(4007, f"{sequence} was never sent"),)
    adapter.heard = now
    return _ACK
