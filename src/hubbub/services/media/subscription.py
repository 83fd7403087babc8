"""What one participant gets: which tracks, paused or not, and the offers of its subscriber side.

A track is subscribed when three agree: the client wants it (by itself, or because it wants all), its publisher allows
it, and the participant may subscribe at all. It is paused while the client does not show it, or is deafened.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from hubbub.infra.sfu.base import Engine
from hubbub.services.media.signals import (
    AnswerSdp,
    Offer,
    PauseTracks,
    StreamsChanged,
    Subscribe,
    SubscriptionAllowed,
    SubscriptionFailed,
)

if TYPE_CHECKING:
    from hubbub.services.media.participant import Participant
    from hubbub.services.media.publishing import Published

CHOICES = 4096  # tracks that one client may have an opinion about
log = logging.getLogger(__name__)


class Subscriptions:
    def __init__(self, participant: Participant, engine: Engine, automatic: bool) -> None:
        self._participant = participant
        self._engine = engine
        self._automatic = automatic
        self._chosen: dict[str, bool] = {}  # by the client, against or beyond `automatic`
        self._hidden: set[str] = set()  # not shown by the client now
        self._active: dict[str, Published] = {}
        self._paused: set[str] = set()  # what the engine was told
        self._unheard: set[str] = set()  # subscribed since the last answer
        self._denied: set[str] = set()  # by their publishers, as the client was told
        self._offer = 0  # id of the newest offer; they count from 1
        self._in_flight = False  # no answer came yet. Its SDP is not kept: it is as long as the room is full

    def open(self) -> None:
        self._engine.open_subscriber(self._participant.sid)

    def restart(self) -> None:
        """After a resume. What was in flight on the old socket never gets its answer: the new offer stands for it."""
        self._in_flight = False
        for track in self._participant.room.tracks:
            self.consider(track)
        self._engine.restart_subscriber(self._participant.sid)

    # ---- what the client asks

    def answer(self, answer: AnswerSdp) -> None:
        """An answer to an offer that was replaced by a newer one says nothing any more. (Old clients give no id.)"""
        if self._in_flight and answer.id in (0, self._offer):
            self._in_flight = False
            self._engine.subscriber_answer(self._participant.sid, answer.sdp)
            for sid in self._unheard:
                if (track := self._active.get(sid)) is not None:
                    track.publisher.publishing.heard(track)
            self._unheard.clear()

    def choose(self, ask: Subscribe) -> None:
        for sid in ask.tracks:
            track = self._participant.room.find_track(sid)
            if len(self._chosen) < CHOICES or sid in self._chosen:
                self._chosen[sid] = ask.wanted
            if track is not None:
                self.consider(track)
            elif ask.wanted:
                self._participant.tell(SubscriptionFailed(sid))

    def pause(self, ask: PauseTracks) -> None:
        for sid in ask.tracks:
            if not ask.paused:
                self._hidden.discard(sid)
            elif len(self._hidden) < CHOICES:
                self._hidden.add(sid)
            if sid in self._active:
                self._set_pause(sid)

    # ---- what the engine says

    def offered(self, sdp: str) -> None:
        self._offer += 1
        self._in_flight = True
        self._participant.tell(Offer(self._offer, sdp))

    def refused(self, reason: str) -> None:
        """The client's answer was useless, so its side is out of step: only joining anew helps."""
        log.warning("an answer of participant %s was refused: %s", self._participant.sid, reason)
        self._participant.room.remove(self._participant, "lost", "reconnect")

    # ---- what the room does

    def consider(self, track: Published) -> None:
        """Subscribe or unsubscribe, whatever is right now."""
        if track.publisher is self._participant:
            return
        allowed = track.publisher.publishing.allows(self._participant, track)
        if allowed == (track.sid in self._denied):
            (self._denied.discard if allowed else self._denied.add)(track.sid)
            self._participant.tell(SubscriptionAllowed(track.publisher.sid, track.sid, allowed))
        wanted = allowed and self._participant.rights.subscribe and self._chosen.get(track.sid, self._automatic)
        if wanted == (track.sid in self._active):
            return
        if wanted and self._participant.sink is None:
            return  # cut: it could not answer an offer, and may never come back; `restart` asks again
        if wanted:
            self._active[track.sid] = track
            self._unheard.add(track.sid)
            self._engine.subscribe(self._participant.sid, track.sid)
            self._set_pause(track.sid)
        else:
            self._forget(track.sid)
            self._engine.unsubscribe(self._participant.sid, track.sid)

    def ended(self, track: Published) -> None:
        """Withdrawn: the engine has ended the subscription itself."""
        self._forget(track.sid)
        self._chosen.pop(track.sid, None)
        self._hidden.discard(track.sid)
        self._denied.discard(track.sid)

    def enforce(self) -> None:
        """The participant's rights changed."""
        for track in self._participant.room.tracks:
            self.consider(track)
        changed: list[tuple[str, str, bool]] = []
        for sid, track in self._active.items():
            if self._set_pause(sid):
                changed.append((track.publisher.sid, sid, sid in self._paused))
        if changed:
            self._participant.tell(StreamsChanged(tuple(changed)))

    # ---- inside

    def _set_pause(self, sid: str) -> bool:
        """Whether it changed."""
        paused = self._participant.rights.deafened or sid in self._hidden
        if paused == (sid in self._paused):
            return False
        if paused:
            self._paused.add(sid)
        else:
            self._paused.discard(sid)
        self._engine.pause(self._participant.sid, sid, paused)
        return True

    def _forget(self, sid: str) -> None:
        self._active.pop(sid, None)
        self._paused.discard(sid)
        self._unheard.discard(sid)
