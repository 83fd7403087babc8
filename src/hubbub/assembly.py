"""The composition root: the only place that knows which backends and which topology this process has.

Everything below gets its collaborators handed in. Today one topology exists, all services in one process; with
`HUBBUB_ENCODED_CALLS=1` each call between services passes through the wire encoding of calls between processes.
"""

from __future__ import annotations

import asyncio
import ipaddress
import logging
import os
import secrets
import socket
from collections.abc import Awaitable, Callable, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple, TypeVar
from urllib.parse import urlsplit

from hubbub import VERSION, events, metrics, server, welcome
from hubbub.clock import Clock, SystemClock
from hubbub.config import Config
from hubbub.errors import Unavailable
from hubbub.events import Event
from hubbub.ids import Snowflakes
from hubbub.infra import rpc
from hubbub.infra.bus.inbox import Inbox
from hubbub.infra.bus.memory import MemoryBus
from hubbub.infra.cache.memory import MemoryCache
from hubbub.infra.database.sqlite import SqliteDatabase
from hubbub.infra.sfu.embedded import EmbeddedEngine
from hubbub.infra.telemetry.exposition import render
from hubbub.infra.telemetry.loop_lag import LoopLag
from hubbub.protocols.livekit import routes as livekit
from hubbub.protocols.livekit.validate import validate_v1, validator
from hubbub.protocols.rest import app as rest
from hubbub.protocols.rest import operations
from hubbub.protocols.rest.answers import mount
from hubbub.protocols.rest.edge import Edge
from hubbub.protocols.rest.measured import Measured
from hubbub.protocols.websocket import routes as websocket
from hubbub.protocols.websocket.connection import Router
from hubbub.protocols.websocket.handshake import Origins, Proxies
from hubbub.protocols.wire.things import Health, Instance
from hubbub.readiness import Readiness
from hubbub.services.auth import signing_key
from hubbub.services.auth.api import AuthApi
from hubbub.services.auth.password import MIN_LENGTH
from hubbub.services.auth.service import AuthService
from hubbub.services.auth.setup_token import SetupToken
from hubbub.services.channel.api import ChannelApi
from hubbub.services.channel.service import ChannelService
from hubbub.services.chat.api import MESSAGE_LENGTH, ChatApi
from hubbub.services.chat.service import ChatService
from hubbub.services.gateway.service import GatewayService
from hubbub.services.limits.api import LimitsApi
from hubbub.services.limits.service import LimitsService
from hubbub.services.media.access_token import AccessTokens
from hubbub.services.media.admissions import Admissions
from hubbub.services.media.api import MediaApi
from hubbub.services.media.node import MediaNode
from hubbub.services.media.service import MediaService
from hubbub.services.presence.api import PresenceApi
from hubbub.services.presence.service import PresenceService
from hubbub.services.user.api import UserApi
from hubbub.services.user.service import UserService
from hubbub.services.voice.api import VoiceApi
from hubbub.services.voice.service import VoiceService

WEB = Path(__file__).parent / "web"
SOCKETS_PER_ADDRESS = 20_000  # a whole campus may stand behind one address; the rate of opening is limited elsewhere
OWN_MEDIA_KEY = "hubbub"
A = TypeVar("A")
log = logging.getLogger(__name__)

# What each service hears of the others, by bus subject.
CHANNEL_HEARS = ("user.profile.updated.>",)
CHAT_HEARS = ("channel.deleted.>", "server.deleted.>", "user.profile.updated.>")
VOICE_HEARS = (
    "media.>",
    "server.permissions.changed.>",
    "server.member.removed.>",
    "channel.deleted.>",
    "server.deleted.>",
    "auth.session.revoked.>",
)


class CannotStart(Exception):
    """Why not, for the operator."""


async def run(config: Config) -> None:
    """The whole life of `hubbub run`."""
    try:
        listening = server.bind(config.host, config.port)
    except OSError as error:
        raise CannotStart(f"{error.strerror}. Choose another HUBBUB_PORT; `hubbub doctor` tells more.") from None
    port = listening.getsockname()[1]
    place = Place(config, port)
    try:
        await place.open()
        print(welcome.text(config, port, place.media_port, place.setup_token), flush=True)
        await server.serve(place.server, listening)
    finally:
        await place.close()
        listening.close()


class Media(NamedTuple):
    node: MediaNode
    service: MediaService


class Place:
    """Everything that one process holds, opened from the bottom up and closed from the top down."""

    def __init__(self, config: Config, port: int) -> None:
        self._config = config
        self._port = port
        self._clock: Clock = SystemClock()
        self._bus = MemoryBus()
        self._closing: list[Callable[[], Awaitable[None]]] = [self._bus.close]
        self.media_port = 0
        self.setup_token: str | None = None
        self.server: server.Server
        self._engine: EmbeddedEngine
        self._lag = LoopLag()
        self._inboxes: list[Inbox] = []
        self._readiness = Readiness()

    async def open(self) -> None:
        """Whatever fails here, `close` takes back what was opened."""
        config, clock = self._config, self._clock
        _make_private(config.data_dir)
        self._traced()
        self._lag.start()
        self._closing.append(self._lag.close)
        cache = MemoryCache(clock)
        self._closing.append(cache.close)
        database = await self._database()

        ids = Snowflakes(0, clock)
        users = self._between(UserApi, UserService(database, clock))
        channel_service = ChannelService(database, users, ids, clock)
        channels = self._between(ChannelApi, channel_service)
        limits = self._between(LimitsApi, LimitsService(cache, config.rate_limit_scale))
        presence = self._between(PresenceApi, PresenceService(cache, channels, clock, self._publish))
        chat_service = ChatService(database, users, channels, ids, clock, self._publish)
        chat = self._between(ChatApi, chat_service)
        media = self._media()
        voice_service = VoiceService(
            database, channels, users, self._between(MediaApi, media.service), clock, self._publish
        )
        voice = self._between(VoiceApi, voice_service)
        auth_service = self._auth(database, users, channels, ids)
        auth = self._between(AuthApi, auth_service)
        gateway = GatewayService(self._bus, database, channels, chat, voice, presence, users, clock)

        await self._hear("channel", channel_service.on_event, CHANNEL_HEARS)
        await self._hear("chat", chat_service.on_event, CHAT_HEARS)
        await self._hear("voice", voice_service.on_event, VOICE_HEARS)
        await gateway.start()
        self._closing.append(gateway.stop)
        await channel_service.start()
        self._closing.append(channel_service.close)
        await voice_service.start()
        self._closing.append(voice_service.close)
        self.setup_token = await auth_service.start()
        await database.publish_to(self._publish_all)

        async def instance(origin: str) -> Instance:
            return Instance(
                name=config.instance_name,
                host=urlsplit(origin).netloc,
                version=VERSION,
                registration=config.registration,
                setup_needed=await auth.setup_needed(),
                secure=_secure(origin),
                message_length=MESSAGE_LENGTH,
                password_length=MIN_LENGTH,
            )

        services = rest.Services(
            auth=auth, users=users, channels=channels, chat=chat, voice=voice, presence=presence, limits=limits
        )
        router = Router(Origins(_origins(config)), Proxies(config.trusted_proxies), SOCKETS_PER_ADDRESS)
        self._readiness.ask_for("database", lambda: database.heads(["health"]))
        counted = {"sockets": router.occupancy, "gateway": gateway.health}

        async def health() -> Health:
            return _health(
                await self._readiness.checks(), {**counted, "media": self._engine.stats(), "loop": self._lag.figures()}
            )

        async def numbers(accept: str) -> tuple[str, bytes]:
            found = metrics.Parts(
                lag=self._lag,
                bus=self._bus,
                inboxes=self._inboxes,
                http=measured.seconds,
                sockets=router.occupancy,
                gateway=gateway,
                messages_sent=chat_service.sent,
                voice_sessions=voice_service.occupied,
                database=database.measures,
                outbox=await database.lag(),
                engine=self._engine.stats(),
                connections=media.node.connections(),
                checks=await self._readiness.checks(),
            )
            return render(metrics.families(found), accept)

        scale = config.rate_limit_scale
        websocket.add_routes(
            router, gateway, auth, chat, voice, presence, limits, clock, instance, config.public_url, scale
        )
        livekit.add_routes(router, media.node, clock, (), "", "")
        foreign = [
            mount("/rtc/validate", validator(media.node)),
            mount("/rtc/v1/validate", validate_v1),
            mount("/rtc/v1", validate_v1),
        ]
        readers = operations.Readers(config.metrics_token, config.metrics_from)
        web = Path(config.web_dir) if config.web_dir else WEB
        app = rest.build(services, clock, instance, operations.routes(health, numbers, readers), web, foreign)
        edge = Edge(app, router.origins, router.proxies, config.public_url, config.tls != "off")
        measured = Measured(edge, router.proxies, clock)
        self.server = server.make(measured, router, config, _names(config))

        def farewell() -> None:
            self._readiness.drain()
            gateway.drain()
            media.node.stop()

        self.server.farewell = farewell

    async def close(self) -> None:
        """Every part is closed even when another one cannot be."""
        while self._closing:
            try:
                await self._closing.pop()()
            except Exception:
                log.exception("a part did not close cleanly")

    # ---- parts

    async def _database(self) -> SqliteDatabase:
        path = self._config.database_path
        try:
            database = await SqliteDatabase.open(
                str(path),
                clock=self._clock,
                replicated=self._config.replication == "litestream",
                key=self._config.database_key,
            )
        except Unavailable as error:
            raise CannotStart(f"{path}: {error}") from None
        self._closing.append(database.close)
        return database

    def _auth(self, database: SqliteDatabase, users: UserApi, channels: ChannelApi, ids: Snowflakes) -> AuthService:
        config = self._config
        try:
            key = signing_key.load(config.jwt_secret or None, config.data_dir / "keys" / "jwt.pem")
        except signing_key.KeyRefused as reason:
            raise CannotStart(str(reason)) from None
        setup = SetupToken(config.data_dir / "setup-token")
        return AuthService(database, users, channels, ids, self._clock, key, setup, config.registration)

    def _media(self) -> Media:
        config = self._config
        port = config.media_port or self._port
        try:
            engine = EmbeddedEngine(_bind_address(config.host), port, config.public_ip)
        except OSError as error:
            raise CannotStart(f"UDP port {port} cannot be used: {error}. Choose another HUBBUB_MEDIA_PORT.") from None
        self.media_port, self._engine = engine.port, engine
        keys = {OWN_MEDIA_KEY: _secret(config.data_dir / "keys" / "media"), **config.livekit_keys}
        tokens, admissions = AccessTokens(keys, OWN_MEDIA_KEY, self._clock), Admissions(self._clock)
        node = MediaNode(engine, tokens, admissions, self._clock, self._publish)
        node.start()

        async def stop() -> None:
            node.stop()
            engine.close()

        self._closing.append(stop)
        return Media(node, MediaService(node, tokens, admissions, ""))

    def _between(self, api: type[A], service: A) -> A:
        """What one service gets of another."""
        if self._config.encoded_calls:
            return rpc.encoded(api, service)
        return rpc.traced(api, service) if self._config.otlp_endpoint else service

    def _traced(self) -> None:
        """Spans go to a collector if there is one; without one nothing of OpenTelemetry is loaded."""
        if not self._config.otlp_endpoint:
            return
        from hubbub.infra.telemetry.traces import Traces

        traces = Traces("hubbub", self._config.otlp_endpoint)
        self._closing.append(lambda: asyncio.to_thread(traces.close))

    async def _hear(self, name: str, on_event: Callable[[Event], Awaitable[None]], patterns: Sequence[str]) -> None:
        inbox = Inbox(name, on_event)
        self._inboxes.append(inbox)
        await inbox.start(self._bus, patterns)
        self._closing.append(inbox.close)

    def _publish(self, event: Event) -> None:
        self._bus.publish(event.topic, events.encode(event, "", 0, self._clock.now_ms()))

    def _publish_all(self, facts: Sequence[tuple[str, bytes]]) -> None:
        for topic, payload in facts:
            self._bus.publish(topic, payload)


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


def _make_private(folder: Path) -> None:
    """The data folder, for nobody else's eyes."""
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        (folder / "keys").mkdir(exist_ok=True, mode=0o700)
    except OSError as error:
        raise CannotStart(f"{folder} cannot be used: {error.strerror}. Choose another HUBBUB_DATA_DIR.") from None


def _secret(path: Path) -> str:
    """A random secret of the instance, made once."""
    if not path.exists():
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            file.write(secrets.token_urlsafe(48))
    return path.read_text().strip()


def _origins(config: Config) -> tuple[str, ...]:
    return (config.public_url, *config.origins) if config.public_url else config.origins


def _names(config: Config) -> list[str]:
    """Host names and addresses under which people may reach this machine, for the self-signed certificate."""
    named = [urlsplit(config.public_url).hostname or ""] if config.public_url else []
    named += [each.rpartition(":")[0] or each for each in config.public_ip]
    named += [info[4][0] for info in socket.getaddrinfo(socket.gethostname(), None)] if _is_open(config.host) else []
    named += [] if _is_open(config.host) else [config.host]
    return [str(each) for each in dict.fromkeys(named) if each]


def _is_open(host: str) -> bool:
    return host in ("0.0.0.0", "::", "")


def _bind_address(host: str) -> str:
    """The media engine binds addresses, not names."""
    try:
        return str(ipaddress.ip_address(host))
    except ValueError:
        return str(socket.getaddrinfo(host, None, type=socket.SOCK_DGRAM)[0][4][0])


def _secure(origin: str) -> bool:
    """Whether browsers allow microphones on pages from there (secure contexts)."""
    parts = urlsplit(origin)
    return parts.scheme == "https" or parts.hostname in ("localhost", "127.0.0.1", "::1")
