"""A collector of traces in the test itself: OTLP over HTTP (POST /v1/traces, protobuf), kept in memory."""

from __future__ import annotations

import gzip
import threading
import time
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, NamedTuple

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
    ExportTraceServiceRequest,
    ExportTraceServiceResponse,
)


class Span(NamedTuple):
    trace_id: str
    span_id: str
    parent_id: str
    name: str
    service: str
    attributes: dict[str, Any]


class Collector:
    """`with Collector() as collector:` listens on a free port of loopback."""

    def __init__(self) -> None:
        self.spans: list[Span] = []
        self.refused: list[str] = []
        collector = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["content-length"]))
                if self.path != "/v1/traces" or self.headers["content-type"] != "application/x-protobuf":
                    collector.refused.append(self.path)
                    self.send_error(404)
                    return
                plain = gzip.decompress(body) if self.headers.get("content-encoding") == "gzip" else body
                collector.spans += _spans(ExportTraceServiceRequest.FromString(plain))
                answer = ExportTraceServiceResponse().SerializeToString()
                self.send_response(200)
                self.send_header("content-type", "application/x-protobuf")
                self.send_header("content-length", str(len(answer)))
                self.end_headers()
                self.wfile.write(answer)

            def log_message(self, format: str, *args: Any) -> None: ...

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_port}"

    def __enter__(self) -> Collector:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def until(self, found: Callable[[list[Span]], bool], seconds: float = 20.0) -> list[Span]:
        """What came, as soon as `found` likes it."""
        end = time.monotonic() + seconds
        while not found(self.spans):
            assert time.monotonic() < end, sorted({span.name for span in self.spans})
            time.sleep(0.05)
        return list(self.spans)


def _spans(request: ExportTraceServiceRequest) -> list[Span]:
    found: list[Span] = []
    for resource in request.resource_spans:
        service = next(each.value.string_value for each in resource.resource.attributes if each.key == "service.name")
        for scope in resource.scope_spans:
            for span in scope.spans:
                ids = (span.trace_id.hex(), span.span_id.hex(), span.parent_span_id.hex())
                values = {each.key: _value(each.value) for each in span.attributes}
                found.append(Span(*ids, span.name, service, values))
    return found


def _value(value: Any) -> Any:
    return getattr(value, value.WhichOneof("value"))
