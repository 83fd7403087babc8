"""Becoming a member: shared by making a server and accepting an invite."""

from __future__ import annotations

from typing import NamedTuple

from hubbub.errors import Refused
from hubbub.infra.database.base import Transaction
from hubbub.services.auth.api import Principal
from hubbub.services.channel import events, names, store
from hubbub.services.channel.api import Member
from hubbub.services.user.api import User, UserApi


class NewMember(NamedTuple):
    """Looked up before the transaction: a body awaits nothing else."""

    user: User

    @classmethod
    async def of(cls, users: UserApi, principal: Principal) -> NewMember:
        """Refused: user.not_found."""
        found = await users.get((principal.user_id,))
        if not found:
            raise Refused("user.not_found")
        return cls(found[0])

    async def join(self, tx: Transaction, server_id: int, now: int) -> None:
        """The caller has made sure that they are no member."""
        shown = names.folded(self.user.display_name)
        await tx.execute(
            store.ADD_MEMBER,
            server_id=server_id,
            user_id=self.user.id,
            nick=None,
            roles="[]",
            joined_at=now,
            username=names.folded(self.user.username),
            display_name=shown,
            sort_name=shown,
        )
        count = (await tx.fetch(store.COUNT_MEMBER, server=server_id, more=1))[0][0]
        member = Member(user=self.user, server_id=server_id, nick=None, roles=(), joined_at=now)
        added = events.MemberAdded(server_id=server_id, member=member, member_count=count)
        await tx.emit(events.stream(server_id), added)
