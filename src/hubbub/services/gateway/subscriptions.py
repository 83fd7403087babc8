"""Who hears what: user -> sessions, and per server the groups of sessions with equal rights.

Members of a big server have few different sets of rights, so nothing is kept per channel and person: the readers of a
channel are the sessions of those groups that may read it, joined when somebody publishes there and kept until anything
changes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from itertools import chain
from typing import NamedTuple

from hubbub.services.gateway.session import GatewaySession

Members = tuple[GatewaySession, ...]
RightsKey = tuple[int, frozenset[tuple[int, int]]]


class Rights:
    """Server-wide bits and those of each visible channel."""

    __slots__ = ("channels", "key", "permissions")

    def __init__(self, permissions: int, channels: Mapping[int, int]) -> None:
        self.permissions = permissions
        self.channels = dict(channels)
        self.key: RightsKey = (permissions, frozenset(self.channels.items()))


NOTHING = Rights(0, {})
"""Of somebody who is no member, or not any more."""


class Group(NamedTuple):
    """Everybody with the same rights: user id -> sessions."""

    rights: Rights
    people: dict[int, Members]


class ServerMembers:
    """The sessions on one server. Invariant: a person's sessions here are all in the group of that person's rights."""

    def __init__(self, server_id: int) -> None:
        self.server_id = server_id
        self._groups: dict[RightsKey, Group] = {}
        self._group_of: dict[int, Group] = {}  # by user id; whoever has a session here
        self._tuples: dict[tuple[int, int], Members] = {}

    def __len__(self) -> int:
        return len(self._group_of)

    def users(self) -> tuple[int, ...]:
        return tuple(self._group_of)

    def rights_of(self, user_id: int) -> Rights | None:
        group = self._group_of.get(user_id)
        return group.rights if group else None

    def join(self, session: GatewaySession, rights: Rights) -> None:
        """A later session of the same person takes part in the rights that are known already."""
        user_id = session.principal.user_id
        group = self._group_of.get(user_id) or self._enter(user_id, (), rights)
        if session not in group.people[user_id]:
            group.people[user_id] += (session,)
            session.servers += (self.server_id,)
            self._tuples.clear()

    def leave(self, session: GatewaySession) -> None:
        user_id = session.principal.user_id
        if self.server_id not in session.servers:
            return
        session.servers = tuple(each for each in session.servers if each != self.server_id)
        people = self._group_of[user_id].people
        people[user_id] = tuple(each for each in people[user_id] if each is not session)
        if not people[user_id]:
            self._quit(user_id)
        self._tuples.clear()

    def change(self, rights_of: Mapping[int, Rights]) -> None:
        """New rights of some people, all at once: nothing is published to half of them."""
        for user_id, new in rights_of.items():
            old = self._group_of.get(user_id)
            if old is not None and old.rights.key != new.key:
                self._enter(user_id, self._quit(user_id), new)
        self._tuples.clear()

    def forget_channel(self, channel_id: int) -> None:
        """It was deleted: nobody may anything in it."""
        for group in tuple(self._groups.values()):
            if channel_id in group.rights.channels:
                left = {id: bits for id, bits in group.rights.channels.items() if id != channel_id}
                self.change(dict.fromkeys(group.people, Rights(group.rights.permissions, left)))

    def everybody(self) -> Members:
        return self._joined((0, 0), lambda rights: True)

    def readers(self, channel_id: int, permission: int) -> Members:
        """Sessions that have all bits of `permission` in the channel."""
        return self._joined(
            (channel_id, permission), lambda rights: rights.channels.get(channel_id, 0) & permission == permission
        )

    def by_bits(self, channel_id: int, permission: int) -> dict[int, Members]:
        """Readers of a channel, apart by what they may do there."""
        found: dict[int, Members] = {}
        for group in self._groups.values():
            bits = group.rights.channels.get(channel_id, 0)
            if bits & permission == permission:
                found[bits] = found.get(bits, ()) + tuple(chain.from_iterable(group.people.values()))
        return found

    def sessions_of(self, user_ids: Iterable[int]) -> Members:
        found = ((self._group_of.get(id), id) for id in user_ids)
        return tuple(chain.from_iterable(group.people[id] for group, id in found if group is not None))

    def _joined(self, key: tuple[int, int], chosen: Callable[[Rights], bool]) -> Members:
        if (known := self._tuples.get(key)) is None:
            people = (group.people.values() for group in self._groups.values() if chosen(group.rights))
            known = self._tuples[key] = tuple(chain.from_iterable(chain.from_iterable(people)))
        return known

    def _enter(self, user_id: int, sessions: Members, rights: Rights) -> Group:
        group = self._groups.setdefault(rights.key, Group(rights, {}))
        group.people[user_id] = sessions
        self._group_of[user_id] = group
        return group

    def _quit(self, user_id: int) -> Members:
        group = self._group_of.pop(user_id)
        sessions = group.people.pop(user_id)
        if not group.people:
            del self._groups[group.rights.key]
        return sessions


class Subscriptions:
    """All sessions of this process."""

    def __init__(self) -> None:
        self.sessions: dict[str, GatewaySession] = {}
        self.servers: dict[int, ServerMembers] = {}
        self._users: dict[int, Members] = {}

    def add(self, session: GatewaySession) -> None:
        user_id = session.principal.user_id
        self.sessions[session.id] = session
        self._users[user_id] = (*self._users.get(user_id, ()), session)

    def remove(self, session: GatewaySession) -> None:
        if self.sessions.pop(session.id, None) is None:
            return
        user_id = session.principal.user_id
        if others := tuple(each for each in self._users[user_id] if each is not session):
            self._users[user_id] = others
        else:
            del self._users[user_id]
        for server_id in session.servers:
            self.unsubscribe(session, server_id)

    def of_user(self, user_id: int) -> Members:
        return self._users.get(user_id, ())

    def of_servers(self, server_ids: Iterable[int], user_id: int) -> Members:
        """Everybody on any of these servers, and the person's own sessions; each once."""
        found: dict[GatewaySession, None] = dict.fromkeys(self.of_user(user_id))
        for server_id in server_ids:
            if (members := self.servers.get(server_id)) is not None:
                found.update(dict.fromkeys(members.everybody()))
        return tuple(found)

    def subscribe(self, session: GatewaySession, server_id: int, rights: Rights) -> None:
        if session.alive:
            self.servers.setdefault(server_id, ServerMembers(server_id)).join(session, rights)

    def unsubscribe(self, session: GatewaySession, server_id: int) -> None:
        if (members := self.servers.get(server_id)) is not None:
            members.leave(session)
            if not members:
                del self.servers[server_id]
