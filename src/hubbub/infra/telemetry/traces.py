"""Spans to an OpenTelemetry collector (OB-03), over OTLP/HTTP. Imported only when an endpoint is set.

The trace that runs here is kept by `hubbub.trace` alone: each span is told its parent, so nothing depends on
OpenTelemetry's own context. Its other settings (OTEL_EXPORTER_OTLP_HEADERS, OTEL_TRACES_SAMPLER, …) are read by the SDK.
"""

from __future__ import annotations

import os
from collections.abc import Mapping

from opentelemetry.context import Context
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.trace import (
    NonRecordingSpan,
    Span,
    SpanContext,
    SpanKind,
    Status,
    StatusCode,
    TraceFlags,
    set_span_in_context,
)

from hubbub import VERSION, trace
from hubbub.errors import Refused
from hubbub.infra.telemetry.logs import without_secrets
from hubbub.trace import Kind, Value

_KINDS: dict[Kind, SpanKind] = {
    "internal": SpanKind.INTERNAL,
    "server": SpanKind.SERVER,
    "client": SpanKind.CLIENT,
    "producer": SpanKind.PRODUCER,
    "consumer": SpanKind.CONSUMER,
}
FLUSH_MS = 3_000  # at the end of the process


class Traces:
    """Implements trace.Recorder for this process until `close`."""

    def __init__(self, service: str, endpoint: str) -> None:
        """`endpoint`: the collector's base address, as OTEL_EXPORTER_OTLP_ENDPOINT has it; /v1/traces is added."""
        named = os.environ.get("OTEL_SERVICE_NAME", service)
        resource = Resource.create({"service.name": named, "service.version": VERSION})
        self._provider = TracerProvider(resource=resource, shutdown_on_exit=False)
        exporter = OTLPSpanExporter(endpoint=f"{endpoint.rstrip('/')}/v1/traces", timeout=5)
        self._provider.add_span_processor(BatchSpanProcessor(exporter, schedule_delay_millis=1_000))
        self._tracer = self._provider.get_tracer("hubbub", VERSION)
        trace.record_with(self)

    def begin(self, name: str, kind: Kind, parent: str, attributes: Mapping[str, Value]) -> trace.Recorded:
        context = set_span_in_context(NonRecordingSpan(_context(parent)), Context()) if parent else Context()
        return _Recorded(self._tracer.start_span(name, context, _KINDS[kind], attributes))

    def close(self) -> None:
        """Blocks until the last spans left, a few seconds at most."""
        trace.record_with(None)
        self._provider.force_flush(FLUSH_MS)
        self._provider.shutdown()


class _Recorded:
    __slots__ = ("_span", "traceparent")

    def __init__(self, span: Span) -> None:
        self._span = span
        own = span.get_span_context()
        self.traceparent = f"00-{own.trace_id:032x}-{own.span_id:016x}-{own.trace_flags:02x}"

    def name(self, name: str) -> None:
        self._span.update_name(name)

    def note(self, name: str, value: Value) -> None:
        self._span.set_attribute(name, value)

    def end(self, error: BaseException | None) -> None:
        if isinstance(error, Refused):  # an answer, no fault
            self._span.set_attribute("hubbub.refused", error.code)
        elif error is not None:
            words = without_secrets(f"{type(error).__name__}: {error}")
            self._span.set_status(Status(StatusCode.ERROR, words[:300]))
        if person := trace.person():
            self._span.set_attribute("enduser.id", str(person))
        self._span.end()


def _context(parent: str) -> SpanContext:
    """W3C Trace Context, section 3.2: version, trace, span and flags, in hexadecimal."""
    _, trace_id, span_id, flags = parent.split("-")
    return SpanContext(int(trace_id, 16), int(span_id, 16), is_remote=True, trace_flags=TraceFlags(int(flags, 16)))
