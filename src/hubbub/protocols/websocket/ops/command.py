"""op 20: a request without an HTTP round trip, answered by REPLY. The same services answer both."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING

import msgspec

from hubbub import trace
from hubbub.errors import HubbubError, Refused
from hubbub.protocols.rest.errors import problem
from hubbub.protocols.websocket.commands import COMMANDS
from hubbub.protocols.websocket.effects import Close, Effect, Run, Write, say
from hubbub.protocols.websocket.packed import packed
from hubbub.protocols.wire.gateway import Command, Reply
from hubbub.services.gateway.api import OpenSession

if TYPE_CHECKING:
    from hubbub.protocols.websocket.adapter import Adapter

SAFE_INTEGER = (1 << 53) - 1  # larger ones do not survive JavaScript, so they are no ids of a client
_decode = msgspec.json.Decoder(Command).decode
log = logging.getLogger(__name__)


def handle(adapter: Adapter, d: bytes, now: float) -> Sequence[Effect]:
    command = _decode(d)
    if isinstance(command.id, int) and abs(command.id) > SAFE_INTEGER:
        return (Close(4002, "a numeric id is a safe integer"),)
    return (Run(partial(_run, adapter, command)),)


async def _run(adapter: Adapter, command: Command) -> Sequence[Effect]:
    if (session := adapter.session) is None:  # became invalid while this waited its turn
        return ()
    try:
        with trace.span(f"command/{command.name if command.name in COMMANDS else 'unknown'}"):
            data = await _answer(adapter, session, command)
    except HubbubError as error:
        return (say(21, Reply(id=command.id, problem=problem(error))),)
    except Exception:
        log.exception("command %r failed", command.name)
        return (say(21, Reply(id=command.id, problem=problem(HubbubError()))),)
    reply = say(21, Reply(id=command.id, data=data))
    return (Write(packed(reply.prebuilt)) if adapter.packs else reply,)


async def _answer(adapter: Adapter, session: OpenSession, command: Command) -> object:
    await adapter.services.limits.take("command", session.id, 1)
    if (known := COMMANDS.get(command.name)) is None:
        raise Refused("request.invalid", reason=f"There is no command {command.name[:64]}.")
    decode, run = known
    try:
        data = decode(command.data)
    except (msgspec.DecodeError, RecursionError) as error:
        raise Refused("request.invalid", reason=str(error)[:300]) from None
    return await run(adapter.services, session.principal, data)
