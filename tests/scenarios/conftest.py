"""Every scenario runs twice: services called directly, and each call encoded as between processes."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.scenarios.place import Place


@pytest.fixture(params=["direct", "encoded"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Place]:
    started = Place(tmp_path, HUBBUB_ENCODED_CALLS="1" if request.param == "encoded" else "0")
    started.start()
    try:
        yield started
    finally:
        started.stop()
