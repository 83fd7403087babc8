"""The real LiveKit server, one for the run, and an instance of Hubbub that uses it. `make test-livekit` builds it once."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from aiohttp import web
from benchmarks.peers.systems import built

from hubbub.clock import SystemClock
from hubbub.errors import Refused
from hubbub.events import Event
from hubbub.infra.twirp import Twirp
from hubbub.services.media.access_token import AccessTokens
from hubbub.services.media.cluster import ClusterMedia
from tests.contract.media_behaviour import Hall
from tests.scenarios.place import Place, free_port
from tests.servers.process import ServerProcess, running

KEY, SECRET = "hubbub-tests", "0123456789abcdef0123456789abcdef"


class LiveKit(ServerProcess):
    """Loopback only, one UDP port. `told`: where its webhooks go."""

    def __init__(self, program: Path, told: str) -> None:
        super().__init__("livekit")
        self._program = program
        self._told = told
        self._media = free_port()

    def prepare(self) -> None:
        (self.folder / "livekit.yaml").write_text(
            f"port: {self.port}\nbind_addresses: [127.0.0.1]\nlogging: {{level: warn}}\nkeys: {{{KEY}: {SECRET}}}\n"
            f"webhook: {{api_key: {KEY}, urls: ['{self._told}']}}\n"
            f"rtc: {{udp_port: {self._media}, tcp_port: 0, node_ip: 127.0.0.1, enable_loopback_candidate: true,"
            " interfaces: {includes: [lo]}}\n"
        )

    def command(self) -> list[str]:
        return [self.reachable(self._program), "--config", str(self.folder / "livekit.yaml")]

    @property
    def url(self) -> str:
        return f"ws://127.0.0.1:{self.port}"

    @property
    def settings(self) -> dict[str, str]:
        """How an operator points Hubbub at it."""
        return {
            "HUBBUB_LIVEKIT_URL": self.url,
            "HUBBUB_LIVEKIT_API_KEY": KEY,
            "HUBBUB_LIVEKIT_API_SECRET": SECRET,
        }


@pytest.fixture(scope="session")
def program() -> Path:
    return built()


@asynccontextmanager
async def listening(port: int, told: Callable[[str, bytes], Awaitable[None]]) -> AsyncIterator[None]:
    """Takes webhooks, as a process of Hubbub does."""

    async def take(request: web.Request) -> web.Response:
        try:
            await told(request.headers.get("Authorization", ""), await request.read())
        except Refused as refused:
            return web.Response(status=401, text=refused.code)
        return web.Response(status=204)

    app = web.Application()
    app.router.add_post("/hook", take)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", port).start()
    try:
        yield
    finally:
        await runner.cleanup()


@asynccontextmanager
async def cluster(livekit: LiveKit, port: int, hooks: bool = True, started: bool = True) -> AsyncIterator[Hall]:
    """The media service over it. Without `hooks` nobody listens to them; `started`: it knows who has a seat."""
    clock, events = SystemClock(), list[Event]()
    caller = Twirp(f"http{livekit.url.removeprefix('ws')}", "livekit.RoomService")
    media = ClusterMedia(caller, AccessTokens({KEY: SECRET}, KEY, clock), livekit.url, "tests", clock, events.append)
    if started:
        await media.start()
    try:
        async with listening(port if hooks else free_port(), media.told):
            yield Hall(media, livekit.url, events, unseen="left" if hooks else "lost")
    finally:
        await media.stop()
        await caller.close()


@pytest.fixture
def hook_port() -> int:
    return free_port()


@pytest.fixture
def livekit(program: Path, hook_port: int) -> Iterator[LiveKit]:
    """Fresh for each test: rooms outlive their people for 20 s."""
    with running(LiveKit(program, f"http://127.0.0.1:{hook_port}/hook")) as server:
        yield server


@pytest.fixture
async def hall(livekit: LiveKit, hook_port: int) -> AsyncIterator[Hall]:
    async with cluster(livekit, hook_port) as hall:
        yield hall


@pytest.fixture
def place_alone(tmp_path: Path) -> Place:
    return Place(tmp_path)


@pytest.fixture
def livekit_of_place(program: Path, place_alone: Place) -> Iterator[LiveKit]:
    with running(LiveKit(program, f"{place_alone.url}/api/media/livekit/webhook")) as server:
        yield server


@pytest.fixture
def place(place_alone: Place, livekit_of_place: LiveKit) -> Iterator[Place]:
    """Hubbub as an operator points it at LiveKit."""
    place_alone.settings |= {**livekit_of_place.settings, "HUBBUB_ENCODED_CALLS": "1"}
    with running(place_alone):
        yield place_alone
