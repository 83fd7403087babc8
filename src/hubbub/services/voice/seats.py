"""Who sits where: the one place that changes seats. In memory for reading, in the table to survive the process.

Invariants: one seat per person. `seq` of a person only rises, also over leaving and restarts (it is never below the
clock). A move is told to the new room first and to the old room after that, with the smaller `seq`: whoever sees
both rooms never believes that the person was gone.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable

import msgspec

from hubbub.clock import Clock
from hubbub.events import Event
from hubbub.infra.database.base import Database, Transaction
from hubbub.services.user.api import User
from hubbub.services.voice import store
from hubbub.services.voice.api import VoiceState
from hubbub.services.voice.events import SessionCreated, SessionEnded, VoiceStateChanged


class Seat(msgspec.Struct, frozen=True, kw_only=True):
    """`sid`: the live participant, None until media has come. `expires` (ms) is when an unused seat is given up."""

    user: User
    session_id: int
    server_id: int
    channel_id: int
    self_mute: bool
    self_deaf: bool
    mute: bool
    deaf: bool
    suppress: bool
    self_video: bool
    self_stream: bool
    joined_at: int
    seq: int
    sid: str | None
    expires: int

    @property
    def room(self) -> str:
        return f"{self.server_id}:{self.channel_id}"

    @property
    def identity(self) -> str:
        return str(self.user.id)


class Seats:
    def __init__(self, database: Database, clock: Clock, publish: Callable[[Event], None]) -> None:
        self._database = database
        self._clock = clock
        self._publish = publish
        self._by_user: dict[int, Seat] = {}
        self._by_channel: dict[int, dict[int, None]] = {}  # in the order in which they came
        self._last_seq: dict[int, int] = {}
        self._decided: dict[int, int] = {}  # seq of the last move or put-out of a person, by a moderator

    def of(self, user_id: int) -> Seat | None:
        return self._by_user.get(user_id)

    def all(self) -> tuple[Seat, ...]:
        return tuple(self._by_user.values())

    def in_channel(self, channel_id: int) -> tuple[Seat, ...]:
        return tuple(self._by_user[user_id] for user_id in self._by_channel.get(channel_id, ()))

    def on_servers(self, server_ids: Iterable[int]) -> tuple[Seat, ...]:
        wanted = set(server_ids)
        return tuple(seat for seat in self._by_user.values() if seat.server_id in wanted)

    async def put(self, seat: Seat) -> Seat:
        """Take, change or move a seat; durable and told when this returns."""
        old = self._by_user.get(seat.user.id)
        seat = msgspec.structs.replace(seat, seq=self._next(seat.user.id, 2))
        await self._database.write(lambda tx: _put(tx, seat))
        self._unlist(old)
        self._by_user[seat.user.id] = seat
        self._by_channel.setdefault(seat.channel_id, {})[seat.user.id] = None
        self._tell(seat, state(seat))
        if old is None or old.channel_id != seat.channel_id:
            if old is not None:
                self._tell(old, left(old, seat.seq - 1))
                self._publish(SessionEnded(user_id=old.user.id, server_id=old.server_id, channel_id=old.channel_id))
            self._publish(SessionCreated(user_id=seat.user.id, server_id=seat.server_id, channel_id=seat.channel_id))
        return seat

    def note(self, seat: Seat) -> Seat:
        """Change what only live media knows (camera, sid): told at once, not written."""
        old = self._by_user[seat.user.id]
        seat = msgspec.structs.replace(seat, seq=self._next(seat.user.id, 1))
        self._by_user[seat.user.id] = seat
        if state(old) != state(msgspec.structs.replace(seat, seq=old.seq)):
            self._tell(seat, state(seat))
        return seat

    async def drop(self, user_id: int) -> VoiceState | None:
        """Give the seat up; the state that says so, or None when there was none."""
        seat = self._by_user.pop(user_id, None)
        if seat is None:
            return None
        self._unlist(seat)
        gone = left(seat, self._next(user_id, 1))

        async def body(tx: Transaction) -> None:
            await tx.execute(store.DROP_SEAT, user=user_id)

        await self._database.write(body)
        self._tell(seat, gone)
        self._publish(SessionEnded(user_id=user_id, server_id=seat.server_id, channel_id=seat.channel_id))
        return gone

    def decide(self, user_id: int) -> None:
        """A moderator has just moved this person or put them out: clients that do not know it yet are overruled."""
        self._decided[user_id] = self._last_seq[user_id]

    def decided(self, user_id: int) -> int:
        """`seq` of the last such decision, 0 when there was none in this process."""
        return self._decided.get(user_id, 0)

    def _unlist(self, seat: Seat | None) -> None:
        if seat is None:
            return
        listed = self._by_channel.get(seat.channel_id, {})
        listed.pop(seat.user.id, None)
        if not listed:
            self._by_channel.pop(seat.channel_id, None)

    def _next(self, user_id: int, step: int) -> int:
        seq = max(self._last_seq.get(user_id, 0) + step, self._clock.now_ms())
        self._last_seq[user_id] = seq
        return seq

    def _tell(self, seat: Seat, shown: VoiceState) -> None:
        self._publish(VoiceStateChanged(server_id=seat.server_id, channel_id=seat.channel_id, state=shown))


async def _put(tx: Transaction, seat: Seat) -> None:
    await tx.execute(
        store.PUT_SEAT,
        user_id=seat.user.id,
        session_id=seat.session_id,
        server_id=seat.server_id,
        channel_id=seat.channel_id,
        self_mute=int(seat.self_mute),
        self_deaf=int(seat.self_deaf),
        joined_at=seat.joined_at,
        seq=seat.seq,
    )


def state(seat: Seat) -> VoiceState:
    return VoiceState(
        user=seat.user,
        server_id=seat.server_id,
        channel_id=seat.channel_id,
        self_mute=seat.self_mute,
        self_deaf=seat.self_deaf,
        mute=seat.mute,
        deaf=seat.deaf,
        suppress=seat.suppress,
        self_video=seat.self_video,
        self_stream=seat.self_stream,
        joined_at=seat.joined_at,
        device=hashlib.blake2s(str(seat.session_id).encode(), digest_size=6).hexdigest(),
        seq=seat.seq,
    )


def left(seat: Seat, seq: int) -> VoiceState:
    """How it looks when the seat is empty again."""
    return msgspec.structs.replace(
        state(seat), channel_id=None, self_video=False, self_stream=False, joined_at=None, seq=seq
    )
