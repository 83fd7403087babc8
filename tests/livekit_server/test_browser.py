"""Two pages of the client in Chromium talk over LiveKit, which stands behind TLS as browsers want it."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import suppress
from pathlib import Path

import pytest
from playwright.async_api import Browser, Page, async_playwright

from hubbub.infra import certificates
from tests.e2e import chromium
from tests.e2e.chromium import hears, hears_nothing
from tests.e2e.person import PageOf
from tests.livekit_server.conftest import LiveKit
from tests.scenarios.place import Place, free_port
from tests.scenarios.test_sdk_with_ticket import lounge
from tests.scenarios.test_write_and_read import two


class Tls:
    """TLS in front of a server on loopback."""

    def __init__(self, folder: Path) -> None:
        self.certificate = certificates.self_signed(folder, [])
        self.port = free_port()

    async def serve(self, to: int) -> asyncio.Server:
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(self.certificate.chain, self.certificate.key)

        async def join(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            back_reader, back_writer = await asyncio.open_connection("127.0.0.1", to)
            await asyncio.gather(copy(reader, back_writer), copy(back_reader, writer))

        return await asyncio.start_server(join, "127.0.0.1", self.port, ssl=context)


async def copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with suppress(ConnectionError, ssl.SSLError):
        while data := await reader.read(65536):
            writer.write(data)
            await writer.drain()
    writer.close()


@pytest.fixture
def tls(tmp_path: Path) -> Tls:
    return Tls(tmp_path / "tls")


@pytest.fixture
def place(place: Place, tls: Tls) -> Place:
    place.stop()
    place.settings |= {
        "HUBBUB_LIVEKIT_URL": f"wss://127.0.0.1:{tls.port}",
        "SSL_CERT_FILE": str(tls.certificate.chain),
    }
    place.start()
    return place


@pytest.fixture
async def opened(tmp_path: Path, tls: Tls, livekit_of_place: LiveKit) -> AsyncIterator[Browser]:
    async with await tls.serve(livekit_of_place.port):
        async with async_playwright() as playwright, chromium.browser(playwright, tmp_path) as browser:
            yield browser


async def test_two_pages_talk_and_one_is_muted(place: Place, opened: Browser) -> None:
    owner, guest, server = await two(place)
    path = f"/s/{server['id']}/{lounge(server)}"
    pages: list[Page] = []
    for name in ("owner", "wren"):
        page = await PageOf.open(place, opened)
        await page.log_in(name, path)
        await page.room("Lounge").click()
        pages.append(page.page)
    for page in pages:
        await hears(page)
    seat = f"/api/servers/{server['id']}/voice/{guest.id}"
    await owner.call("PATCH", seat, {"mute": True})
    await hears_nothing(pages[0])
    await owner.call("PATCH", seat, {"mute": False})
    await hears(pages[0])
