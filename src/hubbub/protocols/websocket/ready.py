"""READY: the whole world of one person, from the gateway's snapshot. How it is gathered without missing or repeating an
event is the gateway's business (`services/gateway/opening.py`), the same for every dialect."""

from __future__ import annotations

from hubbub.protocols.websocket.encode import dispatch
from hubbub.protocols.wire import convert, gateway, things
from hubbub.services.gateway.api import Encoded
from hubbub.services.gateway.events import SessionReady


def ready(of: SessionReady, instance: things.Instance) -> Encoded:
    snapshot = of.snapshot
    world = gateway.Ready(
        session_id=of.session_id,
        user=convert.me(snapshot.account),
        instance=instance,
        settings={},
        servers=tuple(convert.server_view(each.view, each.heads, each.voice) for each in snapshot.servers),
        direct_channels=(),
        read_states=tuple(map(convert.read_state, snapshot.read_states)),
        presences=tuple(map(convert.presence, snapshot.presences)),
        users=convert.users(snapshot.users),
    )
    return dispatch("READY", world)
