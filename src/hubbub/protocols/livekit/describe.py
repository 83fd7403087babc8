"""Participants, tracks and rooms as LiveKit's protobufs. Pure."""

from __future__ import annotations

from typing import cast

from livekit.protocol import models

from hubbub.services.media.api import LeaveReason, Source, signals

OPUS, VP8 = "audio/opus", "video/VP8"  # all that the node forwards
_SOURCES: dict[Source, models.TrackSource] = {
    "microphone": models.MICROPHONE,
    "camera": models.CAMERA,
    "screen": models.SCREEN_SHARE,
    "screen_audio": models.SCREEN_SHARE_AUDIO,
    "unknown": models.UNKNOWN,
}
_STATES = {
    "joined": models.ParticipantInfo.JOINED,
    "active": models.ParticipantInfo.ACTIVE,
    "disconnected": models.ParticipantInfo.DISCONNECTED,
}
_QUALITIES = {0: models.LOW, 1: models.MEDIUM, 2: models.HIGH}
REASONS: dict[LeaveReason, models.DisconnectReason] = {
    "left": models.CLIENT_INITIATED,
    "lost": models.CONNECTION_TIMEOUT,
    "replaced": models.DUPLICATE_IDENTITY,
    "removed": models.PARTICIPANT_REMOVED,
    "moved": models.MIGRATION,
    "never_came": models.JOIN_FAILURE,
    "room_closed": models.ROOM_DELETED,
    "server_stopped": models.SERVER_SHUTDOWN,
}


def room(state: signals.RoomState) -> models.Room:
    return models.Room(
        sid=state.sid,
        name=state.name,
        creation_time=state.created_at // 1000,
        creation_time_ms=state.created_at,
        num_participants=state.participants,
        num_publishers=state.publishers,
        metadata=state.metadata,
        max_participants=state.limit,
        empty_timeout=state.empty_timeout,
        departure_timeout=state.departure_timeout,
        enabled_codecs=codecs(),
    )


def codecs() -> list[models.Codec]:
    return [models.Codec(mime=OPUS), models.Codec(mime=VP8)]


def participant(attendant: signals.Attendant) -> models.ParticipantInfo:
    return models.ParticipantInfo(
        sid=attendant.sid,
        identity=attendant.identity,
        name=attendant.name,
        metadata=attendant.metadata,
        attributes=attendant.attributes,
        state=_STATES[attendant.state],
        joined_at=attendant.joined_at // 1000,
        joined_at_ms=attendant.joined_at,
        version=attendant.version,
        is_publisher=bool(attendant.tracks),
        tracks=[track(t) for t in attendant.tracks],
        permission=permission(attendant.rights),
        disconnect_reason=REASONS[attendant.left] if attendant.left else models.UNKNOWN_REASON,
    )


def permission(rights: signals.Rights) -> models.ParticipantPermission:
    everything = "unknown" in rights.sources
    return models.ParticipantPermission(
        can_subscribe=rights.subscribe,
        can_publish=bool(rights.sources),
        can_publish_data=rights.data,
        can_publish_sources=[] if everything else [_SOURCES[s] for s in sorted(rights.sources)],
        hidden=rights.hidden,
        can_update_metadata=rights.update_profile,
    )


def track(each: signals.Track) -> models.TrackInfo:
    plan = each.plan
    audio = plan.kind == "audio"
    mime = OPUS if audio else VP8
    layers = [_layer(x) for x in plan.layers]
    return models.TrackInfo(
        sid=each.sid,
        type=models.AUDIO if audio else models.VIDEO,
        source=_SOURCES[plan.source],
        name=plan.name,
        muted=each.muted,
        width=plan.width,
        height=plan.height,
        simulcast=len(layers) > 1,
        layers=layers,
        mime_type=mime,
        mid=each.mid,
        codecs=[models.SimulcastCodecInfo(mime_type=mime, mid=each.mid, cid=plan.cid, layers=layers)],
        stream=plan.stream,
        stereo=plan.stereo,
        disable_dtx=plan.disable_dtx,
        disable_red=True,  # no RED on either side: livekit-client looks at it before it offers
        encryption=cast(models.Encryption.Type, plan.encryption),
        audio_features=cast(tuple[models.AudioTrackFeature, ...], plan.features) if audio else (),
    )


def _layer(layer: signals.Layer) -> models.VideoLayer:
    return models.VideoLayer(
        quality=_QUALITIES.get(layer.quality, models.HIGH),
        width=layer.width,
        height=layer.height,
        bitrate=layer.bitrate,
        rid=layer.rid,
    )
