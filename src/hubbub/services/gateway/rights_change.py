"""Rights on one server, asked for and compared: who sees which channel now, and who does not any more."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import NamedTuple

from hubbub.errors import Refused
from hubbub.services.channel.api import ChannelApi, ChannelView
from hubbub.services.gateway.dispatch import Outgoing
from hubbub.services.gateway.events import (
    ChannelAppeared,
    ChannelVanished,
    Notice,
    RightsChanged,
    ServerSnapshot,
)
from hubbub.services.gateway.lane import Lane
from hubbub.services.gateway.snapshot import MOST_IDS, Snapshots
from hubbub.services.gateway.subscriptions import NOTHING, Members, Rights, ServerMembers
from hubbub.services.voice.events import SpeakingChanged, VoiceStateChanged


class Transition(NamedTuple):
    """All people whose rights were and are the same."""

    old: Rights
    new: Rights
    user_ids: list[int]

    @property
    def appeared(self) -> list[int]:
        return [id for id in self.new.channels if id not in self.old.channels]

    @property
    def vanished(self) -> list[int]:
        return [id for id in self.old.channels if id not in self.new.channels]

    @property
    def kept_changed(self) -> bool:
        """Rights changed in something that was visible before and is now."""
        both = self.old.channels.keys() & self.new.channels.keys()
        return self.old.permissions != self.new.permissions or any(
            self.old.channels[id] != self.new.channels[id] for id in both
        )


async def rights_of(channels: ChannelApi, server_id: int, user_ids: Iterable[int]) -> dict[int, Rights]:
    """Whoever is no member has no rights."""
    ids = tuple(user_ids)
    found = dict.fromkeys(ids, NOTHING)
    for start in range(0, len(ids), MOST_IDS):
        asked = ids[start : start + MOST_IDS]
        while asked:
            answer = await channels.access_of(server_id, asked)
            for group in answer.groups:
                found.update(dict.fromkeys(group.user_ids, Rights(group.permissions, group.channels)))
            asked = answer.unanswered
    return found


class RightsChange:
    """`apply` asks first and tells last: it may run again when something was unavailable in between."""

    def __init__(self, channels: ChannelApi, snapshots: Snapshots, now: Callable[[], float]) -> None:
        self._channels = channels
        self._snapshots = snapshots
        self._now = now

    async def apply(
        self, lane: Lane, members: ServerMembers, user_ids: tuple[int, ...], cause: tuple[int, Outgoing] | None
    ) -> None:
        """`cause`: the channel that was made, and that event; None when rights as such have changed."""
        here = members.users()
        asked = here if not user_ids else tuple(id for id in user_ids if members.rights_of(id) is not None)
        if not asked:
            return
        fresh = await rights_of(self._channels, members.server_id, asked)
        transitions = self._transitions(members, fresh)
        seen = [await self._seen(members, each) for each in transitions]
        members.change(fresh)
        for transition, snapshot in zip(transitions, seen, strict=True):
            sessions = members.sessions_of(transition.user_ids)
            self._tell(lane, sessions, members.server_id, transition, snapshot, cause)

    @staticmethod
    def _transitions(members: ServerMembers, fresh: Mapping[int, Rights]) -> list[Transition]:
        found: dict[object, Transition] = {}
        for user_id, new in fresh.items():
            old = members.rights_of(user_id)
            if old is not None and old.key != new.key:
                found.setdefault((old.key, new.key), Transition(old, new, [])).user_ids.append(user_id)
        return list(found.values())

    async def _seen(self, members: ServerMembers, transition: Transition) -> ServerSnapshot | None:
        """The server as these people see it; needed only when something appeared."""
        sessions = members.sessions_of(transition.user_ids)
        if not transition.appeared or not sessions:
            return None
        try:
            return await self._snapshots.server(sessions[0].principal, members.server_id)
        except Refused:  # put out meanwhile; that event follows
            return None

    def _tell(
        self,
        lane: Lane,
        sessions: Members,
        server_id: int,
        transition: Transition,
        snapshot: ServerSnapshot | None,
        cause: tuple[int, Outgoing] | None,
    ) -> None:
        def tell(notice: Notice) -> None:
            lane.fanout.publish(Outgoing(notice, "", 0, self._now()), sessions)

        for channel_id in transition.vanished:
            tell(ChannelVanished(server_id=server_id, channel_id=channel_id))
        if snapshot is not None:
            self._tell_appeared(lane, sessions, transition, snapshot, cause)
        if cause is None or transition.kept_changed:
            rights = transition.new
            tell(RightsChanged(server_id=server_id, permissions=rights.permissions, channels=rights.channels))

    def _tell_appeared(
        self,
        lane: Lane,
        sessions: Members,
        transition: Transition,
        snapshot: ServerSnapshot,
        cause: tuple[int, Outgoing] | None,
    ) -> None:
        """Parents come before their children, as in the view."""
        appeared, at = set(transition.appeared), self._now()
        for view in snapshot.view.channels:
            id = view.channel.id
            if id not in appeared:
                continue
            head = snapshot.heads.get(id)
            theirs = ChannelView(channel=view.channel, permissions=transition.new.channels[id])
            notice = ChannelAppeared(view=theirs, last_message_id=head.last_message_id if head else None)
            made = cause[1] if cause is not None and cause[0] == id else None
            stream, seq = (made.stream, made.seq) if made else ("", 0)
            lane.fanout.publish(Outgoing(notice, stream, seq, at), sessions)
        for notice in _voice_of(snapshot, appeared):
            lane.fanout.publish(Outgoing(notice, "", 0, at), sessions)


def _voice_of(snapshot: ServerSnapshot, channel_ids: set[int]) -> Iterable[VoiceStateChanged | SpeakingChanged]:
    server_id = snapshot.view.server.id
    for state in snapshot.voice:
        if state.channel_id is not None and state.channel_id in channel_ids:
            yield VoiceStateChanged(server_id=server_id, channel_id=state.channel_id, state=state)
    for channel_id, users in snapshot.speaking.items():
        if channel_id in channel_ids:
            yield SpeakingChanged(server_id=server_id, channel_id=channel_id, user_ids=users)
