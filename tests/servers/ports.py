"""Ports that nobody takes between the asking and the use.

They lie below those that the system gives to outgoing connections and to `bind(0)` (ip(7), ip_local_port_range), and a
lock on one byte of one file for each keeps other test runs of this machine off: it goes with the process that took it.
"""

from __future__ import annotations

import fcntl
import os
import random
import socket
import tempfile
from pathlib import Path

LOWEST = 10_000
_taken: set[int] = set()
_locks: list[int] = []  # the file, once it is open: closing any descriptor of it would give all its locks back


def free_port() -> int:
    """For TCP and UDP on loopback; no other call on this machine gives it while this process lives."""
    ports = [port for port in range(LOWEST, _given_by_the_system()) if port not in _taken]
    random.shuffle(ports)
    for port in ports:
        if _locked(port) and _is_unused(port):
            _taken.add(port)
            return port
    raise OSError(f"no port from {LOWEST} on is free")


def _given_by_the_system() -> int:
    lowest = int(Path("/proc/sys/net/ipv4/ip_local_port_range").read_text().split()[0])
    return lowest if lowest > LOWEST + 1_000 else 65_536  # where the system takes nearly all, the locks alone must do


def _locked(port: int) -> bool:
    if not _locks:
        path = Path(tempfile.gettempdir()) / f"hubbub-test-ports-{os.getuid()}"
        _locks.append(os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600))
    try:
        fcntl.lockf(_locks[0], fcntl.LOCK_EX | fcntl.LOCK_NB, 1, port)
    except OSError:
        return False
    return True


def _is_unused(port: int) -> bool:
    with socket.socket() as tcp, socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as udp:
        try:
            tcp.bind(("127.0.0.1", port))
            udp.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True
