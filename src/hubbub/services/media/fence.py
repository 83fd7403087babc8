"""Who may come in by a token where rooms change nodes: nobody by a token of an earlier epoch, nobody where the room may be
another node's."""

from __future__ import annotations

from collections.abc import Awaitable

from hubbub.errors import Refused, Unavailable
from hubbub.services.media.access_token import Token
from hubbub.services.media.leases import Leases


class Fence:
    def __init__(self, leases: Leases) -> None:
        self._leases = leases

    def prepare(self, token: Token, room: str) -> Awaitable[None] | None:
        """To be awaited before `enter`; None where there is nothing to wait for."""
        return self._prepare(token, room) if self._leases.shared else None

    def check(self, token: Token, room: str) -> None:
        """Whether `enter` would let them in now. A room that is nobody's yet would become ours for an operator's token."""
        self._refuse_spent(token, room)
        if token.own:
            self._refuse_foreign(room)

    def enter(self, token: Token, room: str) -> None:
        """Nothing may be awaited between this and the seat. Raises Refused, Unavailable."""
        self._refuse_spent(token, room)
        self._refuse_foreign(room)

    async def _prepare(self, token: Token, room: str) -> None:
        try:
            await self._leases.hold(room)
        except Unavailable:
            self._refuse_spent(token, room)
            raise
        self._refuse_spent(token, room)

    def _refuse_spent(self, token: Token, room: str) -> None:
        """Who has seen a higher epoch refuses a lower one: the room was elsewhere, and what was decided there is not
        known here."""
        if token.own and token.claims.epoch < self._leases.newest(room):
            raise Refused("media.token_spent")

    def _refuse_foreign(self, room: str) -> None:
        if self._leases.epoch(room) is None:
            raise Unavailable("this media node does not have the room", started=False)
