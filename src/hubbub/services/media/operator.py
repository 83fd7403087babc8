"""What an operator's tools may do with the rooms of one node, and who counts as one of them."""

from __future__ import annotations

import re

from hubbub.clock import Clock
from hubbub.errors import Refused
from hubbub.services.media.access_token import AccessTokens
from hubbub.services.media.api import AttendantPatch, Errand, Parcel, RoomPlan
from hubbub.services.media.node import MediaNode
from hubbub.services.media.participant import Participant
from hubbub.services.media.rights import nobody_unseen
from hubbub.services.media.room import Keeping, Room
from hubbub.services.media.seat import ATTRIBUTES, METADATA, NAME
from hubbub.services.media.service import MediaService
from hubbub.services.media.signals import Attendant, MuteTrack, RoomState, Subscribe, Track

EMPTY, DEPARTURE, LONGEST = 300, 20, 86_400  # seconds; LiveKit's defaults, and a day
ROOMS = 1_000  # that tools keep on one node
_HUBBUBS = re.compile("[0-9]+:[0-9]+")  # rooms of channels are named so, and open when somebody is admitted


class OperatorKeys:
    """Implements Keyholders. Grants are checked as LiveKit does; tokens that we mint ourselves count for nothing here."""

    def __init__(self, tokens: AccessTokens) -> None:
        self._tokens = tokens

    def check(self, token: str, errand: Errand, room: str) -> None:
        read = self._tokens.read(token)
        grant = read.claims.video
        granted = {
            "list": grant.room_list,
            "create": grant.room_create,
            "admin": grant.room_admin and grant.room == room and room != "",
        }
        if read.own or not granted[errand]:
            raise Refused("media.not_for_that")


class OperatorRooms:
    """Implements RoomsApi for one node. Whoever leaves by a tool leaves as by anybody else: the facts go to the bus, and
    the voice service empties the seat."""

    def __init__(self, node: MediaNode, service: MediaService, clock: Clock) -> None:
        self._node = node
        self._service = service
        self._clock = clock

    async def rooms(self, names: tuple[str, ...]) -> tuple[RoomState, ...]:
        wanted = set(names)
        return tuple(room.state for room in self._node.rooms() if not wanted or room.name in wanted)

    async def attendants(self, room: str) -> tuple[Attendant, ...]:
        live = self._node.room(room)
        return tuple(who.attendant for who in live.participants) if live is not None else ()

    async def open(self, plan: RoomPlan) -> RoomState:
        if (live := self._node.room(plan.name)) is not None:
            return live.state
        if not plan.name or _HUBBUBS.fullmatch(plan.name):
            raise Refused("media.theirs_to_decide", what="A channel's room opens when somebody joins the channel.")
        if len(plan.name) > NAME or len(plan.metadata) > METADATA:
            raise Refused("media.too_long")
        await self._node.hold(plan.name)
        if (live := self._node.room(plan.name)) is not None:
            return live.state  # somebody else was faster
        if sum(room.keeping is not None for room in self._node.rooms()) >= ROOMS:
            raise Refused("media.too_many_rooms")
        empty = min(plan.empty_timeout or EMPTY, LONGEST)
        departure = min(plan.departure_timeout or DEPARTURE, LONGEST)
        keeping = Keeping(empty, departure, plan.limit, self._clock.monotonic() + empty)
        return self._node.keep(plan.name, keeping, plan.metadata).state

    async def describe(self, room: str, metadata: str) -> RoomState:
        if len(metadata) > METADATA:
            raise Refused("media.too_long")
        live = self._room(room)
        live.metadata = metadata
        live.tell_state()
        return live.state

    async def shut(self, room: str) -> None:
        live = self._room(room)
        live.keeping = None
        await self._service.close(room)
        self._node.close(live)

    async def expel(self, room: str, identity: str) -> None:
        self._find(room, identity)
        await self._service.remove(room, identity, "removed")

    async def mute(self, room: str, identity: str, track: str, muted: bool) -> Track | None:
        who = self._find(room, identity)
        found = next((each for each in who.publishing.tracks if each.sid == track), None)
        if found is None:
            return None
        if not muted:
            raise Refused("media.remote_unmute")
        who.publishing.mute(MuteTrack(track, True))
        who.tell(MuteTrack(track, True))
        return found.track

    async def change(self, room: str, identity: str, patch: AttendantPatch) -> Attendant:
        who = self._find(room, identity)
        if who.entry is not None and (patch.name or patch.rights is not None):
            raise Refused(
                "media.theirs_to_decide", what="What people are called and may do here, Hubbub says: its roles."
            )
        attributes = {key: value for key, value in {**who.attributes, **patch.attributes}.items() if value}
        size = sum(len(key) + len(value) for key, value in attributes.items())
        if len(patch.name) > NAME or len(patch.metadata) > METADATA or size > ATTRIBUTES:
            raise Refused("media.too_long")
        who.name, who.metadata, who.attributes = patch.name or who.name, patch.metadata or who.metadata, attributes
        if patch.rights is not None:
            who.set_rights(nobody_unseen(patch.rights))
        who.touch()
        who.room.changed(who)
        return who.attendant

    async def subscribe(self, room: str, identity: str, tracks: tuple[str, ...], wanted: bool) -> None:
        self._find(room, identity).subscriptions.choose(Subscribe(tracks, wanted))

    async def send(self, room: str, parcel: Parcel) -> None:
        self._room(room).data.send(parcel)

    def _room(self, name: str) -> Room:
        if (live := self._node.room(name)) is None:
            raise Refused("media.room_not_found")
        return live

    def _find(self, room: str, identity: str) -> Participant:
        live = self._node.room(room)
        if live is None or (who := live.find(identity)) is None:
            raise Refused("media.participant_not_found")
        return who
