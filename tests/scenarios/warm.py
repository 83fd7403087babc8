"""`hubbub run …` that begins in a moment: forked from a process that has imported the product already.

For instances of several processes, which would otherwise spend most of a test on imports. Arguments, environment and
output are those of a process that a shell started; it looks like a `subprocess.Popen` to whoever holds it."""

from __future__ import annotations

import multiprocessing
import os
import signal
import subprocess
import sys
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
    def __init__(self, arguments: Sequence[str], environment: dict[str, str], folder: Path, log: Path) -> None:
        self._arguments = arguments
        given = (list(arguments), environment, str(folder), str(log))
        self._process = _context().Process(target=_live, args=given, daemon=True)
        self._process.start()
        self.pid: int = self._process.pid

    @property
    def returncode(self) -> int | None:
        return self._process.exitcode

    def poll(self) -> int | None:
        return self._process.exitcode

    def wait(self, timeout: float | None = None) -> int:
        self._process.join(timeout)
        if (status := self._process.exitcode) is None:
            raise subprocess.TimeoutExpired(list(self._arguments), timeout or 0)
        return status

    def send_signal(self, number: int) -> None:
        if self.poll() is None:
            os.kill(self.pid, number)

    def kill(self) -> None:
        self.send_signal(signal.SIGKILL)


def _live(arguments: list[str], environment: dict[str, str], folder: str, log: str) -> None:
    from hubbub.cli import main

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
    os._exit(status)
