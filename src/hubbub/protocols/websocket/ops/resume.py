"""op 6: back again after a lost connection. What was missed follows, or INVALID_SESSION: then identify."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING

import msgspec

from hubbub.protocols.websocket.effects import Close, Effect, Run
from hubbub.protocols.websocket.ops.identify import ALREADY, authenticated
from hubbub.protocols.wire.gateway import Resume

if TYPE_CHECKING:
    from hubbub.protocols.websocket.adapter import Adapter

_decode = msgspec.json.Decoder(Resume).decode


def handle(adapter: Adapter, d: bytes, now: float) -> Sequence[Effect]:
    if adapter.phase != "new":
        return ALREADY
    resume = _decode(d)
    if resume.seq < 0:
        return (Close(4007, "a sequence is not negative"),)
    adapter.opening(now)
    adapter.heard = now
    return (Run(partial(_resume, adapter, resume, now)),)


async def _resume(adapter: Adapter, resume: Resume, now: float) -> Sequence[Effect]:
    principal = await authenticated(adapter, resume.token)
    if isinstance(principal, Close):
        return (principal,)
    session = adapter.services.gateway.resume(principal, resume.session_id, resume.seq, adapter.sink)
    if session is None:
        return adapter.invalidated("unknown, expired or too far behind", now)
    adapter.opened(session)
    return ()
