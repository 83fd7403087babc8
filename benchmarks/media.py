"""Voice rooms full of people: our load generator (crates/loadgen) against a fresh instance per row.

    python -m benchmarks.media
    python -m benchmarks.media --server ws://127.0.0.1:7880 PID KEY SECRET    # any LiveKit-compatible server

A row is the generator's line of JSON. CPU per packet is that of the whole server process, for each packet that reached
a subscriber. Another's server is not restarted between rows: its memory then is that of all rows so far.
"""

from __future__ import annotations

import argparse
import json
import subprocess
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

from benchmarks.measure import instance

ROOT = Path(__file__).parents[1]
GENERATOR = ROOT / "target" / "release" / "loadgen"
KEY, SECRET = "bench", "a bench key is nobody's real secret"
DEADLINE = 300  # seconds for one row; joining a large room is the longest part

SHAPES: dict[str, tuple[str, ...]] = {
    "1x50": ("--publishers", "1", "--subscribers", "50"),
    "5x20": ("--publishers", "5", "--subscribers", "20"),
    "10x50": ("--publishers", "10", "--subscribers", "50"),
    "100 in a room, 4 talk": ("--publishers", "100", "--talking", "4", "--subscribers", "0", "--mesh"),
    "5 rooms of 5x20": ("--rooms", "5", "--publishers", "5", "--subscribers", "20"),
}
CHURN = ("--churn", "500")


class Target(NamedTuple):
    url: str
    pid: int
    key: str
    secret: str


@contextmanager
def fresh() -> Generator[Target]:
    """An instance of our own that knows the generator's key."""
    with instance(HUBBUB_LIVEKIT_KEYS=f"{KEY}: {SECRET}") as place:
        assert place.process is not None
        yield Target(place.url.replace("http", "ws", 1), place.process.pid, KEY, SECRET)


def generate(target: Target, *options: str) -> dict[str, Any]:
    """One run. The generator's exit status is not zero when somebody did not get in: that is in the row."""
    command = [str(GENERATOR), "--json", "--url", target.url, "--pid", str(target.pid)]
    command += ["--key", target.key, "--secret", target.secret, *options]
    done = subprocess.run(command, capture_output=True, text=True, timeout=DEADLINE, check=False)
    if not done.stdout:
        raise RuntimeError(f"the load generator said: {done.stderr}")
    return json.loads(done.stdout)


def media(server: Target | None = None, seconds: int = 8) -> dict[str, Any]:
    """All rows, by the names of their shapes."""
    build()
    rows: dict[str, Any] = {}
    runs = {name: (*shape, "--seconds", str(seconds)) for name, shape in SHAPES.items()}
    for name, options in {**runs, "churn": CHURN}.items():
        if server is not None:
            rows[name] = generate(server, *options)
        else:
            with fresh() as target:
                rows[name] = generate(target, *options)
        print(f"{name}: {json.dumps(rows[name])}", flush=True)
    return rows


def build() -> None:
    subprocess.run(["cargo", "build", "--release", "--quiet", "--locked", "-p", "loadgen"], cwd=ROOT, check=True)


def main() -> None:
    parser = argparse.ArgumentParser(prog="benchmarks.media")
    parser.add_argument("--server", nargs=4, metavar=("URL", "PID", "KEY", "SECRET"), help="one that is running")
    parser.add_argument("--seconds", type=int, default=8, help="length of each measurement")
    options = parser.parse_args()
    server = None
    if options.server:
        url, pid, key, secret = options.server
        server = Target(url, int(pid), key, secret)
    media(server, options.seconds)


if __name__ == "__main__":
    main()
