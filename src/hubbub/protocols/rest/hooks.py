"""What an operator's LiveKit tells: /api/media/livekit/webhook."""

from __future__ import annotations

from litestar import post
from litestar.handlers import HTTPRouteHandler

from hubbub.protocols.rest.context import AnyRequest
from hubbub.services.media.api import HooksApi

LARGEST = 512 * 1024  # bytes: a hook holds the metadata of a room and of a participant


def routes(hooks: HooksApi) -> list[HTTPRouteHandler]:
    @post("/api/media/livekit/webhook", status_code=204, include_in_schema=False, request_max_body_size=LARGEST)
    async def told(request: AnyRequest) -> None:
        await hooks.told(request.headers.get("authorization", ""), await request.body())

    return [told]
