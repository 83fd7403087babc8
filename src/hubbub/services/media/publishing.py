"""What one participant publishes: from `add_track` over the publisher side's offer to the room, and back.

A track is *planned* when the client said it will come, and *public* once an offer that carries it was answered: only
then others are told and subscribed. It ends when a later offer lacks it, or when the right to it ends.
"""

from __future__ import annotations

import logging
from collections import deque
from typing import TYPE_CHECKING

import msgspec

from hubbub.infra.sfu.base import Engine
from hubbub.services.media import sids
from hubbub.services.media.rights import may_publish
from hubbub.services.media.signals import (
    AllowSubscribers,
    Answered,
    AnswerSdp,
    LayersWanted,
    MuteTrack,
    Offer,
    Source,
    Track,
    TrackPlan,
    TrackPublished,
    TrackSubscribed,
    TrackUnpublished,
    UpdateAudio,
    UpdateVideo,
)

if TYPE_CHECKING:
    from hubbub.services.media.participant import Participant

TRACKS = 16  # of one participant
OFFERS = 8  # of one participant that wait for their answer
OFFER_RATE, OFFER_BURST = (
    2.0,
    30.0,
)  # a second, in the long run and at once: an answer may take 25 ms of everybody's media
log = logging.getLogger(__name__)


class Published:
    """A track and what the node knows of it. `heard`: its publisher was told that somebody gets it."""

    def __init__(self, publisher: Participant, plan: TrackPlan) -> None:
        self.publisher = publisher
        self.sid = sids.new("TR")
        self.plan = plan
        self.mid = ""
        self.self_muted = plan.muted
        self.stopped = False  # what the engine was told last
        self.public = False
        self.heard = False

    @property
    def muted(self) -> bool:
        """A moderator's mute takes all of somebody's sound, not only what they call their microphone."""
        return self.self_muted or (self.plan.kind == "audio" and self.publisher.rights.muted)

    @property
    def track(self) -> Track:
        return Track(self.sid, self.mid, self.muted, self.plan)


class Publishing:
    def __init__(self, participant: Participant, engine: Engine) -> None:
        self._participant = participant
        self._engine = engine
        self._tracks: dict[str, Published] = {}
        self._offers: deque[Offer] = deque()
        self._offers_left = OFFER_BURST
        self._offered_at = 0.0
        self._again: dict[str, TrackPlan] = {}  # by cid; published once the track of the same cid has ended
        self._allowed: AllowSubscribers | None = None

    # ---- what others ask

    @property
    def tracks(self) -> tuple[Published, ...]:
        """The public ones."""
        return tuple(t for t in self._tracks.values() if t.public)

    @property
    def public(self) -> tuple[Track, ...]:
        return tuple(t.track for t in self.tracks)

    @property
    def planned(self) -> tuple[Track, ...]:
        return tuple(t.track for t in self._tracks.values() if not t.public)

    @property
    def sources(self) -> tuple[Source, ...]:
        """What is published and not muted by the publisher."""
        return tuple(sorted({t.plan.source for t in self.tracks if not t.self_muted}))

    def allows(self, subscriber: Participant, track: Published) -> bool:
        if self._allowed is None or self._allowed.everybody:
            return True
        return any(
            (each.sid == subscriber.sid or each.identity == subscriber.identity)
            and (each.all_tracks or track.sid in each.tracks)
            for each in self._allowed.allowances
        )

    # ---- what the client asks

    def add(self, plan: TrackPlan) -> None:
        known = next((t for t in self._tracks.values() if t.plan.cid == plan.cid), None)
        if known is not None:
            if known.public:  # unpublished and published again at once: its end is on the way, in the next offer
                self._again[plan.cid] = plan
            else:
                self._participant.tell(TrackPublished(known.track))
            return
        if not may_publish(self._participant.rights, plan.source, plan.kind):
            self._participant.tell(Answered(0, "not_allowed", f"may not publish {plan.source}"))
            return
        if len(self._tracks) >= TRACKS:
            self._participant.tell(Answered(0, "limit_exceeded", f"at most {TRACKS} tracks"))
            return
        track = Published(self._participant, plan)
        self._tracks[track.sid] = track
        self._engine.announce_track(self._participant.sid, plan.cid, track.sid, plan.kind)
        self._stop(track)
        self._participant.tell(TrackPublished(track.track))

    def offer(self, offer: Offer) -> None:
        if len(self._offers) >= OFFERS or not self._may_offer(self._participant.room.clock.monotonic()):
            log.warning("participant %s sends offers too fast", self._participant.sid)
            self._participant.room.misbehaved(self._participant)
            return
        self._offers.append(offer)
        self._engine.publisher_offer(self._participant.sid, offer.sdp)

    def mute(self, ask: MuteTrack) -> None:
        track = self._tracks.get(ask.track)
        if track is None:
            self._participant.tell(Answered(0, "not_found", "no such track"))
        elif track.self_muted != ask.muted:
            track.self_muted = ask.muted
            self._stop(track)
            self._show(track)

    def allow(self, ask: AllowSubscribers) -> None:
        self._allowed = ask
        for track in self.tracks:
            self._participant.room.consider(track)

    def update_audio(self, ask: UpdateAudio) -> None:
        track = self._tracks.get(ask.track)
        if track is None or track.plan.kind != "audio":
            self._participant.tell(Answered(0, "not_found", "no such audio track"))
            return
        track.plan = msgspec.structs.replace(track.plan, features=ask.features)
        self._show(track)

    def update_video(self, ask: UpdateVideo) -> None:
        track = self._tracks.get(ask.track)
        if track is None or track.plan.kind != "video":
            self._participant.tell(Answered(0, "not_found", "no such video track"))
            return
        track.plan = msgspec.structs.replace(track.plan, width=ask.width, height=ask.height)
        self._show(track)

    # ---- what the engine says

    def answered(self, sdp: str) -> None:
        """Offers are answered in order."""
        if not self._offers:
            return
        offer = self._offers.popleft()
        self._participant.tell(AnswerSdp(offer.id, sdp))
        for track in list(self._tracks.values()):
            if not track.public and track.plan.cid in offer.sdp:
                self._publish(track)

    def refused(self, reason: str) -> None:
        """The client gives up on its own after a while; the connection goes on as it was."""
        if self._offers:
            self._offers.popleft()
        log.warning("an offer of participant %s was refused: %s", self._participant.sid, reason)

    def started(self, track_sid: str, mid: str) -> None:
        if (track := self._tracks.get(track_sid)) is not None:
            track.mid = mid
            self._participant.touch()
            if not track.public:
                self._publish(track)

    def ended(self, track_sid: str) -> None:
        if (track := self._tracks.get(track_sid)) is not None:
            self._drop(track)

    # ---- what the room does

    def heard(self, track: Published) -> None:
        """A subscriber got the track."""
        if not track.heard:
            track.heard = True
            self._participant.tell(TrackSubscribed(track.sid))

    def enforce(self) -> None:
        """The rights changed: end what is no longer allowed, mute and unmute the rest."""
        rights = self._participant.rights
        for track in list(self._tracks.values()):
            if may_publish(rights, track.plan.source, track.plan.kind):
                self._stop(track)
            else:
                self._participant.tell(TrackUnpublished(track.sid))
                self._drop(track)

    # ---- inside

    def _may_offer(self, now: float) -> bool:
        self._offers_left = min(OFFER_BURST, self._offers_left + (now - self._offered_at) * OFFER_RATE) - 1
        self._offered_at = now
        return self._offers_left >= 0

    def _publish(self, track: Published) -> None:
        track.public = True
        if track.plan.kind == "video":
            self._participant.tell(LayersWanted(track.sid, True))
        self._participant.touch()
        self._participant.room.track_published(track)

    def _show(self, track: Published) -> None:
        if track.public:
            self._participant.touch()
            self._participant.room.changed(self._participant)

    def _stop(self, track: Published) -> None:
        """Have the engine forward the track, or not."""
        if track.stopped != track.muted:
            track.stopped = track.muted
            self._engine.mute_track(track.sid, track.muted)
            if track.muted and track.plan.kind == "audio":
                self._participant.room.silence(self._participant)

    def _drop(self, track: Published) -> None:
        del self._tracks[track.sid]
        self._engine.withdraw_track(track.sid)
        if track.public:
            self._participant.touch()
            self._participant.room.track_ended(track)
        if (plan := self._again.pop(track.plan.cid, None)) is not None:
            self.add(plan)
