"""op 8: a piece of a server's member list, answered by MEMBERS_CHUNK events."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import msgspec

from hubbub.ids import parse_id
from hubbub.protocols.websocket.effects import Close, Effect
from hubbub.protocols.websocket.ops.unanswered import unanswered
from hubbub.protocols.wire.gateway import Members
from hubbub.services.gateway.api import MemberQuestion

if TYPE_CHECKING:
    from hubbub.protocols.websocket.adapter import Adapter

LAST_ROW = 1_000_000
NONCE = 64  # characters
_decode = msgspec.json.Decoder(Members).decode


def handle(adapter: Adapter, d: bytes, now: float) -> Sequence[Effect]:
    asked = _decode(d)
    if sum((bool(asked.ranges), asked.query is not None, bool(asked.ids))) != 1:
        return (Close(4002, "exactly one of ranges, query and ids"),)
    if any(not 0 <= first <= last <= LAST_ROW for first, last in asked.ranges):
        return (Close(4002, "a range is [first, last], counted from 0"),)
    if asked.nonce is not None and len(asked.nonce) > NONCE:
        return (Close(4002, f"a nonce has at most {NONCE} characters"),)
    question = MemberQuestion(
        server_id=parse_id(asked.server_id) or 0,
        ranges=asked.ranges,
        query=asked.query,
        ids=tuple(id for each in asked.ids if (id := parse_id(each)) is not None),
        nonce=asked.nonce,
    )
    gateway = adapter.services.gateway
    return unanswered(adapter, lambda session: gateway.list_members(session, question))
