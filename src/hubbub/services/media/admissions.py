"""Who was let in by the voice service, and until when: what our own tokens are worth.

An admission is *pending* from `admit` until the first join, for as long as a token lives; *seated* while its
participant lives; then it is gone, and tokens with its id are spent. A participant that we ask to join anew
(`reconnect`) is *expected* back for a while, during which nobody is told that it left. The table is in memory: after a
restart every own token is spent, and clients ask the voice service again.
"""

from __future__ import annotations

import msgspec

from hubbub.clock import Clock
from hubbub.errors import Refused
from hubbub.services.media.access_token import LIFETIME
from hubbub.services.media.events import ParticipantLeft
from hubbub.services.media.signals import Rights


class Entry(msgspec.Struct, eq=False):
    """`sid`: the seated participant. `until`: when one without a seat is gone, in the clock's monotonic seconds.
    `absence`: the fact that is held back while the participant is expected."""

    jti: str
    room: str
    identity: str
    name: str
    rights: Rights
    until: float
    sid: str = ""
    absence: ParticipantLeft | None = None


EXPECTED = 30.0  # seconds in which a client that was told to join anew does so


class Admissions:
    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._entries: dict[str, Entry] = {}

    def add(self, jti: str, room: str, identity: str, name: str, rights: Rights) -> Entry:
        entry = Entry(jti, room, identity, name, rights, self._clock.monotonic() + LIFETIME)
        self._entries[jti] = entry
        return entry

    def find(self, jti: str) -> Entry:
        """Raises Refused when it is gone."""
        entry = self._entries.get(jti)
        if entry is None or (not entry.sid and entry.until < self._clock.monotonic()):
            raise Refused("media.token_spent")
        return entry

    def of(self, room: str, identity: str) -> tuple[Entry, ...]:
        """Pending and seated, oldest first."""
        return tuple(e for e in self._entries.values() if e.room == room and e.identity == identity)

    def all(self) -> tuple[Entry, ...]:
        return tuple(self._entries.values())

    def of_room(self, room: str) -> tuple[Entry, ...]:
        return tuple(e for e in self._entries.values() if e.room == room)

    def seat(self, entry: Entry, sid: str) -> tuple[Entry, ...]:
        """The newest admission of an identity that connects ends the older ones: these are given back."""
        ended: list[Entry] = []
        for other in self.of(entry.room, entry.identity):
            if other is entry:
                break  # what follows is newer
            self.end(other)
            ended.append(other)
        entry.sid = sid
        return tuple(ended)

    def expect(self, entry: Entry, absence: ParticipantLeft) -> None:
        """Its client was told to join again."""
        entry.sid, entry.absence = "", absence
        entry.until = self._clock.monotonic() + EXPECTED

    def end(self, entry: Entry) -> None:
        self._entries.pop(entry.jti, None)

    def expire(self) -> tuple[Entry, ...]:
        """Forget those whose time is over, and say which."""
        now = self._clock.monotonic()
        over = tuple(e for e in self._entries.values() if not e.sid and e.until < now)
        for entry in over:
            self.end(entry)
        return over
