"""What a client asks, taken to whom it concerns. One participant and its connection."""

from __future__ import annotations

from collections.abc import Callable

from hubbub.clock import Clock
from hubbub.services.media.api import SignalSink
from hubbub.services.media.participant import Participant
from hubbub.services.media.signals import (
    AddTrack,
    AllowSubscribers,
    Answered,
    AnswerSdp,
    Ask,
    Leave,
    MuteTrack,
    Offer,
    PauseTracks,
    Simulate,
    Speaker,
    SpeakersChanged,
    Subscribe,
    Synchronize,
    UpdateAudio,
    UpdateProfile,
    UpdateVideo,
)

NAME, METADATA, ATTRIBUTES = 256, 16_384, 16_384  # characters; attributes: keys and values added up


class ParticipantSeat:
    """Implements Seat."""

    def __init__(self, participant: Participant, clock: Clock) -> None:
        self._participant = participant
        self._clock = clock

    def alive(self) -> None:
        self._participant.liveness.heard(self._clock.monotonic())

    def misbehaved(self) -> None:
        self._participant.room.misbehaved(self._participant)

    def cut(self, sink: SignalSink) -> None:
        """Ignored for a connection that was replaced by a resume."""
        if self._participant.sink is sink:
            self._participant.sink = None
            self._participant.liveness.cut(self._clock.monotonic())

    def ask(self, ask: Ask) -> None:
        if self._participant.gone:
            return
        publishing, subscriptions = self._participant.publishing, self._participant.subscriptions
        match ask:
            case Offer():
                publishing.offer(ask)
            case AnswerSdp():
                subscriptions.answer(ask)
            case AddTrack():
                publishing.add(ask.plan)
            case MuteTrack():
                publishing.mute(ask)
            case Subscribe():
                subscriptions.choose(ask)
            case PauseTracks():
                subscriptions.pause(ask)
            case AllowSubscribers():
                publishing.allow(ask)
            case UpdateAudio():
                publishing.update_audio(ask)
            case UpdateVideo():
                publishing.update_video(ask)
            case Synchronize():
                self._synchronize(ask)
            case UpdateProfile():
                self._update_profile(ask)
            case Simulate():
                self._simulate(ask)
            case Leave():
                self._participant.room.remove(self._participant, "left", "disconnect")

    def _synchronize(self, ask: Synchronize) -> None:
        if ask.subscription is not None:
            self._participant.subscriptions.choose(ask.subscription)
        self._participant.subscriptions.pause(PauseTracks(ask.paused, True))
        self._participant.room.data.replay(self._participant, dict(ask.received))

    def _update_profile(self, ask: UpdateProfile) -> None:
        """Answered on success too: clients wait for it."""
        who = self._participant
        if not who.rights.update_profile:
            who.tell(Answered(ask.request_id, "not_allowed", "may not change their own metadata"))
            return
        attributes = {k: v for k, v in {**who.attributes, **ask.attributes}.items() if v}
        size = sum(len(k) + len(v) for k, v in attributes.items())
        if len(ask.name) > NAME or len(ask.metadata) > METADATA or size > ATTRIBUTES:
            who.tell(Answered(ask.request_id, "limit_exceeded", "name, metadata or attributes are too long"))
            return
        who.name, who.metadata, who.attributes = ask.name or who.name, ask.metadata or who.metadata, attributes
        who.touch()
        who.room.changed(who)
        who.tell(Answered(ask.request_id, "ok", ""))

    def _simulate(self, ask: Simulate) -> None:
        """Harms nobody but who asks."""
        who = self._participant
        leave: Callable[..., None] = who.room.remove
        match ask.scenario:
            case "speakers":
                who.tell(SpeakersChanged((Speaker(who.sid, 0.5, True),)))
            case "node_failure":
                if who.sink is not None:  # no word of farewell
                    who.sink.hang_up()
                    who.sink = None
                leave(who, "lost", "reconnect")
            case "server_leave":
                leave(who, "removed", "disconnect")
            case "full_reconnect":
                leave(who, "lost", "reconnect")
            case "cut_on_resume":
                who.cut_on_resume = "after"
            case "cut_before_resumed":
                who.cut_on_resume = "before"
