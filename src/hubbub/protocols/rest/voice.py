"""Voice: /channels/{id}/voice, /voice, /servers/{id}/voice."""

from __future__ import annotations

import msgspec
from litestar import delete, patch, post
from litestar.handlers import HTTPRouteHandler

from hubbub.protocols.rest.context import AnyRequest, id_or, origin, principal
from hubbub.protocols.wire import convert, requests, things
from hubbub.services.voice.api import VoiceApi, VoicePatch


def routes(voice: VoiceApi) -> list[HTTPRouteHandler]:
    @post("/channels/{channel_id:str}/voice/join", status_code=200)
    async def join(request: AnyRequest, channel_id: str, data: requests.JoinVoice | None = None) -> things.VoiceTicket:
        wanted = data or requests.JoinVoice()
        channel = id_or("channel.not_found", channel_id)
        ticket = await voice.join(principal(request), channel, wanted.self_mute, wanted.self_deaf, wanted.seq)
        here = "ws" + origin(request).removeprefix("http")
        return convert.ticket(msgspec.structs.replace(ticket, url=ticket.url or here))

    @patch("/voice")
    async def update(request: AnyRequest, data: requests.UpdateVoice) -> things.VoiceState:
        return convert.voice_state(await voice.update_self(principal(request), data.self_mute, data.self_deaf))

    @delete("/voice", status_code=204)
    async def leave(request: AnyRequest) -> None:
        await voice.leave(principal(request))

    @patch("/servers/{server_id:str}/voice/{user_id:str}")
    async def moderate(
        request: AnyRequest, server_id: str, user_id: str, data: requests.ModerateVoice
    ) -> things.VoiceState:
        target = id_or("channel.not_found", data.channel_id) if isinstance(data.channel_id, str) else data.channel_id
        patch = VoicePatch(mute=data.mute, deaf=data.deaf, channel_id=target)
        server, user = id_or("server.not_found", server_id), id_or("member.not_found", user_id)
        return convert.voice_state(await voice.moderate(principal(request), server, user, patch))

    return [join, update, leave, moderate]
