"""LiveKit's RoomService: what an operator's own tools ask of live rooms. Without HTTP: a request in, an answer out.

Tokens are an operator's (`HUBBUB_LIVEKIT_KEYS`), their grants are asked for as LiveKit asks; whoever lacks one is
`unauthenticated` with it, too. Rooms and people of Hubbub obey Hubbub: what its rules say otherwise is
`permission_denied`, and the words say why.
"""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, NamedTuple

from google.protobuf.message import Message
from livekit.protocol import models
from livekit.protocol import room as wire

from hubbub.errors import Refused, Unavailable
from hubbub.protocols.livekit import describe, twirp
from hubbub.protocols.livekit.decode import LONGEST, SOURCES
from hubbub.protocols.livekit.token import find_token
from hubbub.protocols.livekit.twirp import Answer, Code, Fault
from hubbub.services.media.api import (
    AttendantPatch,
    Errand,
    Keyholders,
    Parcel,
    RoomPlan,
    RoomsApi,
    Source,
    signals,
)
from hubbub.services.voice.api import VoiceApi

SERVICE = "livekit.RoomService"
LARGEST = 256 * 1024  # bytes of a request
DATA = 60_000  # bytes of SendData: what every client's data channel takes
log = logging.getLogger(__name__)

FAULTS: dict[str, tuple[Code, str]] = {
    "media.token_missing": ("unauthenticated", "no token: send Authorization: Bearer"),
    "media.token_invalid": ("unauthenticated", "invalid token: unknown key or wrong signature"),
    "media.token_expired": ("unauthenticated", "the token has expired"),
    "media.not_for_that": ("unauthenticated", "permissions denied"),
    "media.room_not_found": ("not_found", "requested room does not exist"),
    "media.participant_not_found": ("not_found", "participant does not exist"),
    "media.remote_unmute": ("failed_precondition", "remote unmute not enabled"),
    "media.too_long": ("invalid_argument", "name, metadata or attributes are too long"),
    "media.too_many_rooms": ("resource_exhausted", "too many rooms are kept open here"),
    "media.theirs_to_decide": ("permission_denied", "{what}"),
    "media.no_node": (
        "failed_precondition",
        "No room can be made here: ask the media node that its people will go to.",
    ),
}


class RoomService:
    def __init__(self, keys: Keyholders, rooms: RoomsApi, voice: VoiceApi) -> None:
        self._keys = keys
        self._rooms = rooms
        self._voice = voice

    async def answer(self, verb: str, path: str, headers: Mapping[bytes, bytes], body: bytes) -> Answer:
        """`path` as in the request line, names of headers in lower case. Never raises."""
        try:
            name = twirp.method(verb, path, SERVICE)
            if (called := _METHODS.get(name)) is None:
                raise twirp.no_handler(verb, path)
            kind = twirp.content_type(headers, path)
            if len(body) > LARGEST:
                raise Fault("resource_exhausted", f"a request has at most {LARGEST} bytes")
            token = find_token(headers, {})
            request = twirp.decode(body, kind, called.request)
            self._keys.check(token, called.errand, getattr(request, called.room) if called.room else "")
            return twirp.encode(await called.work(self, request), kind)
        except Fault as fault:
            return twirp.failed(fault)
        except Refused as refused:
            return twirp.failed(_fault(refused))
        except Unavailable as gone:
            return twirp.failed(Fault("unavailable", str(gone)))
        except Exception:
            log.exception("%s failed", path)
            return twirp.failed(Fault("internal", "This is a defect of the server; its log says more."))

    # ---- rooms

    async def list_rooms(self, m: wire.ListRoomsRequest) -> Message:
        rooms = await self._rooms.rooms(tuple(m.names)[:LONGEST])
        return wire.ListRoomsResponse(rooms=[describe.room(each) for each in rooms])

    async def create_room(self, m: wire.CreateRoomRequest) -> Message:
        """What it asks besides (egress, agents, delays of playout) is LiveKit's own and does not exist here."""
        if m.HasField("egress") or m.agents or m.room_preset or m.min_playout_delay or m.max_playout_delay:
            raise Fault("unimplemented", "no egress, agents, presets or playout delays here")
        plan = RoomPlan(
            name=m.name,
            metadata=m.metadata,
            empty_timeout=m.empty_timeout,
            departure_timeout=m.departure_timeout,
            limit=m.max_participants,
        )
        return describe.room(await self._rooms.open(plan))

    async def update_room_metadata(self, m: wire.UpdateRoomMetadataRequest) -> Message:
        return describe.room(await self._rooms.describe(m.room, m.metadata))

    async def delete_room(self, m: wire.DeleteRoomRequest) -> Message:
        await self._rooms.shut(m.room)
        return wire.DeleteRoomResponse()

    async def send_data(self, m: wire.SendDataRequest) -> Message:
        if len(m.data) > DATA:
            raise Fault("invalid_argument", f"data has at most {DATA} bytes")
        await self._rooms.send(
            m.room,
            Parcel(
                payload=m.data,
                reliable=m.kind == models.DataPacket.RELIABLE,
                topic=m.topic,
                nonce=m.nonce,
                sids=tuple(m.destination_sids)[:LONGEST],
                identities=tuple(m.destination_identities)[:LONGEST],
            ),
        )
        return wire.SendDataResponse()

    # ---- people

    async def list_participants(self, m: wire.ListParticipantsRequest) -> Message:
        there = await self._rooms.attendants(m.room)
        return wire.ListParticipantsResponse(participants=[describe.participant(each) for each in there])

    async def get_participant(self, m: wire.RoomParticipantIdentity) -> Message:
        return describe.participant(await self._attendant(m.room, m.identity))

    async def remove_participant(self, m: wire.RoomParticipantIdentity) -> Message:
        await self._rooms.expel(m.room, m.identity)
        return wire.RemoveParticipantResponse()

    async def mute_published_track(self, m: wire.MuteRoomTrackRequest) -> Message:
        """The sound of who sits in a channel is muted as a moderator does it: seen by all, and kept until it is undone."""
        who = await self._attendant(m.room, m.identity)
        track = next((each for each in who.tracks if each.sid == m.track_sid), None)
        if track is not None and track.plan.kind == "audio" and await self._voice.silence(m.room, m.identity, m.muted):
            who = await self._attendant(m.room, m.identity)
            found = next((each for each in who.tracks if each.sid == m.track_sid), None)
        else:
            found = await self._rooms.mute(m.room, m.identity, m.track_sid, m.muted)
        return wire.MuteRoomTrackResponse(track=describe.track(found) if found else None)

    async def update_participant(self, m: wire.UpdateParticipantRequest) -> Message:
        patch = AttendantPatch(
            name=m.name,
            metadata=m.metadata,
            attributes=dict(m.attributes),
            rights=_rights(m.permission) if m.HasField("permission") else None,
        )
        return describe.participant(await self._rooms.change(m.room, m.identity, patch))

    async def update_subscriptions(self, m: wire.UpdateSubscriptionsRequest) -> Message:
        sids = [*m.track_sids, *(sid for each in m.participant_tracks for sid in each.track_sids)]
        await self._rooms.subscribe(m.room, m.identity, tuple(sids)[:LONGEST], m.subscribe)
        return wire.UpdateSubscriptionsResponse()

    async def move(self, m: Message) -> Message:
        raise Fault("unimplemented", "People change rooms by Hubbub: PATCH /api/servers/{server}/voice/{user}.")

    async def perform_rpc(self, m: Message) -> Message:
        raise Fault("unimplemented", "The server calls no methods of participants.")

    async def _attendant(self, room: str, identity: str) -> signals.Attendant:
        found = next((each for each in await self._rooms.attendants(room) if each.identity == identity), None)
        if found is None:
            raise Refused("media.participant_not_found")
        return found


class _Method(NamedTuple):
    """`room`: the field that names the room of which the token must make an admin."""

    request: type[Any]
    errand: Errand
    room: str
    work: Callable[[RoomService, Any], Awaitable[Message]]


_METHODS: dict[str, _Method] = {
    "ListRooms": _Method(wire.ListRoomsRequest, "list", "", RoomService.list_rooms),
    "CreateRoom": _Method(wire.CreateRoomRequest, "create", "", RoomService.create_room),
    "DeleteRoom": _Method(wire.DeleteRoomRequest, "create", "", RoomService.delete_room),
    "UpdateRoomMetadata": _Method(wire.UpdateRoomMetadataRequest, "admin", "room", RoomService.update_room_metadata),
    "ListParticipants": _Method(wire.ListParticipantsRequest, "admin", "room", RoomService.list_participants),
    "GetParticipant": _Method(wire.RoomParticipantIdentity, "admin", "room", RoomService.get_participant),
    "RemoveParticipant": _Method(wire.RoomParticipantIdentity, "admin", "room", RoomService.remove_participant),
    "MutePublishedTrack": _Method(wire.MuteRoomTrackRequest, "admin", "room", RoomService.mute_published_track),
    "UpdateParticipant": _Method(wire.UpdateParticipantRequest, "admin", "room", RoomService.update_participant),
    "UpdateSubscriptions": _Method(wire.UpdateSubscriptionsRequest, "admin", "room", RoomService.update_subscriptions),
    "SendData": _Method(wire.SendDataRequest, "admin", "room", RoomService.send_data),
    "MoveParticipant": _Method(wire.MoveParticipantRequest, "admin", "room", RoomService.move),
    "ForwardParticipant": _Method(wire.ForwardParticipantRequest, "admin", "room", RoomService.move),
    "PerformRpc": _Method(wire.PerformRpcRequest, "admin", "room", RoomService.perform_rpc),
}


def _rights(permission: models.ParticipantPermission) -> signals.Rights:
    """No sources named: all, if publishing is allowed at all."""
    sources: set[Source] = set()
    if permission.can_publish_sources:
        sources = {SOURCES[each] for each in permission.can_publish_sources if each in SOURCES}
    elif permission.can_publish:
        sources = {*SOURCES.values(), "unknown"}
    return signals.Rights(
        subscribe=permission.can_subscribe,
        sources=frozenset(sources if permission.can_publish else ()),
        data=permission.can_publish_data,
        update_profile=permission.can_update_metadata,
        hidden=permission.hidden,
        muted=False,
        deafened=False,
    )


def _fault(refused: Refused) -> Fault:
    code, words = FAULTS.get(refused.code, ("failed_precondition", "refused"))
    return Fault(code, words.format_map({"what": "", **refused.data}))
