"""Where the signalling is: the socket paths. (The HTTP paths beside them are in `validate.py`.)"""

from __future__ import annotations

from collections.abc import Sequence

from hubbub.clock import Clock
from hubbub.protocols.livekit.connection import SignalSockets
from hubbub.protocols.livekit.encode import Encoder, IceServer
from hubbub.protocols.livekit.signal import LARGEST
from hubbub.protocols.livekit.validate import CORS, NOT_V1
from hubbub.protocols.websocket.connection import Router
from hubbub.protocols.websocket.handshake import Rejected
from hubbub.services.media.api import Signalling


def add_routes(
    router: Router, signalling: Signalling, clock: Clock, ice_servers: Sequence[IceServer], node_id: str, region: str
) -> None:
    """`/rtc` opens sockets; `/rtc/v1` sends clients to it."""
    sockets = SignalSockets(signalling, Encoder(ice_servers, node_id, region), clock)
    router.add("/rtc", sockets.open, LARGEST)
    router.refuse("/rtc/v1", Rejected(404, NOT_V1, CORS))
