"""What a client's protocol says to the media node (`Ask`) and hears from it (`Signal`). Import it from `api`.

A protocol decodes frames into asks and encodes signals into frames; it decides nothing. What a client asks is answered
by signals, never by an exception. The words are the node's own; that LiveKit's look alike is no accident.
"""

from __future__ import annotations

from typing import Literal

import msgspec

Source = Literal["microphone", "camera", "screen", "screen_audio", "unknown"]
LeaveReason = Literal["left", "lost", "replaced", "removed", "moved", "never_came", "room_closed", "server_stopped"]
Kind = Literal["audio", "video"]
Connection = Literal["excellent", "good", "poor", "lost"]
# What the client shall do after a `Dismissed`: stop; resume the session; join anew with the same token.
Afterwards = Literal["disconnect", "resume", "reconnect"]
Answer = Literal["ok", "not_found", "not_allowed", "limit_exceeded", "unsupported", "invalid"]
Scenario = Literal["speakers", "node_failure", "server_leave", "full_reconnect", "cut_on_resume", "cut_before_resumed"]


class Rights(msgspec.Struct, frozen=True, kw_only=True):
    """What one participant may do now. `sources`: what it may publish. `hidden`: others are not told of it, which only
    somebody who hears nothing may be."""

    subscribe: bool
    sources: frozenset[Source]
    data: bool
    update_profile: bool
    hidden: bool
    muted: bool
    deafened: bool


class Layer(msgspec.Struct, frozen=True):
    """One resolution of a simulcast track. `quality`: 0 low, 1 medium, 2 high. `bitrate` in bit/s."""

    quality: int
    width: int
    height: int
    bitrate: int
    rid: str


class TrackPlan(msgspec.Struct, frozen=True, kw_only=True):
    """A track as its publisher describes it. `cid` is the client's own name, found again in its SDP (`a=msid`).
    `encryption` and `features` are LiveKit's numbers: the node only hands them on."""

    cid: str
    kind: Kind
    source: Source
    name: str
    muted: bool
    width: int
    height: int
    layers: tuple[Layer, ...]
    stream: str
    stereo: bool
    disable_dtx: bool
    disable_red: bool
    encryption: int
    features: tuple[int, ...]


class Track(msgspec.Struct, frozen=True):
    """A published track (`TR_…`). `muted` by its publisher or by a moderator."""

    sid: str
    mid: str
    muted: bool
    plan: TrackPlan


class Attendant(msgspec.Struct, frozen=True, kw_only=True):
    """A participant as others in the room are told of it. `version` rises with each change."""

    sid: str
    identity: str
    name: str
    metadata: str
    attributes: dict[str, str]
    state: Literal["joined", "active", "disconnected"]
    joined_at: int
    version: int
    tracks: tuple[Track, ...]
    rights: Rights
    left: LeaveReason | None


class RoomState(msgspec.Struct, frozen=True, kw_only=True):
    """`limit`: how many fit in, 0: as many as come. `empty_timeout` and `departure_timeout`, in seconds: how long an
    operator's room stays while nobody has come, and after the last has left."""

    sid: str
    name: str
    created_at: int
    participants: int
    publishers: int
    metadata: str = ""
    limit: int = 0
    empty_timeout: int = 0
    departure_timeout: int = 0


class Client(msgspec.Struct, frozen=True, kw_only=True):
    """What a client says of itself when it joins. `auto_subscribe`: it wants every track without asking."""

    auto_subscribe: bool
    sdk: str
    version: str


class Offer(msgspec.Struct, frozen=True):
    """SDP. `id` numbers the offers of one side; its answer carries the same. From a client: of its publisher side;
    to it: of its subscriber side."""

    id: int
    sdp: str


class AnswerSdp(msgspec.Struct, frozen=True):
    id: int
    sdp: str


class AddTrack(msgspec.Struct, frozen=True):
    plan: TrackPlan


class MuteTrack(msgspec.Struct, frozen=True):
    """From a client: it has done so. To a client: do so."""

    track: str
    muted: bool


class Subscribe(msgspec.Struct, frozen=True):
    tracks: tuple[str, ...]
    wanted: bool


class PauseTracks(msgspec.Struct, frozen=True):
    """The client does not show (or hear) these now. They stay subscribed."""

    tracks: tuple[str, ...]
    paused: bool


class Allowance(msgspec.Struct, frozen=True):
    """One subscriber, by sid or identity; `tracks` counts unless `all_tracks`."""

    sid: str
    identity: str
    all_tracks: bool
    tracks: frozenset[str]


class AllowSubscribers(msgspec.Struct, frozen=True):
    """Who may subscribe to the client's tracks."""

    everybody: bool
    allowances: tuple[Allowance, ...]


class Synchronize(msgspec.Struct, frozen=True):
    """What a resuming client believes. `received`: (publisher sid, last sequence of reliable data)."""

    subscription: Subscribe | None
    paused: tuple[str, ...]
    received: tuple[tuple[str, int], ...]


class UpdateProfile(msgspec.Struct, frozen=True, kw_only=True):
    """An empty value of an attribute removes it."""

    request_id: int
    name: str
    metadata: str
    attributes: dict[str, str]


class UpdateAudio(msgspec.Struct, frozen=True):
    track: str
    features: tuple[int, ...]


class UpdateVideo(msgspec.Struct, frozen=True):
    track: str
    width: int
    height: int


class Simulate(msgspec.Struct, frozen=True):
    """For tests of clients. `seconds` counts for `speakers`."""

    scenario: Scenario
    seconds: int


class Leave(msgspec.Struct, frozen=True): ...


Ask = (
    Offer
    | AnswerSdp
    | AddTrack
    | MuteTrack
    | Subscribe
    | PauseTracks
    | AllowSubscribers
    | Synchronize
    | UpdateProfile
    | UpdateAudio
    | UpdateVideo
    | Simulate
    | Leave
)


class Joined(msgspec.Struct, frozen=True):
    """Always the first signal after a join."""

    room: RoomState
    me: Attendant
    others: tuple[Attendant, ...]


class Resumed(msgspec.Struct, frozen=True):
    """Always the first after a resume. `last_sequence`: of the client's reliable data that arrived here."""

    last_sequence: int


class AttendantsChanged(msgspec.Struct, frozen=True):
    attendants: tuple[Attendant, ...]


class RoomChanged(msgspec.Struct, frozen=True):
    room: RoomState


class TrackPublished(msgspec.Struct, frozen=True):
    """Answers AddTrack: the client may negotiate now."""

    track: Track


class TrackUnpublished(msgspec.Struct, frozen=True):
    """The node took the client's own track away."""

    track: str


class TrackSubscribed(msgspec.Struct, frozen=True):
    """Somebody gets the client's own track, for the first time."""

    track: str


class SubscriptionFailed(msgspec.Struct, frozen=True):
    """No such track."""

    track: str


class SubscriptionAllowed(msgspec.Struct, frozen=True):
    publisher: str
    track: str
    allowed: bool


class Speaker(msgspec.Struct, frozen=True):
    """`level` is linear, 0..1."""

    sid: str
    level: float
    active: bool


class SpeakersChanged(msgspec.Struct, frozen=True):
    """Only those who changed."""

    speakers: tuple[Speaker, ...]


class ConnectionsChanged(msgspec.Struct, frozen=True):
    """(participant sid, connection, score 0..5)."""

    connections: tuple[tuple[str, Connection, float], ...]


class StreamsChanged(msgspec.Struct, frozen=True):
    """(publisher sid, track, paused by the node)."""

    streams: tuple[tuple[str, str, bool], ...]


class LayersWanted(msgspec.Struct, frozen=True):
    """The client should send all layers of its own video track, or rest."""

    track: str
    wanted: bool


class Answered(msgspec.Struct, frozen=True):
    """Answers the ask that is being handled; without it the ask was carried out. `request_id` 0: it has none."""

    request_id: int
    answer: Answer
    message: str


class TokenRefreshed(msgspec.Struct, frozen=True):
    token: str


class Dismissed(msgspec.Struct, frozen=True):
    """Always the last. None: the session to resume is not known."""

    reason: LeaveReason | None
    afterwards: Afterwards


Signal = (
    Joined
    | Resumed
    | Offer
    | AnswerSdp
    | AttendantsChanged
    | RoomChanged
    | TrackPublished
    | TrackUnpublished
    | TrackSubscribed
    | MuteTrack
    | SubscriptionFailed
    | SubscriptionAllowed
    | SpeakersChanged
    | ConnectionsChanged
    | StreamsChanged
    | LayersWanted
    | Answered
    | TokenRefreshed
    | Dismissed
)
