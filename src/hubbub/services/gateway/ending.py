"""The end of a session, for whatever reason: it hears nothing more, and its person may be gone."""

from __future__ import annotations

from collections.abc import Callable

from hubbub.services.gateway.health import Health
from hubbub.services.gateway.session import GatewaySession
from hubbub.services.gateway.subscriptions import Subscriptions


class Ending:
    def __init__(self, subscriptions: Subscriptions, health: Health) -> None:
        self._subscriptions = subscriptions
        self._health = health
        self.farewell: Callable[[GatewaySession], None] = lambda session: None  # who looks after presence

    def revoked(self, session: GatewaySession) -> None:
        """Its login ended."""
        sink = session.sink
        self.remove(session)
        if sink is not None:
            sink.ended("revoked")

    def invalidate(self, session: GatewaySession, reason: str) -> None:
        """It cannot be told everything any more: its client begins anew."""
        self._health.invalid += 1
        sink = session.sink
        self.remove(session)
        if sink is not None:
            sink.invalid(reason)

    def remove(self, session: GatewaySession) -> None:
        if session.id in self._subscriptions.sessions:
            self._subscriptions.remove(session)
            session.end()
            self._health.sessions -= 1
            self.farewell(session)
