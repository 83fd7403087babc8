"""Journeys run on one process with the real page in real Chromium."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from playwright.async_api import Browser, async_playwright, expect

from tests.e2e import chromium
from tests.scenarios.place import Place
from tests.servers.process import running

expect.set_options(timeout=15_000)  # ms: a busy machine is slow, not wrong; what must be quick is measured elsewhere


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    with running(Place(tmp_path)) as started:
        yield started


@pytest.fixture
async def opened(tmp_path: Path) -> AsyncIterator[Browser]:
    async with async_playwright() as playwright, chromium.browser(playwright, tmp_path) as browser:
        yield browser
