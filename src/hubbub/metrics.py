"""What /metrics tells (OB-01): the numbers that the parts of this process keep, by the names that dashboards know.

A part that does not live in this process is None, and its families are missing; `docs/operating/watch.md` lists them
all. Labels are bounded: templates, names of services and verbs, outcomes.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Protocol

import msgspec

from hubbub import VERSION
from hubbub.infra import rpc
from hubbub.infra.bus.base import Bus
from hubbub.infra.bus.inbox import Inbox
from hubbub.infra.database.measures import DatabaseMeasures
from hubbub.infra.database.outbox import Lag
from hubbub.infra.sfu.base import EngineStats
from hubbub.infra.telemetry.exposition import Family, Spread, counter, gauge
from hubbub.infra.telemetry.loop_lag import LoopLag
from hubbub.measures import Distribution
from hubbub.protocols.websocket.occupancy import Occupancy
from hubbub.services.gateway.health import Health as GatewayHealth
from hubbub.services.media.quality import Connections

_MEDIA_LEVELS = {
    "rooms": "Media rooms that are open.",
    "peers": "People connected to this media node.",
    "tracks": "Tracks that are published.",
    "subscriptions": "Tracks that are listened to or watched, times who does.",
}
_MEDIA_COUNTERS = {
    "packets_in": "Media packets received.",
    "packets_out": "Media packets sent.",
    "bytes_in": "Bytes of media received.",
    "bytes_out": "Bytes of media sent.",
    "dropped": "Media packets that could not be forwarded.",
}


class GatewayPart(Protocol):
    health: GatewayHealth

    @property
    def connected(self) -> int: ...


class MediaPart(Protocol):
    def stats(self) -> EngineStats: ...


class Parts(msgspec.Struct, kw_only=True):
    """What this process has."""

    lag: LoopLag
    bus: Bus
    inboxes: Sequence[Inbox]
    http: Distribution | None = None
    sockets: Occupancy | None = None
    gateway: GatewayPart | None = None
    messages_sent: int | None = None
    message_batches: Distribution | None = None
    voice_sessions: int | None = None
    database: DatabaseMeasures | None = None
    outbox: Lag | None = None
    engine: EngineStats | None = None
    connections: Connections | None = None
    checks: Mapping[str, str] = {}


def families(parts: Parts) -> Iterator[Family | Spread]:
    yield Family("gauge", "hubbub_info", "The version that runs.", ("version",), [((VERSION,), 1)])
    ready = [((name,), float(said == "ok")) for name, said in parts.checks.items()]
    yield Family("gauge", "hubbub_ready", "1 while what this process depends on answers.", ("dependency",), ready)
    yield Spread("hubbub_loop_lag_seconds", "How late the event loop was, ten times a second.", parts.lag.seconds)
    if parts.http is not None:
        yield from _http(parts.http)
    if parts.sockets is not None:
        yield from _sockets(parts.sockets)
    if parts.gateway is not None:
        yield from _gateway(parts.gateway)
    if parts.messages_sent is not None:
        yield counter("messages_sent_total", "Messages that were stored, repeats not counted.", parts.messages_sent)
    if parts.message_batches is not None:
        yield Spread(
            "hubbub_chat_batch_messages",
            "Sends to one room that shared a transaction, repeats too.",
            parts.message_batches,
        )
    if parts.voice_sessions is not None:
        yield gauge("voice_sessions_active", "Seats taken in voice rooms.", parts.voice_sessions)
    yield from _bus(parts)
    yield from _calls()
    if parts.database is not None:
        yield from _database(parts.database)
    if parts.outbox is not None:
        yield gauge("hubbub_outbox_unpublished", "Facts that are stored and not yet on the bus.", parts.outbox.facts)
        yield gauge("hubbub_outbox_lag_seconds", "Age of the oldest of them.", parts.outbox.seconds)
    if parts.engine is not None:
        yield from _media(parts.engine, parts.connections)


def _http(seconds: Distribution) -> Iterator[Family | Spread]:
    rows = [(labels, float(sum(buckets))) for labels, buckets, _ in seconds.series()]
    yield Family("counter", "http_requests_total", "HTTP requests answered.", seconds.labels, rows)
    yield Spread("http_request_duration_seconds", "From the request's head to the end of the answer.", seconds)


def _sockets(sockets: Occupancy) -> Iterator[Family]:
    yield gauge("websocket_connections", "Open WebSockets: gateway and media signalling.", sockets.sockets)
    yield counter("websocket_refused_total", "Sockets over the bound of their address.", sockets.refused)
    yield counter("websocket_dropped_total", "Sockets closed because their reader was too slow.", sockets.dropped)


def _gateway(part: GatewayPart) -> Iterator[Family]:
    seen = part.health
    yield gauge("active_websocket_connections", "Gateway sockets of people who are logged in.", part.connected)
    yield gauge("hubbub_gateway_sessions", "Gateway sessions, those without a socket included.", seen.sessions)
    yield counter("hubbub_gateway_opened_total", "Sessions begun (READY).", seen.opened)
    yield counter("hubbub_gateway_resumed_total", "Sessions resumed.", seen.resumed)
    yield counter("hubbub_gateway_unresumed_total", "Resumes that were not possible: begun anew.", seen.unresumed)
    yield counter("hubbub_gateway_invalidated_total", "Sessions that were sent to begin anew.", seen.invalid)
    yield counter("hubbub_gateway_frames_total", "Events handed to sessions.", seen.frames)
    yield counter("hubbub_gateway_skipped_total", "Typing and speaking left out under load.", seen.skipped)
    yield counter("hubbub_gateway_gaps_total", "Holes in what the bus brought.", seen.gaps)
    yield counter("hubbub_gateway_repaired_total", "Events had again from the outbox.", seen.repaired)


def _bus(parts: Parts) -> Iterator[Family]:
    behind = parts.bus.backlog()
    yield gauge("hubbub_bus_backlog", "Messages on the bus that this process did not take yet.", behind.waiting)
    yield counter("hubbub_bus_dropped_total", "Messages that this process was too slow for.", behind.dropped)
    rows = [((each.name,), float(each.waiting)) for each in parts.inboxes]
    yield Family("gauge", "hubbub_inbox_backlog", "Facts that a service did not handle yet.", ("service",), rows)


def _calls() -> Iterator[Spread]:
    yield Spread("hubbub_rpc_asked_seconds", "Calls to other services, at the caller.", rpc.asked)
    yield Spread("hubbub_rpc_answered_seconds", "Calls from other services, where they are answered.", rpc.answered)


def _database(seen: DatabaseMeasures) -> Iterator[Family | Spread]:
    yield counter("hubbub_database_reads_total", "Statements that only read.", seen.reads)
    yield counter("hubbub_database_replica_reads_total", "Of them answered by read replicas.", seen.replica_reads)
    yield counter("hubbub_database_replica_behind_total", "Replicas passed over as they lagged.", seen.replica_behind)
    yield Spread("hubbub_database_write_seconds", "What a writer waited, by outcome.", seen.writes)
    yield Spread("hubbub_database_commit_seconds", "From BEGIN to durable, per batch.", seen.commits)
    yield Spread("hubbub_database_batch_writes", "Writes that shared one commit.", seen.sizes)


def _media(stats: EngineStats, connections: Connections | None) -> Iterator[Family]:
    for field in stats.__struct_fields__:
        value = getattr(stats, field)
        if field in _MEDIA_LEVELS:
            yield gauge(f"hubbub_media_{field}", _MEDIA_LEVELS[field], value)
        elif field in _MEDIA_COUNTERS:
            yield counter(f"hubbub_media_{field}_total", _MEDIA_COUNTERS[field], value)
    if connections is not None:
        rows = [((verdict,), float(count)) for verdict, count in connections.verdicts.items()]
        yield Family("gauge", "hubbub_media_connections", "People by how good their connection is.", ("quality",), rows)
        lost = [(("in",), connections.loss_in), (("out",), connections.loss_out)]
        text = "Share of packets lost, mean over people, last 2 s."
        yield Family("gauge", "hubbub_media_loss_ratio", text, ("direction",), lost)
