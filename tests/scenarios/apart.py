"""The same black box as `place.Place`, of several processes on real servers: two gateways, two of what may be several,
two media nodes. People come in by turns at either gateway."""

from __future__ import annotations

import itertools
import secrets
import signal
from collections.abc import Mapping
from pathlib import Path

from tests.scenarios.place import Place
from tests.scenarios.warm import Warm
from tests.servers.engines import Nats, Postgres, Redis

Groups = Mapping[str, tuple[str, ...]]
GROUPS: Groups = {
    "gateway-1": ("gateway",),
    "gateway-2": ("gateway",),
    "core-1": ("auth", "user", "channel", "chat", "presence", "voice", "media"),
    "core-2": ("user", "channel", "chat", "presence", "media"),
}
MEDIA_ALONE: Groups = {
    "gateway-1": ("gateway",),
    "gateway-2": ("gateway",),
    "core": ("auth", "user", "channel", "chat", "presence", "voice"),
    "media-1": ("media",),
    "media-2": ("media",),
}


class Part(Place):
    """One process of several."""

    def launch(self) -> None:
        self.process = Warm(["run", *self.services], self.environment(), self.folder, self.log)  # type: ignore[assignment]


class Apart(Place):
    """`url`, `port` and `process` are those of the first gateway; `parts` has all processes by name. A page of either
    gateway may speak to both and to the media nodes, as if one address lay before them."""

    def __init__(
        self,
        folder: Path,
        postgres: Postgres,
        nats: Nats,
        redis: Redis,
        groups: Groups = GROUPS,
        **settings: str,
    ) -> None:
        shared = {
            "DATABASE_URL": postgres.migrated_database(),
            "NATS_URL": nats.url,
            "REDIS_URL": redis.url,
            "HUBBUB_NAMESPACE": f"place-{secrets.token_hex(4)}",
            **settings,
        }
        self.postgres, self.nats, self.redis = postgres, nats, redis
        self.parts: dict[str, Place] = {}
        super().__init__(folder, **shared)
        for name, services in groups.items():
            part = Part(folder, **shared)
            part.services, part.log = services, folder / f"{name}.log"
            self.parts[name] = part
        first = self.parts["gateway-1"]
        self.port, self.log = first.port, first.log
        self.gateways = [part for part in self.parts.values() if "gateway" in part.services]
        origins = ",".join(part.url for part in self.gateways)
        for part in self.parts.values():
            part.settings = {"HUBBUB_PUBLIC_URL": first.url, "HUBBUB_ORIGINS": origins, **part.settings}
        self._turns = itertools.cycle(self.gateways)

    def entrance(self) -> str:
        return next(self._turns).url

    @property
    def machines(self) -> list[str]:
        return [part.url for part in self.parts.values()]

    @property
    def signalling(self) -> set[str]:
        return {part.url.replace("http", "ws", 1) for part in self.parts.values() if "media" in part.services}

    def start(self) -> None:
        for part in self.parts.values():
            if part.process is None or part.process.poll() is not None:
                part.launch()
        for part in self.parts.values():
            part.wait_ready()
        self.process = self.parts["gateway-1"].process

    def kill(self) -> None:
        for part in self.parts.values():
            part.kill()

    def stop(self) -> int:
        """All at once, as a machine that is shut down does; the first exit status that is none of success."""
        for part in self.parts.values():
            if part.process is not None and part.process.poll() is None:
                part.process.send_signal(signal.SIGTERM)
        statuses = [part.stop() for part in self.parts.values()]
        return next((status for status in statuses if status), 0)

    def said(self) -> str:
        return "\n".join(f"==== {name}\n{part.log.read_text()[-3000:]}" for name, part in self.parts.items())
