"""PostgreSQL, NATS, Redis and an S3 server (Versity Gateway on a folder), as tests start them.

One of each serves a whole test run. Tests do not see each other: each takes a database, a prefix or a bucket folder of
its own."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from hubbub.infra.database.migrations import postgres_run
from tests.servers.ports import free_port
from tests.servers.process import ServerProcess, find

SECRET = "only-for-tests"
DEPLOY = Path(__file__).parents[2] / "deploy"
_numbers = itertools.count(1)


def fresh_name() -> str:
    """Another one at each call, within this run."""
    return f"t{next(_numbers)}"


class Postgres(ServerProcess):
    def __init__(self, kept: Path | None = None) -> None:
        super().__init__("postgres", kept)
        self._migrated = ""
        self._bin = find("postgres", "/usr/lib/postgresql/*/bin/postgres").parent

    def prepare(self) -> None:
        data = str(self.folder / "data")
        options = ("-U", "hubbub", "-A", "trust", "-E", "UTF8", "--locale=C.UTF-8", "--no-sync")
        self.run(str(self._bin / "initdb"), "-D", data, *options)

    def command(self) -> Sequence[str]:
        durable = "on" if self.kept else "off"
        settings = (f"fsync={durable}", "max_connections=300", "shared_buffers=64MB", "log_min_messages=warning")
        place = ("-D", str(self.folder / "data"), "-h", "127.0.0.1", "-p", str(self.port), "-k", str(self.folder))
        return (str(self._bin / "postgres"), *place, *(part for each in settings for part in ("-c", each)))

    def ready(self) -> bool:
        try:
            self.run(str(self._bin / "pg_isready"), "-q", "-h", "127.0.0.1", "-p", str(self.port), "-U", "hubbub")
        except RuntimeError:
            return False
        return True

    def url(self, database: str) -> str:
        return f"postgresql://hubbub@127.0.0.1:{self.port}/{database}"

    def fresh_database(self) -> str:
        """The address of a new, empty database."""
        return self._copy_of("template0")

    def database(self, name: str) -> str:
        """The address of the database of that name, made if it is not there."""
        place = ("-h", "127.0.0.1", "-p", str(self.port), "-U", "hubbub")
        marker = self.folder / f"made-{name}"
        if not marker.exists():
            self.run(str(self._bin / "createdb"), *place, name)
            marker.touch()
        return self.url(name)

    def migrated_database(self) -> str:
        """The address of a new database that has every table and no rows."""
        if not self._migrated:
            address = self.fresh_database()
            with ThreadPoolExecutor(1) as thread:  # whoever asks may be inside a loop
                thread.submit(lambda: asyncio.run(postgres_run.migrate(address))).result()
            self._migrated = address.rpartition("/")[2]
        return self._copy_of(self._migrated)

    def _copy_of(self, template: str) -> str:
        name = fresh_name()
        place = ("-h", "127.0.0.1", "-p", str(self.port), "-U", "hubbub")
        self.run(str(self._bin / "createdb"), *place, "-T", template, name)
        return self.url(name)


class Replica(Postgres):
    """A copy of `primary` that streams what it writes. Has the same databases, roles and addresses but for the port."""

    def __init__(self, primary: Postgres) -> None:
        super().__init__()
        self.name = "replica"
        self._primary = primary

    def prepare(self) -> None:
        place = ("-h", "127.0.0.1", "-p", str(self._primary.port), "-U", "hubbub")
        copy = ("-D", str(self.folder / "data"), "-R", "-X", "stream", "-c", "fast", "--no-sync")
        self.run(str(self._bin / "pg_basebackup"), *place, *copy)


class Nats(ServerProcess):
    def __init__(self, kept: Path | None = None) -> None:
        super().__init__("nats", kept)

    def command(self) -> Sequence[str]:
        """With the settings of the distributed form, where our user can read them."""
        (self.folder / "nats.conf").write_text((DEPLOY / "nats" / "nats.conf").read_text())
        return (
            self.reachable(find("nats-server")),
            "-c",
            str(self.folder / "nats.conf"),
            "-a",
            "127.0.0.1",
            "-p",
            str(self.port),
            "--auth",
            SECRET,
        )

    @property
    def url(self) -> str:
        return f"nats://{SECRET}@127.0.0.1:{self.port}"


class Redis(ServerProcess):
    """Debian's `redis-tools` holds the server too: one program that looks at its name. No service comes with it."""

    def __init__(self, kept: Path | None = None) -> None:
        super().__init__("redis", kept)

    def prepare(self) -> None:
        (self.folder / "redis-server").symlink_to(find("redis-server", "/usr/bin/redis-check-rdb"))

    def command(self) -> Sequence[str]:
        place = ("--port", str(self.port), "--bind", "127.0.0.1", "--dir", str(self.folder))
        program = str(self.folder / "redis-server")
        return (program, *place, "--save", "", "--appendonly", "no", "--requirepass", SECRET)

    @property
    def url(self) -> str:
        return f"redis://:{SECRET}@127.0.0.1:{self.port}/0"

    def cluster_url(self) -> str:
        return self.url.replace("redis://", "redis+cluster://").removesuffix("/0")


class RedisCluster(Redis):
    """One node that holds all slots: what a client must do differently shows with one as with three."""

    def __init__(self) -> None:
        super().__init__()
        self._bus_port = free_port()

    def command(self) -> Sequence[str]:
        cluster = ("--cluster-enabled", "yes", "--cluster-port", str(self._bus_port))
        return (*super().command(), *cluster, "--cluster-config-file", str(self.folder / "nodes"))

    def start(self) -> None:
        first = not (self.folder / "nodes").exists()
        super().start()
        login = ("redis-cli", "-h", "127.0.0.1", "-p", str(self.port), "-a", SECRET, "--no-auth-warning")
        if first:
            self.run(*login, "CLUSTER", "ADDSLOTSRANGE", "0", "16383")


class S3(ServerProcess):
    key, secret, bucket = "hubbubtest", "hubbubtest-secret", "hubbub"

    def __init__(self, kept: Path | None = None) -> None:
        super().__init__("s3", kept)

    def prepare(self) -> None:
        self.run("mkdir", "-p", f"{self.folder}/data/{self.bucket}", f"{self.folder}/meta")

    def environment(self) -> dict[str, str]:
        return {"ROOT_ACCESS_KEY": self.key, "ROOT_SECRET_KEY": self.secret}

    def command(self) -> Sequence[str]:
        program = self.reachable(find("versitygw"))
        folders = ("--sidecar", f"{self.folder}/meta", f"{self.folder}/data")
        return (program, "--port", f"127.0.0.1:{self.port}", "--quiet", "posix", *folders)

    @property
    def endpoint(self) -> str:
        return f"http://127.0.0.1:{self.port}"
