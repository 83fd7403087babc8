"""`make cluster`: the topology of deploy/compose.distributed.yml as plain processes on free ports of loopback, with the real
servers. What it tells is where; Ctrl-C (or SIGTERM) ends all of it. A process that dies is started again.

    python -m tests.servers.cluster [FOLDER]    data is kept in FOLDER; without one it is temporary
"""

from __future__ import annotations

import contextlib
import secrets
import signal
import subprocess
import sys
import tempfile
import threading
from pathlib import Path

from tests.deploy import written
from tests.scenarios.place import Place
from tests.servers.engines import S3, Nats, Postgres, Redis
from tests.servers.process import ServerProcess, end_with_the_tests

LOOK = 0.5  # seconds between two looks for processes that died
MEDIA_NODES = 2  # the compose file describes the node of one machine


def topology() -> dict[str, str]:
    """Process -> its service, as the compose file has them."""
    found: dict[str, str] = {}
    for service in written.compose("compose.distributed.yml", written.GIVEN)["services"].values():
        command = service.get("command") or [""]
        if command[0] != "run":
            continue
        count = MEDIA_NODES if command[1] == "media" else service.get("deploy", {}).get("replicas", 1)
        for number in range(1, count + 1):
            found[f"{command[1]}-{number}" if count > 1 else command[1]] = command[1]
    return found


class Process(Place):
    """One service. It does not hear the terminal's Ctrl-C, and does not outlive this program."""

    def launch(self) -> None:
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "hubbub", "run", *self.services],
                env=self.environment(),
                cwd=self.folder,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
                preexec_fn=end_with_the_tests,
            )


class Cluster:
    """`start()`, `stop()`; `processes` by name, gateways first."""

    def __init__(self, folder: Path, keep: bool) -> None:
        self.folder = folder
        engines = folder / "engines" if keep else None
        self.postgres, self.nats, self.redis, self.s3 = (
            kind(engines / kind.__name__.lower() if engines else None) for kind in (Postgres, Nats, Redis, S3)
        )
        self.processes: dict[str, Process] = {}
        for kept in (folder, folder / "hubbub", folder / "logs"):
            kept.mkdir(exist_ok=True)
        for name, service in topology().items():
            process = self.processes[name] = Process(folder / "hubbub")
            process.services, process.log = (service,), folder / "logs" / f"{name}.log"

    @property
    def engines(self) -> tuple[ServerProcess, ...]:
        return (self.postgres, self.nats, self.redis, self.s3)

    @property
    def gateways(self) -> list[Process]:
        return [each for each in self.processes.values() if each.services == ("gateway",)]

    def start(self) -> None:
        for engine in self.engines:
            engine.start()
        settings = {
            "DATABASE_URL": self.postgres.database("hubbub"),
            "NATS_URL": self.nats.url,
            "REDIS_URL": self.redis.url,
            "HUBBUB_NAMESPACE": f"cluster-{secrets.token_hex(3)}",
            "HUBBUB_PUBLIC_URL": self.gateways[0].url,
            "HUBBUB_ORIGINS": ",".join(each.url for each in self.gateways),
            "HUBBUB_RATE_LIMIT_SCALE": "1",
        }
        for process in self.processes.values():
            process.settings = settings
            process.launch()
        for process in self.processes.values():
            process.wait_ready()

    def revive(self) -> list[str]:
        """Start again who died; their names."""
        dead = [name for name, each in self.processes.items() if each.process and each.process.poll() is not None]
        for name in dead:
            self.processes[name].launch()
        return dead

    def stop(self) -> None:
        """Services first and all at once, then the servers."""
        for each in self.processes.values():
            if each.process is not None and each.process.poll() is None:
                each.process.send_signal(signal.SIGTERM)
        for each in self.processes.values():
            if each.process is not None:
                with contextlib.suppress(subprocess.TimeoutExpired):  # then it was killed
                    each.stop()
        for engine in self.engines:
            engine.stop()

    def addresses(self) -> str:
        lines = [f"  {name:<11}{each.url}" for name, each in self.processes.items()]
        lines += [
            "",
            f"  PostgreSQL {self.postgres.url('hubbub')}",
            f"  NATS       {self.nats.url}",
            f"  Redis      {self.redis.url}",
            f"  S3         {self.s3.endpoint} ({S3.key}, {S3.secret}, bucket {S3.bucket}); Hubbub keeps no files there yet",
            "",
            f"  data, logs {self.folder}",
        ]
        token = self.folder / "hubbub" / "data" / "setup-token"
        if token.exists():
            lines += ["", "Nobody owns this instance yet. Open this link to make your account and your first server:"]
            lines += [f"  {self.gateways[0].url}/setup?token={token.read_text().strip()}"]
        return "\n".join(lines)


def main(arguments: list[str]) -> int:
    with contextlib.ExitStack() as leaving:
        temporary = leaving.enter_context(tempfile.TemporaryDirectory(prefix="hubbub-cluster-"))
        folder = Path(arguments[0]).resolve() if arguments else Path(temporary)
        ended = threading.Event()
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, lambda *_: ended.set())
        cluster = Cluster(folder, keep=bool(arguments))
        leaving.callback(cluster.stop)
        print("Starting PostgreSQL, NATS, Redis, an S3 server and the services ...", flush=True)
        cluster.start()
        print(
            f"Hubbub runs as {len(cluster.processes)} processes:\n\n{cluster.addresses()}\n\nCtrl-C stops all.",
            flush=True,
        )
        while not ended.wait(LOOK):
            for name in cluster.revive():
                print(f"{name} ended and is started again: {cluster.processes[name].log}", flush=True)
        print("Stopping ...", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
