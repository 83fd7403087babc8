"""Ops without an answer: over the limit the socket closes, a refusal is the client's own fault and goes unsaid."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Sequence
from typing import TYPE_CHECKING

from hubbub.errors import HubbubError, Limited, Refused
from hubbub.protocols.websocket.effects import Close, Effect, Run
from hubbub.services.gateway.api import OpenSession

if TYPE_CHECKING:
    from hubbub.protocols.websocket.adapter import Adapter

log = logging.getLogger(__name__)


def unanswered(adapter: Adapter, work: Callable[[OpenSession], Awaitable[object]]) -> Sequence[Effect]:
    async def run() -> Sequence[Effect]:
        if (session := adapter.session) is None:  # became invalid while this waited its turn
            return ()
        try:
            await adapter.services.limits.take("command", session.id, 1)
            await work(session)
        except Limited:
            return (Close(4008, "too many commands"),)
        except Refused:
            pass
        except HubbubError as error:
            log.warning("a gateway op failed: %s", error)
        return ()

    return (Run(run),)
