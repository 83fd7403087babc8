"""Plain HTTP answers of other protocols (LiveKit's validation), mounted beside REST."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping

from litestar import HttpMethod, Response, get, route
from litestar.exceptions import HTTPException
from litestar.handlers import HTTPRouteHandler

from hubbub.protocols.rest.context import AnyRequest

Called = Callable[[str, str, Mapping[bytes, bytes], bytes], Awaitable[tuple[int, str, bytes]]]
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


def mount_calls(path: str, limit: int, called: Called) -> HTTPRouteHandler:
    """Everything under `path`: `called(method, path, headers with lower-case names, body) -> (status, media type, body)`.
    A body over `limit` bytes is cut one byte after it, for `called` to refuse in its own words."""

    async def handler(request: AnyRequest) -> Response[bytes]:
        headers: dict[bytes, bytes] = dict(request.scope["headers"])
        try:
            body = await request.body()
        except HTTPException as error:
            if error.status_code != 413:
                raise
            body = bytes(limit + 1)
        status, media_type, answered = await called(request.method, request.scope["path"], headers, body)
        return Response(answered, status_code=status, media_type=media_type, headers={"Cache-Control": "no-store"})

    every = [HttpMethod.GET, HttpMethod.POST, HttpMethod.PUT, HttpMethod.PATCH, HttpMethod.DELETE]
    paths = [path, path + "/{rest:path}"]
    return route(paths, http_method=every, include_in_schema=False, request_max_body_size=limit)(handler)
