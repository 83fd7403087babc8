"""The HTTP side of one process: pages, REST and gateway where the gateway lives, signalling where media does, and
health and metrics everywhere. Part of the composition root."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import msgspec

from hubbub import VERSION, machine, metrics, server
from hubbub.backends import Engine
from hubbub.clock import Clock
from hubbub.config import Config
from hubbub.infra.bus.base import Bus
from hubbub.infra.bus.inbox import Inbox
from hubbub.infra.sfu.embedded import EmbeddedEngine
from hubbub.infra.telemetry import exposition
from hubbub.infra.telemetry.loop_lag import LoopLag
from hubbub.media_side import MediaSide
from hubbub.protocols.livekit import routes as livekit
from hubbub.protocols.livekit.encode import IceServer
from hubbub.protocols.livekit.room_service import LARGEST, RoomService
from hubbub.protocols.livekit.validate import validate_v1, validator
from hubbub.protocols.rest import app as rest
from hubbub.protocols.rest import hooks, operations
from hubbub.protocols.rest.answers import mount, mount_calls
from hubbub.protocols.rest.compressed import Compressed
from hubbub.protocols.rest.edge import Edge
from hubbub.protocols.rest.measured import Measured
from hubbub.protocols.websocket import routes as websocket
from hubbub.protocols.websocket.connection import Router
from hubbub.protocols.websocket.handshake import Origins, Proxies
from hubbub.protocols.wire.things import Health, Instance
from hubbub.readiness import Readiness
from hubbub.services.auth.password import MIN_LENGTH
from hubbub.services.chat.api import MESSAGE_LENGTH
from hubbub.services.chat.service import ChatService
from hubbub.services.gateway.service import GatewayService
from hubbub.services.media.node import MediaNode
from hubbub.services.voice.service import VoiceService

WEB = Path(__file__).parent / "web"
SOCKETS_PER_ADDRESS = 20_000  # a whole campus may stand behind one address; the rate of opening is limited elsewhere


class Parts(msgspec.Struct, kw_only=True):
    """What lives in this process; None: elsewhere."""

    lag: LoopLag
    bus: Bus
    inboxes: Sequence[Inbox]
    readiness: Readiness
    database: Engine | None
    gateway: GatewayService | None
    chat: ChatService | None
    voice: VoiceService | None
    media: MediaSide

    @property
    def node(self) -> MediaNode | None:
        return self.media.node.node if self.media.node else None

    @property
    def engine(self) -> EmbeddedEngine | None:
        return self.media.node.engine if self.media.node else None


def make(config: Config, clock: Clock, services: rest.Services, parts: Parts) -> server.Server:
    router = Router(Origins(machine.origins(config)), Proxies(config.trusted_proxies), SOCKETS_PER_ADDRESS)

    async def health() -> Health:
        counted: dict[str, object] = {"sockets": router.occupancy, "loop": parts.lag.figures()}
        if parts.gateway is not None:
            counted["gateway"] = parts.gateway.health
        if parts.engine is not None:
            counted["media"] = parts.engine.stats()
        return _health(await parts.readiness.checks(), counted)

    async def numbers(accept: str) -> tuple[str, bytes]:
        await asyncio.to_thread(exposition.load)
        return exposition.render(metrics.families(await _read(parts, measured, router)), accept)

    readers = operations.Readers(config.metrics_token, config.metrics_from)
    machines = operations.routes(health, numbers, readers)
    signalling: list[Any] = []
    if parts.node is not None:
        livekit.add_routes(router, parts.node, clock, _relays(config), "", "")
        signalling = [
            mount("/rtc/validate", validator(parts.node)),
            mount("/rtc/v1/validate", validate_v1),
            mount("/rtc/v1", validate_v1),
        ]
    if parts.media.hooks is not None:
        signalling += hooks.routes(parts.media.hooks)
    if parts.media.rooms is not None and (parts.node is not None or parts.gateway is not None):
        tools = RoomService(parts.media.keys, parts.media.rooms, services.voice)
        signalling.append(mount_calls("/twirp", LARGEST, tools.answer))
    if parts.gateway is not None:
        instance = _instance(config, services)
        websocket.add_routes(
            router,
            parts.gateway,
            services.auth,
            services.chat,
            services.voice,
            services.presence,
            services.limits,
            clock,
            instance,
            config.public_url,
            config.rate_limit_scale,
        )
        web = Path(config.web_dir) if config.web_dir else WEB
        app = rest.build(services, clock, instance, machines, web, signalling)
    else:
        app = rest.build_plain(machines, signalling)
    edge = Edge(Compressed(app), router.origins, router.proxies, config.public_url, config.tls != "off")
    measured = Measured(edge, router.proxies, clock)
    return server.make(measured, router, config, machine.names(config))


def _relays(config: Config) -> tuple[IceServer, ...]:
    return (IceServer(config.turn_url, config.turn_username, config.turn_password),) if config.turn_url else ()


def _instance(config: Config, services: rest.Services) -> Any:
    owned = False  # once it is, for good: each READY would ask

    async def instance(origin: str) -> Instance:
        nonlocal owned
        owned = owned or not await services.auth.setup_needed()
        return Instance(
            name=config.instance_name,
            host=urlsplit(origin).netloc,
            version=VERSION,
            registration=config.registration,
            setup_needed=not owned,
            secure=machine.is_secure(origin),
            message_length=MESSAGE_LENGTH,
            password_length=MIN_LENGTH,
        )

    return instance


async def _read(parts: Parts, measured: Measured, router: Router) -> metrics.Parts:
    database = parts.database
    return metrics.Parts(
        lag=parts.lag,
        bus=parts.bus,
        inboxes=parts.inboxes,
        http=measured.seconds,
        sockets=router.occupancy,
        gateway=parts.gateway,
        messages_sent=parts.chat.sent if parts.chat is not None else None,
        message_batches=parts.chat.batches if parts.chat is not None else None,
        voice_sessions=parts.voice.occupied if parts.voice is not None else None,
        database=database.measures if database is not None else None,
        outbox=await database.lag() if database is not None else None,
        engine=parts.engine.stats() if parts.engine is not None else None,
        connections=parts.node.connections() if parts.node is not None else None,
        checks=await parts.readiness.checks(),
    )


def _health(checks: Mapping[str, str], counted: Mapping[str, object]) -> Health:
    counters = {
        f"{name}.{key}": value
        for name, counter in counted.items()
        for key in _fields(counter)
        if isinstance(value := getattr(counter, key), int)
    }
    status = "ok" if all(each == "ok" for each in checks.values()) else "failing"
    return Health(status=status, version=VERSION, checks=dict(checks), counters=counters)


def _fields(counter: object) -> list[str]:
    return [key for key in (getattr(counter, "__struct_fields__", None) or vars(counter)) if not key.startswith("_")]
