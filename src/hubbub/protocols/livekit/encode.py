"""Signals of the node -> `SignalResponse` bytes. Pure, but for the memory of the last one (`Encoder`).

There is no `trickle` from us: every offer and answer holds all our candidates and `a=end-of-candidates`. (LiveKit's last
one is empty and `final`; the Rust SDK aborts the process over an empty candidate that names a section.)
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from livekit.protocol import models, rtc

from hubbub.protocols.livekit import describe
from hubbub.protocols.websocket.codec import BINARY, frame
from hubbub.services.media.api import signals

PING_INTERVAL, PING_TIMEOUT = 5, 15  # seconds; what clients shall do
# The protocol version that we say we speak: clients turn features on by it. 15 has request_response; 16 would be the
# single peer connection of /rtc/v1.
PROTOCOL = 15
VERSION = "1.9.0"  # of the LiveKit server whose behaviour SDKs may expect of us

_QUALITIES: dict[signals.Connection, models.ConnectionQuality] = {
    "excellent": models.ConnectionQuality.EXCELLENT,
    "good": models.ConnectionQuality.GOOD,
    "poor": models.ConnectionQuality.POOR,
    "lost": models.ConnectionQuality.LOST,
}
_ACTIONS: dict[signals.Afterwards, rtc.LeaveRequest.Action] = {
    "disconnect": rtc.LeaveRequest.DISCONNECT,
    "resume": rtc.LeaveRequest.RESUME,
    "reconnect": rtc.LeaveRequest.RECONNECT,
}
_ANSWERS: dict[signals.Answer, rtc.RequestResponse.Reason] = {
    "ok": rtc.RequestResponse.OK,
    "not_found": rtc.RequestResponse.NOT_FOUND,
    "not_allowed": rtc.RequestResponse.NOT_ALLOWED,
    "limit_exceeded": rtc.RequestResponse.LIMIT_EXCEEDED,
    "unsupported": rtc.RequestResponse.UNSUPPORTED_TYPE,
    "invalid": rtc.RequestResponse.INVALID_REQUEST,
}
# Requests that a RequestResponse can echo; both messages call them the same.
_ECHOED = ("trickle", "add_track", "mute", "update_metadata", "update_audio_track", "update_video_track")


class IceServer(NamedTuple):
    """STUN or TURN, as browsers want it."""

    urls: tuple[str, ...]
    username: str
    credential: str


class Encoder:
    """What all connections of a process share. A signal that goes to many is encoded once: they come in a row."""

    def __init__(self, ice_servers: Sequence[IceServer], node_id: str, region: str) -> None:
        self._ice_servers = [
            rtc.ICEServer(urls=s.urls, username=s.username, credential=s.credential) for s in ice_servers
        ]
        self._server = models.ServerInfo(
            edition=models.ServerInfo.Standard, version=VERSION, protocol=PROTOCOL, node_id=node_id, region=region
        )
        self._last: signals.Signal | None = None
        self._frame = b""

    def frame(self, signal: signals.Signal) -> bytes:
        if signal is not self._last:
            self._frame = frame(BINARY, self.response(signal).SerializeToString())
            self._last = signal
        return self._frame

    def answered(self, signal: signals.Answered, request: rtc.SignalRequest) -> bytes:
        """`request_response`, with the request in it."""
        response = _request_response(signal)
        kind = request.WhichOneof("message")
        if kind in _ECHOED:
            getattr(response, kind).CopyFrom(getattr(request, kind))
        return frame(BINARY, rtc.SignalResponse(request_response=response).SerializeToString())

    def response(self, signal: signals.Signal) -> rtc.SignalResponse:
        match signal:
            case signals.Joined():
                return self._joined(signal)
            case signals.Resumed(last_sequence):
                reconnect = rtc.ReconnectResponse(
                    ice_servers=self._ice_servers, server_info=self._server, last_message_seq=last_sequence
                )
                return rtc.SignalResponse(reconnect=reconnect)
            case signals.Dismissed():
                return _dismissed(signal)
            case signals.Offer(id_, sdp):
                return rtc.SignalResponse(offer=rtc.SessionDescription(type="offer", sdp=sdp, id=id_))
            case signals.AnswerSdp(id_, sdp):
                return rtc.SignalResponse(answer=rtc.SessionDescription(type="answer", sdp=sdp, id=id_))
            case signals.AttendantsChanged(attendants):
                participants = [describe.participant(a) for a in attendants]
                return rtc.SignalResponse(update=rtc.ParticipantUpdate(participants=participants))
            case signals.RoomChanged(room):
                return rtc.SignalResponse(room_update=rtc.RoomUpdate(room=describe.room(room)))
            case signals.TokenRefreshed(token):
                return rtc.SignalResponse(refresh_token=token)
            case signals.SpeakersChanged(speakers):
                changed = [models.SpeakerInfo(sid=s.sid, level=s.level, active=s.active) for s in speakers]
                return rtc.SignalResponse(speakers_changed=rtc.SpeakersChanged(speakers=changed))
            case signals.ConnectionsChanged(connections):
                updates = [
                    rtc.ConnectionQualityInfo(participant_sid=sid, quality=_QUALITIES[connection], score=score)
                    for sid, connection, score in connections
                ]
                return rtc.SignalResponse(connection_quality=rtc.ConnectionQualityUpdate(updates=updates))
            case signals.Answered():
                return rtc.SignalResponse(request_response=_request_response(signal))
            case _:
                return _of_track(signal)

    def _joined(self, signal: signals.Joined) -> rtc.SignalResponse:
        return rtc.SignalResponse(
            join=rtc.JoinResponse(
                room=describe.room(signal.room),
                participant=describe.participant(signal.me),
                other_participants=[describe.participant(a) for a in signal.others],
                server_version=VERSION,
                server_info=self._server,
                ice_servers=self._ice_servers,
                subscriber_primary=True,
                ping_interval=PING_INTERVAL,
                ping_timeout=PING_TIMEOUT,
                enabled_publish_codecs=describe.codecs(),
                fast_publish=bool(signal.me.rights.sources),  # the publisher side is up before it is needed
            )
        )


def _request_response(signal: signals.Answered) -> rtc.RequestResponse:
    return rtc.RequestResponse(request_id=signal.request_id, reason=_ANSWERS[signal.answer], message=signal.message)


def unsupported(request: rtc.SignalRequest) -> bytes | None:
    """Requests that clients wait for the answer of, and that we do not know: data tracks and blobs."""
    response = rtc.RequestResponse(reason=rtc.RequestResponse.UNSUPPORTED_TYPE, message="not offered here")
    match request.WhichOneof("message"):
        case "publish_data_track_request":
            response.publish_data_track.CopyFrom(request.publish_data_track_request)
        case "unpublish_data_track_request":
            response.unpublish_data_track.CopyFrom(request.unpublish_data_track_request)
        case "store_data_blob_request":
            response.request_id = request.store_data_blob_request.request_id
        case "get_data_blob_request":
            response.request_id = request.get_data_blob_request.request_id
        case _:
            return None
    return frame(BINARY, rtc.SignalResponse(request_response=response).SerializeToString())


def _of_track(signal: signals.Signal) -> rtc.SignalResponse:
    match signal:
        case signals.TrackPublished(track):
            published = rtc.TrackPublishedResponse(cid=track.plan.cid, track=describe.track(track))
            return rtc.SignalResponse(track_published=published)
        case signals.TrackUnpublished(sid):
            return rtc.SignalResponse(track_unpublished=rtc.TrackUnpublishedResponse(track_sid=sid))
        case signals.TrackSubscribed(sid):
            return rtc.SignalResponse(track_subscribed=rtc.TrackSubscribed(track_sid=sid))
        case signals.MuteTrack(sid, muted):
            return rtc.SignalResponse(mute=rtc.MuteTrackRequest(sid=sid, muted=muted))
        case signals.SubscriptionFailed(sid):
            failed = rtc.SubscriptionResponse(track_sid=sid, err=models.SE_TRACK_NOTFOUND)
            return rtc.SignalResponse(subscription_response=failed)
        case signals.SubscriptionAllowed(publisher, sid, allowed):
            update = rtc.SubscriptionPermissionUpdate(participant_sid=publisher, track_sid=sid, allowed=allowed)
            return rtc.SignalResponse(subscription_permission_update=update)
        case signals.StreamsChanged(streams):
            states = [
                rtc.StreamStateInfo(
                    participant_sid=publisher, track_sid=sid, state=rtc.PAUSED if paused else rtc.StreamState.ACTIVE
                )
                for publisher, sid, paused in streams
            ]
            return rtc.SignalResponse(stream_state_update=rtc.StreamStateUpdate(stream_states=states))
        case signals.LayersWanted(sid, wanted):
            return _layers_wanted(sid, wanted)
        case _:
            raise TypeError(f"no LiveKit message for {type(signal).__name__}")


def _layers_wanted(sid: str, wanted: bool) -> rtc.SignalResponse:
    """Both forms: `subscribed_qualities` is what older clients read."""
    qualities = [rtc.SubscribedQuality(quality=q, enabled=wanted) for q in (models.LOW, models.MEDIUM, models.HIGH)]
    update = rtc.SubscribedQualityUpdate(
        track_sid=sid,
        subscribed_qualities=qualities,
        subscribed_codecs=[rtc.SubscribedCodec(codec="vp8", qualities=qualities)],
    )
    return rtc.SignalResponse(subscribed_quality_update=update)


def _dismissed(signal: signals.Dismissed) -> rtc.SignalResponse:
    reason = models.STATE_MISMATCH if signal.reason is None else describe.REASONS[signal.reason]
    leave = rtc.LeaveRequest(
        reason=reason, action=_ACTIONS[signal.afterwards], can_reconnect=signal.afterwards != "disconnect"
    )
    return rtc.SignalResponse(leave=leave)
