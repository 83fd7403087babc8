"""One participant: who it is, what it may do, and how to tell it things. What it publishes and what it subscribes to are
machines of their own (`publishing.py`, `subscription.py`); who else is there is the room's to know.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import msgspec

from hubbub.infra.sfu.base import Engine
from hubbub.services.media.admissions import Entry
from hubbub.services.media.api import Participant as ParticipantSummary
from hubbub.services.media.api import SignalSink
from hubbub.services.media.liveness import Liveness
from hubbub.services.media.publishing import Publishing
from hubbub.services.media.quality import QualityMeter
from hubbub.services.media.signals import Attendant, AttendantsChanged, LeaveReason, Rights, Signal
from hubbub.services.media.subscription import Subscriptions

if TYPE_CHECKING:
    from hubbub.services.media.room import Room


class Profile(msgspec.Struct, frozen=True, kw_only=True):
    """Who joins. `entry`: the admission of one of our own tokens; an operator's token has none."""

    room: str
    identity: str
    name: str
    metadata: str
    attributes: dict[str, str]
    rights: Rights
    entry: Entry | None
    auto_subscribe: bool


class Participant:
    def __init__(self, room: Room, engine: Engine, sid: str, profile: Profile, sink: SignalSink, now: float) -> None:
        self.room = room
        self.sid = sid
        self.identity = profile.identity
        self.name = profile.name
        self.metadata = profile.metadata
        self.attributes = profile.attributes
        self.rights = profile.rights
        self.entry = profile.entry
        self.sink: SignalSink | None = sink
        self.state: Literal["joined", "active"] = "joined"
        self.gone = False
        self.joined_at = room.clock.now_ms()
        self.liveness = Liveness(now)
        self.quality = QualityMeter()
        self.publishing = Publishing(self, engine)
        self.subscriptions = Subscriptions(self, engine, profile.auto_subscribe)
        self.last_sequence = 0  # of the reliable data that arrived from it
        self.cut_on_resume: Literal["no", "before", "after"] = "no"  # a test of clients asked for it
        self.token_due = now  # when its token is renewed next, in monotonic seconds
        self._version = 1
        self._attendant: Attendant | None = None

    def tell(self, signal: Signal) -> None:
        """Lost while no connection is there: a resume gives the whole state again."""
        if self.sink is not None:
            self.sink.signal(signal)

    def touch(self) -> None:
        """Something that others see of it has changed."""
        self._version += 1
        self._attendant = None

    def release(self) -> None:
        """It is gone. Its machines hold it, so that without this all three would wait for the collector."""
        del self.publishing, self.subscriptions

    @property
    def attendant(self) -> Attendant:
        if self._attendant is None:
            self._attendant = self._describe(self.state, None)
        return self._attendant

    def farewell(self, reason: LeaveReason) -> Attendant:
        self._version += 1
        return self._describe("disconnected", reason)

    @property
    def summary(self) -> ParticipantSummary:
        return ParticipantSummary(
            identity=self.identity, sid=self.sid, joined_at=self.joined_at, sources=self.publishing.sources
        )

    def set_rights(self, rights: Rights) -> None:
        """In force when this returns: what is no longer allowed stops."""
        if rights == self.rights:
            return
        self.rights = rights
        self.touch()
        self.tell(
            AttendantsChanged((self.attendant,))
        )  # first: who loses a track for it shall know not to offer it again
        self.publishing.enforce()
        self.subscriptions.enforce()
        self.room.changed(self)

    def _describe(self, state: Literal["joined", "active", "disconnected"], left: LeaveReason | None) -> Attendant:
        return Attendant(
            sid=self.sid,
            identity=self.identity,
            name=self.name,
            metadata=self.metadata,
            attributes=dict(self.attributes),
            state=state,
            joined_at=self.joined_at,
            version=self._version,
            tracks=() if left else self.publishing.public,
            rights=self.rights,
            left=left,
        )
