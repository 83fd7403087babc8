"""Every scenario runs three times: services called directly, each call encoded as between processes, and the services
apart on real servers."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.scenarios.apart import Apart
from tests.scenarios.place import Place
from tests.servers.process import running


@pytest.fixture
def settings() -> dict[str, str]:
    """What a module's place is run with besides; it overrides this."""
    return {}


@pytest.fixture(params=["direct", "encoded", "apart"])
def place(request: pytest.FixtureRequest, tmp_path: Path, settings: dict[str, str]) -> Iterator[Place]:
    if request.param == "apart":
        servers = [request.getfixturevalue(f"{name}_server") for name in ("postgres", "nats", "redis")]
        started: Place = Apart(tmp_path, *servers, HUBBUB_ENCODED_CALLS="0", **settings)
    else:
        encoded = "1" if request.param == "encoded" else "0"
        started = Place(tmp_path, HUBBUB_ENCODED_CALLS=encoded, **settings)
    with running(started):
        yield started
