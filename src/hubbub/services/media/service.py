"""The media service of one node: what the voice service asks of it."""

from __future__ import annotations

from hubbub.services.media import rights, sids
from hubbub.services.media.access_token import AccessTokens
from hubbub.services.media.admissions import Admissions
from hubbub.services.media.api import Admission, Grants, LeaveReason, Participant
from hubbub.services.media.node import MediaNode


class MediaService:
    """Implements MediaApi. `url`: where this node's signalling is, empty for the origin that clients already use."""

    def __init__(self, node: MediaNode, tokens: AccessTokens, admissions: Admissions, url: str) -> None:
        self._node = node
        self._tokens = tokens
        self._admissions = admissions
        self._url = url

    async def admit(self, room: str, identity: str, name: str, grants: Grants) -> Admission:
        epoch = await self._node.hold(room)  # from here to the end nothing is awaited: it is not given back meanwhile
        entry = self._admissions.add(sids.new("AD"), room, identity, name, rights.of_grants(grants))
        grant = rights.to_token(entry.rights, room)
        token = self._tokens.mint(jti=entry.jti, identity=identity, name=name, grant=grant, epoch=epoch)
        return Admission(url=self._url, token=token, room=room, epoch=epoch)

    async def grant(self, room: str, identity: str, grants: Grants) -> None:
        """Tokens that wait for their first join are worth the new grants too."""
        granted = rights.of_grants(grants)
        for entry in self._admissions.of(room, identity):
            entry.rights = granted
        if (live := self._node.room(room)) is not None and (who := live.find(identity)) is not None:
            who.set_rights(granted)

    async def remove(self, room: str, identity: str, reason: LeaveReason) -> None:
        for entry in self._admissions.of(room, identity):
            self._node.end(entry, reason)
        if (live := self._node.room(room)) is not None and (who := live.find(identity)) is not None:
            live.remove(who, reason, "disconnect")

    async def close(self, room: str) -> None:
        for entry in self._admissions.of_room(room):
            self._node.end(entry, "room_closed")
        if (live := self._node.room(room)) is not None:
            for who in list(live.participants):
                live.remove(who, "room_closed", "disconnect")

    async def participants(self, room: str) -> tuple[Participant, ...]:
        live = self._node.room(room)
        return tuple(who.summary for who in live.participants) if live is not None else ()
