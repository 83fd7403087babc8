"""op 3: the status that the person chose."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import msgspec

from hubbub.protocols.websocket.effects import Effect
from hubbub.protocols.websocket.ops.unanswered import unanswered
from hubbub.protocols.wire.requests import UpdatePresence

if TYPE_CHECKING:
    from hubbub.protocols.websocket.adapter import Adapter

_decode = msgspec.json.Decoder(UpdatePresence).decode


def handle(adapter: Adapter, d: bytes, now: float) -> Sequence[Effect]:
    wish = _decode(d)
    presence = adapter.services.presence
    return unanswered(adapter, lambda session: presence.set_status(session.principal, wish.status, wish.custom_status))
