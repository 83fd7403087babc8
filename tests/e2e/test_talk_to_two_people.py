"""The main job in two windows: set up, invite, write, talk, look; and once more over https on the machine's own address."""

from __future__ import annotations

import re
import socket
from pathlib import Path

from playwright.async_api import Browser, expect

from tests.e2e.chromium import LOUDNESS, hears, sees
from tests.e2e.person import both
from tests.scenarios.place import Place
from tests.servers.process import running


async def test_two_people_write_and_talk_and_see(place: Place, opened: Browser) -> None:
    mira, wren = await both(place, opened)
    await mira.go_to("general")
    await wren.go_to("general")
    await mira.write("Wind model is merged.")
    await wren.reads("Wind model is merged.")
    await wren.write("Gusts feel right.")
    await mira.reads("Gusts feel right.")

    await mira.room("Lounge").click()
    await expect(wren.room("Lounge")).to_have_accessible_name(re.compile("1 person"))
    await wren.room("Lounge").click()
    for person in (mira, wren):
        rows = await hears(person.page)
        level = max(row["level"] for row in rows if row["kind"] == "audio")
        assert abs(level - LOUDNESS) < 0.1, rows

    await (
        mira.page.get_by_role("toolbar", name="Call controls").get_by_role("button", name="Camera", exact=True).click()
    )
    await sees(wren.page)
    assert mira.errors == wren.errors == []


async def test_over_https_on_an_address_of_the_machine(tmp_path: Path, opened: Browser) -> None:
    with running(Place(tmp_path, HUBBUB_HOST=own_address(), HUBBUB_TLS="self-signed")) as place:
        mira, wren = await both(place, opened)
        await mira.room("Lounge").click()
        await wren.room("Lounge").click()
        await hears(mira.page)
        await hears(wren.page)
        assert await mira.page.evaluate("isSecureContext")


async def test_a_killed_server_loses_and_repeats_nothing(place: Place, opened: Browser) -> None:
    mira, wren = await both(place, opened)
    await mira.go_to("general")
    await wren.go_to("general")
    for number in range(5):
        await mira.write(f"before {number}")
    await wren.reads("before 4")
    place.kill()
    await mira.write("while away")
    place.start()
    await wren.reads("while away")
    await wren.write("after")
    await mira.reads("after")
    expected = [*[f"before {number}" for number in range(5)], "while away", "after"]
    for person in (mira, wren):
        said = [text for text in await person.texts("") if text in expected]
        assert said == expected
        await person.page.reload()
        await person.reads("after")
        assert [text for text in await person.texts("") if text in expected] == expected


def own_address() -> str:
    """The address of an interface that is not loopback; nothing is sent."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.connect(("192.0.2.1", 9))
        return probe.getsockname()[0]
