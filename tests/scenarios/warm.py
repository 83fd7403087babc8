"""`hubbub run …` that begins in a moment: forked from a process that has imported the product already.

For instances of several processes, which would otherwise spend most of a test on imports. Arguments, environment and
output are those of a process that a shell started; it looks like a `subprocess.Popen` to whoever holds it."""

from __future__ import annotations

import contextlib
import ctypes
import multiprocessing
import os
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

PRELOADED = (
    "hubbub.assembly",
    "hubbub.cli",
    "hubbub.infra.bus.nats",
    "hubbub.infra.cache.redis",
    "hubbub.infra.database.postgres",
    "hubbub.infra.telemetry.logs",
    "tests.scenarios.warm",
    "uvloop",
)


def _context() -> Any:
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload([*PRELOADED])
    return context


class Warm:
    """Its end is seen by its number, and its status read from a file: what the fork server says comes late at times."""

    def __init__(self, arguments: Sequence[str], environment: dict[str, str], folder: Path, log: Path) -> None:
        self._arguments = list(arguments)
        self._status = log.with_suffix(".status")
        self._status.unlink(missing_ok=True)
        given = (self._arguments, environment, str(folder), str(log), str(self._status))
        self._process = _context().Process(target=_live, args=given, daemon=True)
        self._process.start()
        self.pid: int = self._process.pid
        self.returncode: int | None = None

    def poll(self) -> int | None:
        if self.returncode is None and not self._lives():
            self.returncode = int(self._status.read_text()) if self._status.exists() else -signal.SIGKILL
        return self.returncode

    def wait(self, timeout: float = 60) -> int:
        end = time.monotonic() + timeout
        while (status := self.poll()) is None:
            if time.monotonic() > end:
                raise subprocess.TimeoutExpired(self._arguments, timeout)
            time.sleep(0.01)
        return status

    def send_signal(self, number: int) -> None:
        with contextlib.suppress(ProcessLookupError):
            os.kill(self.pid, number)

    def kill(self) -> None:
        self.send_signal(signal.SIGKILL)

    def _lives(self) -> bool:
        """A process that nobody has buried yet does not live (proc(5): state Z)."""
        try:
            return Path(f"/proc/{self.pid}/stat").read_text().rpartition(")")[2].split()[0] not in "ZX"
        except (FileNotFoundError, ProcessLookupError):
            return False


def _live(arguments: list[str], environment: dict[str, str], folder: str, log: str, status_file: str) -> None:
    from hubbub.cli import main

    ctypes.CDLL(None).prctl(1, signal.SIGKILL)  # PR_SET_PDEATHSIG: it does not outlive the tests
    os.environ.clear()
    os.environ.update(environment)
    os.chdir(folder)
    output = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    os.dup2(output, 1)
    os.dup2(output, 2)
    sys.stdout = os.fdopen(1, "w", buffering=1, closefd=False)
    sys.stderr = os.fdopen(2, "w", buffering=1, closefd=False)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    status = main(arguments)
    sys.stdout.flush()
    Path(status_file).write_text(str(status))
    os._exit(status)
