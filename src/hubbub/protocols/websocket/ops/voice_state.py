"""op 4: own mute and deaf, as absolute values."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import msgspec

from hubbub.protocols.websocket.effects import Effect
from hubbub.protocols.websocket.ops.unanswered import unanswered
from hubbub.protocols.wire.requests import UpdateVoice

if TYPE_CHECKING:
    from hubbub.protocols.websocket.adapter import Adapter

_decode = msgspec.json.Decoder(UpdateVoice).decode


def handle(adapter: Adapter, d: bytes, now: float) -> Sequence[Effect]:
    wish = _decode(d)
    voice = adapter.services.voice
    return unanswered(adapter, lambda session: voice.update_self(session.principal, wish.self_mute, wish.self_deaf))
