"""Member lists, a piece at a time: whoever scrolls asks for rows, whoever types a name asks by its beginning."""

from __future__ import annotations

from hubbub.errors import Refused
from hubbub.services.auth.api import Principal
from hubbub.services.channel.api import ChannelApi, Member, MemberQuery
from hubbub.services.gateway.api import MemberQuestion
from hubbub.services.gateway.events import MembersListed
from hubbub.services.presence.api import PresenceApi

ROWS = 200  # of one range
FOUND = 100  # by a name's beginning


class MemberList:
    def __init__(self, channels: ChannelApi, presence: PresenceApi) -> None:
        self._channels = channels
        self._presence = presence

    async def answer(self, principal: Principal, question: MemberQuestion) -> list[MembersListed]:
        """One piece per range; an empty one for a server that is not the principal's to see."""
        try:
            if question.ranges:
                online = await self._presence.online_in(question.server_id)
                return [await self._rows(principal, question, online, *each) for each in question.ranges]
            query = MemberQuery(ids=question.ids, query=question.query, after=0, limit=FOUND)
            members = await self._channels.members(principal, question.server_id, query)
            return [await self._listed(question, 0, len(members), members)]
        except Refused:
            return [await self._listed(question, 0, 0, ())]

    async def _rows(
        self, principal: Principal, question: MemberQuestion, online: tuple[int, ...], first: int, last: int
    ) -> MembersListed:
        last = min(last, first + ROWS - 1)
        rows = await self._channels.member_rows(principal, question.server_id, online, first, last)
        return await self._listed(question, rows.first, rows.total, rows.members)

    async def _listed(
        self, question: MemberQuestion, first: int, total: int, members: tuple[Member, ...]
    ) -> MembersListed:
        presences = await self._presence.get(tuple(each.user.id for each in members)) if members else ()
        return MembersListed(
            server_id=question.server_id,
            first=first,
            total=total,
            members=members,
            presences=presences,
            nonce=question.nonce,
        )
