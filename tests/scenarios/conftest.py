"""Every scenario runs three times: services called directly, each call encoded as between processes, and the services
apart on real servers."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.scenarios.apart import Apart
from tests.scenarios.place import Place


@pytest.fixture(params=["direct", "encoded", "apart"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Place]:
    if request.param == "apart":
        servers = [request.getfixturevalue(f"{name}_server") for name in ("postgres", "nats", "redis")]
        started: Place = Apart(tmp_path, *servers, HUBBUB_ENCODED_CALLS="0")
    else:
        started = Place(tmp_path, HUBBUB_ENCODED_CALLS="1" if request.param == "encoded" else "0")
    try:
        started.start()
        yield started
    finally:
        started.stop()
