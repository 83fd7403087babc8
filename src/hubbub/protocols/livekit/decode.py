"""`SignalRequest` -> what the client asks of the node. Pure.

None: nothing for the node, because the message is answered without it (pings), says nothing that an ICE-lite server
needs (trickled candidates), or is of a later version. Lists are cut, not refused: see `LONGEST`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from livekit.protocol import models, rtc

from hubbub.services.media.api import Source, signals

LONGEST = 1024  # entries of a list that a client may send
TEXT = 256  # characters of a name

SOURCES: dict[int, Source] = {
    models.TrackSource.MICROPHONE: "microphone",
    models.TrackSource.CAMERA: "camera",
    models.TrackSource.SCREEN_SHARE: "screen",
    models.TrackSource.SCREEN_SHARE_AUDIO: "screen_audio",
}


class Malformed(Exception):
    """Bytes that are no SignalRequest, or a request that lacks what it cannot do without."""


def decode(request: rtc.SignalRequest) -> signals.Ask | None:
    kind = request.WhichOneof("message")
    decoder = _DECODERS.get(kind or "")
    return decoder(getattr(request, kind)) if decoder and kind else None


def _offer(m: rtc.SessionDescription) -> signals.Ask:
    if not m.sdp:
        raise Malformed("an offer without SDP")
    return signals.Offer(m.id, m.sdp)


def _answer(m: rtc.SessionDescription) -> signals.Ask:
    if not m.sdp:
        raise Malformed("an answer without SDP")
    return signals.AnswerSdp(m.id, m.sdp)


def _add_track(m: rtc.AddTrackRequest) -> signals.Ask | None:
    if m.type not in (models.TrackType.AUDIO, models.TrackType.VIDEO):
        return None
    if not m.cid or len(m.cid) > TEXT:
        raise Malformed("a track needs a cid")
    audio = m.type == models.TrackType.AUDIO
    features = {*m.audio_features}
    if m.stereo:
        features.add(models.AudioTrackFeature.TF_STEREO)
    if audio and m.disable_dtx:
        features.add(models.AudioTrackFeature.TF_NO_DTX)
    return signals.AddTrack(
        signals.TrackPlan(
            cid=m.cid,
            kind="audio" if audio else "video",
            source=SOURCES.get(m.source, "unknown"),
            name=m.name[:TEXT],
            muted=m.muted,
            width=m.width,
            height=m.height,
            layers=_layers(m),
            stream=m.stream[:TEXT],
            stereo=m.stereo,
            disable_dtx=m.disable_dtx,
            disable_red=m.disable_red,
            encryption=m.encryption,
            features=tuple(sorted(features))[:16],
        )
    )


def _layers(m: rtc.AddTrackRequest) -> tuple[signals.Layer, ...]:
    """Newer clients put them into the codec only."""
    layers = m.layers or (m.simulcast_codecs[0].layers if m.simulcast_codecs else ())
    return tuple(signals.Layer(x.quality, x.width, x.height, x.bitrate, x.rid[:16]) for x in list(layers)[:4])


def _mute(m: rtc.MuteTrackRequest) -> signals.Ask:
    return signals.MuteTrack(m.sid, m.muted)


def _subscription(m: rtc.UpdateSubscription) -> signals.Subscribe:
    sids = [*m.track_sids, *(sid for each in m.participant_tracks for sid in each.track_sids)]
    return signals.Subscribe(_texts(sids), m.subscribe)


def _track_setting(m: rtc.UpdateTrackSettings) -> signals.Ask:
    return signals.PauseTracks(_texts(m.track_sids), m.disabled or m.quality == models.VideoQuality.OFF)


def _permission(m: rtc.SubscriptionPermission) -> signals.Ask:
    return signals.AllowSubscribers(
        m.all_participants,
        tuple(
            signals.Allowance(
                each.participant_sid, each.participant_identity, each.all_tracks, frozenset(_texts(each.track_sids))
            )
            for each in list(m.track_permissions)[:LONGEST]
        ),
    )


def _sync_state(m: rtc.SyncState) -> signals.Ask:
    return signals.Synchronize(
        subscription=_subscription(m.subscription) if m.HasField("subscription") else None,
        paused=_texts(m.track_sids_disabled),
        received=tuple((s.publisher_sid, s.last_seq) for s in list(m.datachannel_receive_states)[:LONGEST]),
    )


def _metadata(m: rtc.UpdateParticipantMetadata) -> signals.Ask:
    return signals.UpdateProfile(
        request_id=m.request_id, name=m.name, metadata=m.metadata, attributes=dict(m.attributes)
    )


def _audio(m: rtc.UpdateLocalAudioTrack) -> signals.Ask:
    return signals.UpdateAudio(m.track_sid, tuple(m.features)[:16])


def _video(m: rtc.UpdateLocalVideoTrack) -> signals.Ask:
    return signals.UpdateVideo(m.track_sid, m.width, m.height)


def _leave(m: rtc.LeaveRequest) -> signals.Ask:
    return signals.Leave()


def _simulate(m: rtc.SimulateScenario) -> signals.Ask | None:
    names: dict[str, signals.Scenario] = {
        "speaker_update": "speakers",
        "node_failure": "node_failure",
        "server_leave": "server_leave",
        "leave_request_full_reconnect": "full_reconnect",
        "disconnect_signal_on_resume": "cut_on_resume",
        "disconnect_signal_on_resume_no_messages": "cut_before_resumed",
    }
    scenario = names.get(m.WhichOneof("scenario") or "")
    return signals.Simulate(scenario, min(max(m.speaker_update, 0), 60)) if scenario else None


def _texts(values: Iterable[str]) -> tuple[str, ...]:
    return tuple(values)[:LONGEST]


_DECODERS: dict[str, Callable[[Any], signals.Ask | None]] = {
    "offer": _offer,
    "answer": _answer,
    "add_track": _add_track,
    "mute": _mute,
    "subscription": _subscription,
    "track_setting": _track_setting,
    "subscription_permission": _permission,
    "sync_state": _sync_state,
    "update_metadata": _metadata,
    "update_audio_track": _audio,
    "update_video_track": _video,
    "simulate": _simulate,
    "leave": _leave,
}
