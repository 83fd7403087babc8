"""Holds the write lock of a database for some seconds, and measures how late this machine lets a sleeper wake up.

Usage: lock_holder.py DATABASE SECONDS. Says `held`, and at the end its worst delay in milliseconds.
"""

from __future__ import annotations

import sys
import time

import apsw


def main(path: str, seconds: float) -> None:
    link = apsw.Connection(path)
    link.set_busy_timeout(10_000)
    link.execute("BEGIN IMMEDIATE")
    print("held", flush=True)
    worst, now, end = 0.0, time.monotonic(), time.monotonic() + seconds
    while now < end:
        time.sleep(0.005)
        before, now = now, time.monotonic()
        worst = max(worst, now - before - 0.005)
    link.execute("COMMIT")
    print(worst * 1000, flush=True)


if __name__ == "__main__":
    main(sys.argv[1], float(sys.argv[2]))
