"""Plain HTTP answers of other protocols (LiveKit's validation), mounted beside REST."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from litestar import Response, get
from litestar.handlers import HTTPRouteHandler

from hubbub.protocols.rest.context import AnyRequest

Answer = Callable[[Mapping[bytes, bytes], bytes], tuple[int, dict[str, str], bytes]]


def mount(path: str, answer: Answer) -> HTTPRouteHandler:
    """`answer(headers with lower-case names, query) -> (status, headers, body)` at GET `path`."""

    @get(path, include_in_schema=False, sync_to_thread=False)
    def handler(request: AnyRequest) -> Response[bytes]:
        headers: dict[bytes, bytes] = dict(request.scope["headers"])
        status, answered, body = answer(headers, request.scope["query_string"])
        media_type = answered.pop("Content-Type", "text/plain")
        return Response(body, status_code=status, headers=answered, media_type=media_type)

    return handler
