"""The trace that runs here: begun, passed on, left again; with and without a recorder."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping

import pytest

from hubbub import trace

PARENT = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"


class Recording:
    """A recorder that keeps what it is told."""

    def __init__(self) -> None:
        self.begun: list[Recorded] = []

    def begin(self, name: str, kind: trace.Kind, parent: str, attributes: Mapping[str, trace.Value]) -> Recorded:
        made = Recorded(name, kind, parent, dict(attributes), len(self.begun) + 1)
        self.begun.append(made)
        return made


class Recorded:
    def __init__(self, called: str, kind: str, parent: str, noted: dict[str, trace.Value], number: int) -> None:
        self.called, self.kind, self.parent, self.noted = called, kind, parent, noted
        self.traceparent = f"00-{parent[3:35] or '0' * 31 + '1'}-{number:016x}-01"
        self.ended: list[BaseException | None] = []

    def name(self, name: str) -> None:
        self.called = name

    def note(self, name: str, value: trace.Value) -> None:
        self.noted[name] = value

    def end(self, error: BaseException | None) -> None:
        self.ended.append(error)


@pytest.fixture
def recording() -> Iterator[Recording]:
    made = Recording()
    trace.record_with(made)
    yield made
    trace.record_with(None)


def test_without_a_recorder_a_trace_is_begun_and_passed_on() -> None:
    assert trace.traceparent() == ""
    with trace.span("request", "server", ""):
        began = trace.traceparent()
        assert trace.is_valid(began)
        with trace.span("inner"):
            assert trace.traceparent() == began
    assert trace.traceparent() == ""
    with trace.span("request", "server", ""):
        assert trace.trace_id() != began[3:35]
    with trace.span("continued", "server", PARENT):
        assert trace.trace_id() == "4bf92f3577b34da6a3ce929d0e0e4736"
    with trace.span("nothing runs here"):
        assert trace.traceparent() == ""


def test_spans_are_children_of_what_runs(recording: Recording) -> None:
    with trace.span("outer", "server", PARENT) as outer:
        with trace.span("inner", "client", size=3):
            inside = trace.traceparent()
        outer.name("better")
        outer.note("status", 200)
    first, second = recording.begun
    assert (first.called, first.parent, first.noted) == ("better", PARENT, {"status": 200})
    assert (second.parent, second.noted, second.kind) == (first.traceparent, {"size": 3}, "client")
    assert inside == second.traceparent
    assert first.ended == second.ended == [None]


def test_a_span_ends_with_what_broke_it(recording: Recording) -> None:
    with pytest.raises(KeyError), trace.span("outer", "server", ""):
        raise KeyError("x")
    assert isinstance(recording.begun[0].ended[0], KeyError)
    assert trace.traceparent() == ""


async def test_tasks_do_not_mix() -> None:
    seen: dict[str, tuple[str, int]] = {}
    both = asyncio.Barrier(2)

    async def work(parent: str, user: int) -> None:
        trace.acting(user)
        with trace.span("work", "server", parent):
            await both.wait()
            seen[parent] = (trace.traceparent(), trace.person())

    other = PARENT.replace("4bf9", "5bf9")
    await asyncio.gather(work(PARENT, 1), work(other, 2))
    assert seen == {PARENT: (PARENT, 1), other: (other, 2)}
    assert trace.person() == 0


@pytest.mark.parametrize(
    "header",
    [
        "",
        "00-" + "0" * 32 + "-00f067aa0ba902b7-01",
        "00-4bf92f3577b34da6a3ce929d0e0e4736-" + "0" * 16 + "-01",
        PARENT.upper(),
        PARENT + "-more",
        "ff" + PARENT[2:],
        PARENT + "\n",
    ],
)
def test_headers_that_are_none(header: str) -> None:
    assert not trace.is_valid(header)
