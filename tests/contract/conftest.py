"""Each engine of the database port, for whoever asks."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from hubbub.infra.database.base import Database
from tests.contract.library import ENGINES, Engine


@pytest.fixture(params=ENGINES)
async def engine(request: pytest.FixtureRequest) -> AsyncIterator[Engine]:
    backend = ENGINES[request.param](request)
    yield backend
    await backend.close()


@pytest.fixture
async def database(engine: Engine) -> Database:
    return await engine.open(engine.published.extend)
