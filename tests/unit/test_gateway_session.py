"""A session delivers exactly the missed events, in order, once, or says that it is invalid. Never a gap or a duplicate."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from hubbub.services.auth.api import Principal
from hubbub.services.gateway import backpressure
from hubbub.services.gateway.api import Encoded, Ending
from hubbub.services.gateway.dispatch import Batch, Outgoing
from hubbub.services.gateway.events import Notice, UserIntroduced
from hubbub.services.gateway.session import GatewaySession
from hubbub.services.user.api import User

NOBODY = User(id=1, username="x", display_name="x", avatar=None, kind="person")
PRINCIPAL = Principal("person", 1, 1)


class Counting:
    """A dialect whose events are numbers."""

    def encode(self, notice: Notice, seq: int) -> Encoded | None:
        assert isinstance(notice, UserIntroduced)
        return Encoded(b'{"s":', b',"n":%d}\n' % notice.user.id)


class Client:
    """Handles what it reads; on a cut, what was written but not read is lost."""

    def __init__(self) -> None:
        self.unread: list[tuple[int, int]] = []
        self.ended_for: Ending | None = None

    def write(self, prebuilt: bytes) -> None:
        for line in prebuilt.splitlines():
            frame = json.loads(line)
            self.unread.append((frame["s"], frame["n"]))

    def invalid(self, reason: str) -> None: ...

    def reconnect(self) -> None: ...

    def ended(self, ending: Ending) -> None:
        self.ended_for = ending


def event(number: int, stream: str = "", seq: int = 0, at: float = 0.0, contains: Any = None) -> Outgoing:
    user = User(id=number, username="x", display_name="x", avatar=None, kind="person")
    return Outgoing(UserIntroduced(user=user), stream, seq, at, contains)


DIALECT = Counting()


class Sessions(RuleBasedStateMachine):
    """Small bounds, so that running over them is common."""

    @initialize()
    def begin(self) -> None:
        self.saved = backpressure.REPLAY_EVENTS, backpressure.REPLAY_BYTES, backpressure._TRIM
        backpressure.REPLAY_EVENTS, backpressure.REPLAY_BYTES, backpressure._TRIM = 12, 400, 4
        self.now = 1000.0
        self.count = 0
        self.fresh()

    def teardown(self) -> None:
        backpressure.REPLAY_EVENTS, backpressure.REPLAY_BYTES, backpressure._TRIM = self.saved

    def fresh(self) -> None:
        self.client: Client | None = Client()
        self.session = GatewaySession("id", PRINCIPAL, DIALECT, self.client)
        assert self.session.begin(Encoded(b'{"s":', b',"n":0}\n'))
        self.sent: list[int] = [0]  # every event of this session; its sequence is its place + 1
        self.times: list[float] = [self.now]
        self.handled = 0  # newest sequence that the client has read

    @rule(sizes=st.lists(st.integers(1, 3), min_size=1, max_size=6))
    def happens(self, sizes: list[int]) -> None:
        for size in sizes:
            numbers = range(self.count + 1, self.count + 1 + size)
            self.count += size
            self.sent += numbers
            self.times += [self.now] * size
            self.session.dispatch(Batch([event(each, at=self.now) for each in numbers]))

    @precondition(lambda self: self.client is not None)
    @rule(share=st.floats(0, 1))
    def reads(self, share: float) -> None:
        assert self.client is not None
        count = round(len(self.client.unread) * share)
        for sequence, number in self.client.unread[:count]:
            assert sequence == self.handled + 1
            assert number == self.sent[sequence - 1]
            self.handled = sequence
        del self.client.unread[:count]

    @precondition(lambda self: self.client is not None)
    @rule(back=st.integers(0, 3))
    def acknowledges(self, back: int) -> None:
        assert self.session.acknowledge(max(0, self.handled - back))
        assert not self.session.acknowledge(len(self.sent) + 1)
        assert not self.session.acknowledge(-1)

    @precondition(lambda self: self.client is not None)
    @rule()
    def cut(self) -> None:
        assert self.client is not None
        self.session.detach(self.client, self.now)
        self.client = None

    @rule(seconds=st.sampled_from((1.0, 30.0, 119.0)))
    def time_passes(self, seconds: float) -> None:
        self.now += seconds
        expired = self.session.tidy(self.now)
        assert not (expired and self.client is not None)
        if expired:
            self.fresh()

    @rule()
    def comes_back(self) -> None:
        """Also while the old socket seems to live: then that is replaced."""
        old, new = self.client, Client()
        replayed = self.session.resume(self.handled, new, self.now)
        if replayed is None:
            missed = len(self.sent) - self.handled
            assert self.handled == 0 or missed > 8 or self.times[self.handled] < self.now - 120
            self.fresh()
            return
        assert replayed == len(self.sent) - self.handled
        assert old is None or old.ended_for == "replaced"
        self.client = new

    @invariant()
    def nothing_is_missing(self) -> None:
        if getattr(self, "client", None) is None:
            return
        assert self.client is not None
        expected = list(enumerate(self.sent, 1))[self.handled :]
        assert self.client.unread == expected

    @invariant()
    def the_ring_is_bounded(self) -> None:
        if hasattr(self, "session"):
            assert len(self.session._ring) <= backpressure.REPLAY_EVENTS
            assert self.session._ring._bytes <= backpressure.REPLAY_BYTES
            assert self.session._ring._bytes == sum(each.size for each in self.session._ring._events)


TestSessions = Sessions.TestCase
TestSessions.settings = settings(max_examples=150, stateful_step_count=40, deadline=None)


def opened(heads: dict[str, int] | None = None) -> tuple[GatewaySession, Client]:
    client = Client()
    session = GatewaySession("id", PRINCIPAL, DIALECT, client)
    if heads is not None:
        session.contain(heads, 0.0)
    return session, client


def test_what_is_held_comes_after_ready_without_what_ready_contains() -> None:
    session, client = opened({"channel:1": 5})
    session.dispatch(Batch([event(10, "channel:1", 5), event(11, "channel:1", 6), event(12)]))
    assert client.unread == []
    assert session.begin(Encoded(b'{"s":', b',"n":0}\n'))
    assert client.unread == [(1, 0), (2, 11), (3, 12)]


def test_too_much_held_begins_anew() -> None:
    session, client = opened()
    for _ in range(backpressure.HELD_EVENTS + 1):
        session.dispatch(Batch([event(1)]))
    assert not session.begin(Encoded(b'{"s":', b',"n":0}\n'))
    assert client.unread == []


def test_a_snapshot_event_makes_older_events_superfluous() -> None:
    session, client = opened()
    session.begin(Encoded(b'{"s":', b',"n":0}\n'))
    session.dispatch(
        Batch([event(1, "server:1", 3), event(2, "server:1", 7, contains={"server:1": 7, "channel:2": 4})])
    )
    session.dispatch(Batch([event(3, "server:1", 6), event(4, "channel:2", 4), event(5, "server:1", 8)]))
    session.dispatch(Batch([event(6, "server:1", 7, contains={"server:1": 7})]))  # an older snapshot
    assert [number for _, number in client.unread] == [0, 1, 2, 5]
    session.tidy(11.0)
    session.dispatch(Batch([event(7, "server:1", 6)]))  # the bus is not so late
    assert [number for _, number in client.unread][-1] == 7


def test_an_ended_session_says_nothing_more() -> None:
    session, client = opened()
    session.begin(Encoded(b'{"s":', b',"n":0}\n'))
    session.end()
    session.dispatch(Batch([event(1)]))
    assert client.unread == [(1, 0)]
    assert not session.alive


def test_what_is_not_acknowledged_is_kept() -> None:
    session, _ = opened()
    session.begin(Encoded(b'{"s":', b',"n":0}\n'))
    session.dispatch(Batch([event(1), event(2), event(3)]))
    for sequence, left in ((1, 3), (2, 2), (2, 2), (1, 2), (4, 0)):
        assert session.acknowledge(sequence)
        assert len(session._ring) == left


def test_ready_cannot_be_resumed_past() -> None:
    session, client = opened()
    session.begin(Encoded(b'{"s":', b',"n":0}\n'))
    session.detach(client, 0.0)
    assert session.resume(0, Client(), 1.0) is None
    assert session.resume(1, Client(), 1.0) == 0
