"""One file per op that a client may send. `handle(adapter, d, now)` gives effects; `d` is JSON."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from hubbub.protocols.websocket.effects import Effect
from hubbub.protocols.websocket.ops import command, heartbeat, identify, members, presence, resume, voice_state

if TYPE_CHECKING:
    from hubbub.protocols.websocket.adapter import Adapter

HANDLERS: dict[int, Callable[[Adapter, bytes, float], Sequence[Effect]]] = {
    1: heartbeat.handle,
    2: identify.handle,
    3: presence.handle,
    4: voice_state.handle,
    6: resume.handle,
    8: members.handle,
    20: command.handle,
}
WITHOUT_SESSION = frozenset((1, 2, 6))
