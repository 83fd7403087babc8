"""The two systems on this machine, each fresh and with the same keys: where they are, tokens, and what an admin does."""

from __future__ import annotations

import asyncio
import os
import shutil
import subprocess
import tempfile
import time
from asyncio.subprocess import Process
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from functools import partial
from pathlib import Path
from typing import NamedTuple, Protocol

import httpx
import msgspec
from joserfc import jws
from joserfc.jwk import OctKey
from tests.scenarios.place import Person, Place, free_port

from benchmarks.media import Target

ROOT = Path(__file__).parents[2]
VERSION = "v1.13.5"  # the newest whose module has no `replace`, so that it builds by its name
MODULE = f"github.com/livekit/livekit-server/cmd/server@{VERSION}"
KEY, SECRET = "bench", "0123456789abcdef0123456789abcdef"
SPEAK = 1 << 21
MODERATED = "the moderated room"


class Seat(NamedTuple):
    url: str
    token: str


class Moderated(NamedTuple):
    """A room with a speaker and a listener, and what its admin does. Each returns when the server has answered."""

    speaker: Seat
    listener: Seat
    mute: Callable[[bool], Awaitable[object]]
    revoke: Callable[[bool], Awaitable[object]]  # the right to publish
    close: Callable[[], Awaitable[object]]


Way = Callable[[], AbstractAsyncContextManager[Moderated]]


class System(Protocol):
    """`ways`: what it is called when an admin acts -> a fresh room for it. All have RoomService, the way without a name."""

    name: str
    target: Target

    @property
    def ways(self) -> Mapping[str, Way]: ...


def token(room: str, identity: str, **grant: object) -> str:
    """As LiveKit's own tools make it."""
    now = int(time.time())
    video = {"roomJoin": True, "room": room, "canPublish": True, "canSubscribe": True, "canPublishData": True, **grant}
    claims = {"iss": KEY, "sub": identity, "nbf": now - 5, "exp": now + 3600, "video": video}
    key = OctKey.import_key(SECRET)
    return jws.serialize_compact({"alg": "HS256"}, msgspec.json.encode(claims), key, ["HS256"])


class Hubbub:
    """One instance. A person who may moderate acts by REST on members with tickets; what they decide is on the disk first."""

    name = "hubbub"

    def __init__(self, place: Place) -> None:
        assert place.process is not None
        self.place = place
        self.target = Target(place.url.replace("http", "ws", 1), place.process.pid, KEY, SECRET)
        self._owner: Person | None = None

    @property
    def ways(self) -> Mapping[str, Way]:
        return {"": partial(by_room_service, self.target.url), " by REST, kept": self._by_rest}

    @asynccontextmanager
    async def _by_rest(self) -> AsyncIterator[Moderated]:
        owner = self._owner = self._owner or await self.place.owner()
        server = await owner.make_server()
        guest = await self.place.guest(f"guest{server['id']}"[:32], await owner.invite_to(server["id"]))
        room = next(each["id"] for each in server["channels"] if each["type"] == "voice")
        path, moderation = f"/api/channels/{room}", f"/api/servers/{server['id']}/voice/{guest.id}"

        async def seat(person: Person) -> Seat:
            ticket = await person.call("POST", f"{path}/voice/join", {})
            return Seat(ticket["url"], ticket["token"])

        async def revoke(revoked: bool) -> object:
            body = {"type": "user", "deny": str(SPEAK if revoked else 0), "allow": "0"}
            return await owner.call("PUT", f"{path}/permissions/{guest.id}", body)

        try:
            yield Moderated(
                speaker=await seat(guest),
                listener=await seat(owner),
                mute=lambda muted: owner.call("PATCH", moderation, {"mute": muted}),
                revoke=revoke,
                close=lambda: owner.call("DELETE", path),
            )
        finally:
            await guest.close()


class LiveKit:
    """One server."""

    name = "livekit"

    def __init__(self, port: int, pid: int) -> None:
        self.target = Target(f"ws://127.0.0.1:{port}", pid, KEY, SECRET)

    @property
    def ways(self) -> Mapping[str, Way]:
        return {"": partial(by_room_service, self.target.url)}


@asynccontextmanager
async def by_room_service(url: str) -> AsyncIterator[Moderated]:
    """LiveKit's API for a room's admin: nothing is kept, so nothing waits for a disk."""
    room = f"{MODERATED} {time.monotonic_ns()}"
    admin = token(room, "admin", roomAdmin=True, roomCreate=True, roomList=True)
    base = url.replace("ws", "http", 1) + "/twirp/livekit.RoomService"
    async with httpx.AsyncClient(headers={"Authorization": f"Bearer {admin}"}, timeout=20) as http:

        async def call(verb: str, **body: object) -> object:
            answer = await http.post(f"{base}/{verb}", json={"room": room, **body})
            assert answer.status_code == 200, f"{verb}: {answer.text}"
            return answer.json()

        async def mute(muted: bool) -> object:
            found = await call("GetParticipant", identity="speaker")
            assert isinstance(found, dict)
            sid = found["tracks"][0]["sid"]
            return await call("MutePublishedTrack", identity="speaker", track_sid=sid, muted=muted)

        async def revoke(revoked: bool) -> object:
            permission = {"can_publish": not revoked, "can_subscribe": True, "can_publish_data": True}
            return await call("UpdateParticipant", identity="speaker", permission=permission)

        yield Moderated(
            speaker=Seat(url, token(room, "speaker")),
            listener=Seat(url, token(room, "listener")),
            mute=mute,
            revoke=revoke,
            close=lambda: call("DeleteRoom"),
        )


@asynccontextmanager
async def hubbub() -> AsyncIterator[Hubbub]:
    with tempfile.TemporaryDirectory(prefix="hubbub-bench-") as folder:
        place = Place(Path(folder), HUBBUB_LIVEKIT_KEYS=f"{KEY}: {SECRET}")
        await asyncio.to_thread(place.start)
        try:
            yield Hubbub(place)
        finally:
            await asyncio.to_thread(place.stop)


@asynccontextmanager
async def livekit(server: Path) -> AsyncIterator[LiveKit]:
    """Loopback only, one UDP port, no TURN, no TCP: what the generator and Hubbub use as well."""
    with tempfile.TemporaryDirectory(prefix="livekit-bench-") as folder:
        port = free_port()
        config = Path(folder) / "livekit.yaml"
        config.write_text(
            f"port: {port}\nbind_addresses: [127.0.0.1]\nlogging: {{level: error}}\nkeys: {{{KEY}: {SECRET}}}\n"
            f"rtc: {{udp_port: {free_port()}, tcp_port: 0, node_ip: 127.0.0.1, enable_loopback_candidate: true,"
            " interfaces: {includes: [lo]}}\n"
        )
        with (Path(folder) / "log").open("wb") as log:
            process = await asyncio.create_subprocess_exec(
                str(server), "--config", str(config), stdout=log, stderr=log, cwd=folder
            )
        try:
            await _answers(f"http://127.0.0.1:{port}/", process)
            yield LiveKit(port, process.pid)
        finally:
            process.terminate()
            try:
                await asyncio.wait_for(process.wait(), 10)
            except TimeoutError:
                process.kill()
                await process.wait()


async def _answers(url: str, process: Process) -> None:
    end = time.monotonic() + 20
    async with httpx.AsyncClient(timeout=2) as http:
        while time.monotonic() < end and process.returncode is None:
            try:
                if (await http.get(url)).status_code == 200:
                    return
            except httpx.TransportError:
                await asyncio.sleep(0.05)
    raise RuntimeError(f"LiveKit does not answer at {url}")


def built() -> Path:
    """LiveKit's server: `$LIVEKIT_SERVER`, or built from the Go module proxy into `.tools/peers`."""
    if given := os.environ.get("LIVEKIT_SERVER"):
        return Path(given)
    folder = ROOT / ".tools" / "peers"
    server = folder / f"livekit-{VERSION}"
    if not server.exists():
        if shutil.which("go") is None:
            raise RuntimeError("Go is needed to build LiveKit; or say by LIVEKIT_SERVER where its binary is")
        print(f"building LiveKit {VERSION} (minutes, once)", flush=True)
        environment = {**os.environ, "GOFLAGS": "-mod=mod", "GOBIN": str(folder)}
        subprocess.run(["go", "install", MODULE], env=environment, check=True)
        (folder / "server").rename(server)
    return server
