"""A real server for the tests: its own folder, a free port on loopback, an unprivileged user, gone with the tests."""

from __future__ import annotations

import contextlib
import ctypes
import os
import pwd
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Protocol, TypeVar

from tests.servers.ports import free_port

STARTING = 60.0  # seconds; a loaded machine starts slowly


def find(name: str, *elsewhere: str) -> Path:
    """A program of this environment, of `.tools/bin`, of PATH, or by a pattern (the newest); links are followed."""
    tools = Path(__file__).parents[2] / ".tools" / "bin"
    for folder in (str(Path(sys.executable).parent), str(tools), None):
        if found := shutil.which(name, path=folder):
            return Path(found).resolve()
    for pattern in elsewhere:
        if found := sorted(Path("/").glob(pattern.lstrip("/"))):
            return found[-1].resolve()
    raise FileNotFoundError(f"{name} is not installed: `make setup-test` does that")


def end_with_the_tests() -> None:
    """In the child: who kills the tests shall not have to look for their servers (prctl(2), PR_SET_PDEATHSIG)."""
    ctypes.CDLL(None).prctl(1, signal.SIGQUIT)


class Startable(Protocol):
    def start(self) -> None: ...
    def stop(self) -> object: ...


S = TypeVar("S", bound=Startable)


@contextlib.contextmanager
def running(server: S) -> Iterator[S]:
    """Started, and stopped whatever happens: also if it does not start."""
    try:
        server.start()
        yield server
    finally:
        server.stop()


class ServerProcess:
    """`start()`, `stop()`, and for tests of faults `kill()` and `restart()` on the same port with the same data.

    `kept`: a folder of one's own, for data that outlives `stop()`; without it everything is temporary."""

    def __init__(self, name: str, kept: Path | None = None) -> None:
        self.name = name
        self.kept = kept is not None
        if kept is None:
            self.folder = Path(tempfile.mkdtemp(prefix=f"hubbub-{name}-"))
        else:
            self.folder = kept
            self.folder.mkdir(parents=True, exist_ok=True)
        self.port = free_port()
        self.process: subprocess.Popen[bytes] | None = None
        self._nobody = pwd.getpwnam("nobody") if os.geteuid() == 0 else None  # no server runs as root
        if self._nobody:
            os.chown(self.folder, self._nobody.pw_uid, self._nobody.pw_gid)

    # ---- what each server says of itself

    def prepare(self) -> None:
        """Once, before the first start."""

    def command(self) -> Sequence[str]:
        raise NotImplementedError

    def environment(self) -> dict[str, str]:
        return {}

    def ready(self) -> bool:
        with socket.socket() as probe:
            probe.settimeout(1)
            return probe.connect_ex(("127.0.0.1", self.port)) == 0

    # ---- life

    def start(self) -> None:
        """Returns when the server answers."""
        if not (self.folder / "prepared").exists():
            self.prepare()
            (self.folder / "prepared").touch()
        with (self.folder / "log").open("ab") as log:
            self.process = subprocess.Popen(
                [*self.command()],
                cwd=self.folder,
                env=self._environment(),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
                preexec_fn=end_with_the_tests,
                **self._demoted(),
            )
        end = time.monotonic() + STARTING
        while not self.ready():
            if self.process.poll() is not None:
                raise RuntimeError(f"{self.name} ended with {self.process.returncode}:\n{self.said()}")
            if time.monotonic() > end:
                raise TimeoutError(f"{self.name} does not answer:\n{self.said()}")
            time.sleep(0.01)

    def kill(self) -> None:
        """SIGKILL, to it and its children."""
        assert self.process is not None
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()

    def restart(self) -> None:
        self._end()
        self.start()

    def stop(self) -> None:
        """And leave nothing behind but what is kept."""
        self._end()
        if not self.kept:
            shutil.rmtree(self.folder, ignore_errors=True)

    def said(self) -> str:
        return (self.folder / "log").read_text(errors="replace")[-4_000:]

    def run(self, *command: str) -> None:
        """A tool of the server, to its end, as the same user."""
        ended = subprocess.run(
            command, cwd=self.folder, env=self._environment(), capture_output=True, check=False, **self._demoted()
        )
        if ended.returncode:
            raise RuntimeError(f"{command[0]}: {ended.stderr.decode(errors='replace')}")

    def reachable(self, program: Path) -> str:
        """The program where our user may execute it: a checkout may lie where only root can look."""
        if self._nobody is None or str(program).startswith(("/usr/", "/bin/")):
            return str(program)
        copy = self.folder / program.name
        if not copy.exists():
            shutil.copy2(program, copy)
            copy.chmod(0o755)
        return str(copy)

    def _end(self) -> None:
        process = self.process
        if process is None or process.poll() is not None:
            return
        with contextlib.suppress(ProcessLookupError):
            process.send_signal(signal.SIGINT)  # PostgreSQL's fast shutdown; the others end too
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(10)
        self.kill()

    def _environment(self) -> dict[str, str]:
        return {"PATH": os.environ["PATH"], "HOME": str(self.folder), "LC_ALL": "C.UTF-8", **self.environment()}

    def _demoted(self) -> dict[str, object]:
        if self._nobody is None:
            return {}
        return {"user": self._nobody.pw_uid, "group": self._nobody.pw_gid, "extra_groups": []}
