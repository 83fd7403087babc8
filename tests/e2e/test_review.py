"""The review list of the interface, as far as a browser can hold it: flags and keys, the line, moderation, looks and words."""

from __future__ import annotations

import asyncio
import re
from typing import Any

import pytest
from playwright.async_api import Browser, Page, WebSocketRoute, expect

from tests.e2e import lantern_bay
from tests.e2e.chromium import hears, until
from tests.e2e.person import PageOf, both
from tests.scenarios.place import Person, Place

_SPEAKS = "(on) => (document.querySelector('.call-top .meter')?.hasAttribute('data-speaking') ?? false) === on"
_SIDEWAYS = "() => document.documentElement.scrollWidth - document.documentElement.clientWidth"

# Controls that one sees but that reach out of the window, and texts that are cut without three dots.
_CLIPPED = """() => [...document.querySelectorAll('button, a[href], input, h1, h2, h3, p, label, [data-composer]')]
  .filter((each) => each.checkVisibility({visibilityProperty: true, opacityProperty: true}) && !each.closest('.vh, .skip'))
  .filter((each) => {
    const {left, right, width} = each.getBoundingClientRect();
    if (!width || getComputedStyle(each).clipPath !== 'none') return false;
    if (left < -1 || right > innerWidth + 1) return true;
    const style = getComputedStyle(each);
    return each.scrollWidth > each.clientWidth + 1 && style.overflowX === 'hidden' && style.textOverflow !== 'ellipsis';
  }).map((each) => each.outerHTML.slice(0, 120))"""

_NAMELESS = """() => [...document.querySelectorAll('.ib')].filter((each) => each.checkVisibility())
  .filter((each) => !each.getAttribute('aria-label') || each.dataset.tip !== each.getAttribute('aria-label'))
  .map((each) => each.outerHTML.slice(0, 120))"""


async def _in_call(place: Place, opened: Browser, settings: str = "{}") -> PageOf:
    owner = await place.owner("mira")
    server = await owner.make_server()
    person = await PageOf.open(place, opened)
    await person.context.add_init_script(
        f"localStorage.getItem('hubbub.voice') || localStorage.setItem('hubbub.voice', '{settings}')"
    )
    await person.log_in("mira", f"/s/{server['id']}")
    await person.room("Lounge").click()
    await expect(person.page.get_by_role("button", name=re.compile("^Connection: Good")).first).to_be_visible()
    return person


def _control(page: Page, name: str) -> Any:
    return page.get_by_role("toolbar", name="Call controls").get_by_role("button", name=name, exact=True)


async def test_flags_of_voice_and_the_ring_before_the_network(place: Place, opened: Browser) -> None:
    person = await _in_call(place, opened)
    page = person.page
    mute, deafen = _control(page, "Mute"), _control(page, "Deafen")
    await until(page, _SPEAKS, True)
    await mute.click()
    await until(page, _SPEAKS, False)
    await expect(page.locator(".tip", has_text="You are muted").first).to_be_visible(timeout=10_000)
    await deafen.click()
    await deafen.click()
    await expect(deafen).to_have_attribute("aria-pressed", "false")
    await expect(mute).to_have_attribute("aria-pressed", "true")

    await page.get_by_role("navigation", name="Rooms").get_by_role("link").first.focus()
    await page.keyboard.down("m")
    await page.keyboard.down("m")  # held: the browser repeats the key
    await page.keyboard.down("m")
    await page.keyboard.up("m")
    await expect(mute).to_have_attribute("aria-pressed", "false")

    network = await person.context.new_cdp_session(page)
    slow = {"offline": False, "latency": 1000, "downloadThroughput": 50_000, "uploadThroughput": 50_000}
    await network.send("Network.emulateNetworkConditions", slow)
    await mute.click()
    await until(page, _SPEAKS, False)
    await mute.click()
    await until(page, _SPEAKS, True, seconds=0.9)
    assert person.errors == []
    await person.close()


async def test_push_to_talk_closes_when_the_window_loses_the_keyboard(place: Place, opened: Browser) -> None:
    person = await _in_call(place, opened, '{"mode": "push"}')
    page = person.page
    await page.get_by_role("navigation", name="Rooms").get_by_role("link").first.focus()
    await until(page, _SPEAKS, False)
    await page.keyboard.down("Space")
    await until(page, _SPEAKS, True)
    await page.evaluate("() => window.dispatchEvent(new Event('blur'))")
    await until(page, _SPEAKS, False, seconds=2)
    await page.keyboard.up("Space")
    await person.close()


async def test_without_a_network_one_reads_writes_and_loses_nothing(place: Place, opened: Browser) -> None:
    owner = await place.owner("mira")
    server = await owner.make_server()
    room = next(each["id"] for each in server["channels"] if each["type"] == "text")
    for number in range(5):
        await owner.send(room, f"known {number}")
    person = await PageOf.open(place, opened)
    page = person.page
    away = False
    sockets: list[WebSocketRoute] = []

    async def line(socket: WebSocketRoute) -> None:
        if away:
            await socket.close()
            return
        sockets.append(socket)
        socket.connect_to_server()

    await page.route_web_socket(re.compile("/gateway"), line)
    await page.route(
        re.compile("/(api|auth|instance|channels/[^/]+/messages)"),
        lambda route: route.abort() if away else route.continue_(),
    )
    await person.log_in("mira", f"/s/{server['id']}/{room}")
    await person.reads("known 4")
    await expect(page.locator(".cm-content")).to_have_count(1)
    await asyncio.sleep(1.5)  # what is kept on the device is written a second after the last change
    away = True
    for socket in sockets:
        await socket.close()
    assert await page.get_by_role("article").count() == 5
    await person.write("said while away")
    await page.keyboard.type("and a draft")
    assert not await page.get_by_role("button", name="Try now").is_visible(), "the banner waits for three seconds"
    await expect(page.get_by_role("button", name="Try now")).to_be_visible(timeout=8_000)
    await page.reload()
    await person.reads("known 4")
    await person.reads("said while away")
    await expect(page.locator("[data-composer]")).to_have_text("and a draft")
    away = False
    await expect(page.locator(".msg.pending")).to_have_count(0, timeout=30_000)
    assert await person.texts("said while away") == ["said while away"]
    said = await owner.call("GET", f"/api/channels/{room}/messages")
    assert [each["content"] for each in said].count("said while away") == 1
    await expect(page.get_by_role("button", name="Try now")).to_have_count(0)
    await person.close()


async def test_people_are_moved_and_sent_out_from_their_card(place: Place, opened: Browser) -> None:
    mira, wren = await both(place, opened)
    owner = await place.login("mira.aldous")
    server = (await owner.call("GET", "/api/servers"))[0]["id"]
    await owner.call("POST", f"/api/servers/{server}/channels", {"name": "Night watch", "type": "voice"})
    await mira.room("Lounge").click()
    await wren.room("Lounge").click()
    await hears(mira.page)
    page = mira.page
    await page.get_by_role("navigation", name="Rooms").get_by_role("button", name=re.compile("^Wren Okafor")).click()
    card = page.get_by_role("dialog", name="Wren Okafor")
    await card.get_by_label("Move to another room").click()
    await page.get_by_role("option", name="Night watch").click()
    await expect(mira.room("Night watch")).to_have_accessible_name(re.compile("1 person"))
    await page.keyboard.press("Escape")
    await expect(wren.page.locator(".call-room")).to_have_text(re.compile("^Night watch.*Good"))
    await page.get_by_role("navigation", name="Rooms").get_by_role("button", name=re.compile("^Wren Okafor")).click()
    await card.get_by_role("button", name="Send out of the room").click()
    await expect(
        page.get_by_role("navigation", name="Rooms").get_by_role("button", name=re.compile("^Wren"))
    ).to_have_count(0)
    await expect(wren.page.get_by_role("toolbar", name="Call controls")).to_have_count(0)
    assert mira.errors == wren.errors == []


async def test_a_reader_of_the_page_hears_little_and_finds_one_heading_per_message(
    place: Place, opened: Browser
) -> None:
    owner = await place.owner("mira")
    server = await owner.make_server()
    room = next(each["id"] for each in server["channels"] if each["type"] == "text")
    other = await Person.register(place, "wren", invite=await owner.invite_to(server["id"]))
    await other.send(room, "first")
    person = await PageOf.open(place, opened)
    page = person.page
    await person.log_in("mira", f"/s/{server['id']}/{room}")
    await person.reads("first")
    heard = """() => { window.heard = []; const region = document.querySelector('.shell > .vh [aria-live="polite"]');
      new MutationObserver(() => region.textContent && window.heard.push(region.textContent))
        .observe(region, {childList: true, characterData: true, subtree: true}); }"""
    await page.evaluate(heard)
    for number in range(6):
        await other.send(room, f"burst {number}")
    await person.reads("burst 5")
    said = await until(page, "() => window.heard.length >= 2 && window.heard")
    assert said[0].startswith("wren: burst")
    await asyncio.sleep(2.5)  # as long as one saying keeps the next waiting
    assert len(await page.evaluate("() => window.heard")) <= 3, "six messages are not six sayings"
    headings = await page.evaluate(
        "() => [...document.querySelectorAll('article.first')].map(each => each.querySelectorAll('h1,h2,h3').length)"
    )
    assert headings
    assert set(headings) == {1}
    await person.close()


LOOKS: dict[str, dict[str, Any]] = {
    "forced-colours": {"forced_colors": "active"},
    "contrast": {"contrast": "more"},
    "still": {"reduced_motion": "reduce"},
    "right-to-left": {},
    "german": {"locale": "de-DE"},
    "twice-as-large": {"viewport": {"width": 720, "height": 900}},
}


@pytest.mark.parametrize("look", LOOKS)
async def test_nothing_breaks_however_one_looks_at_it(place: Place, opened: Browser, look: str) -> None:
    bay = await lantern_bay.settle(place)
    person = await PageOf.open(place, opened, **LOOKS[look])
    page = person.page
    if look == "right-to-left":
        await page.add_init_script(
            "new MutationObserver((_, o) => document.documentElement && (document.documentElement.dir = 'rtl', o.disconnect())).observe(document, {childList: true})"
        )
    if look == "twice-as-large":
        await page.add_init_script(
            "addEventListener('DOMContentLoaded', () => document.documentElement.style.setProperty('--font-scale', '2'))"
        )
    await page.goto(f"{place.url}/invite/{bay.invite}")
    await expect(page.get_by_role("heading", level=1).first).to_be_visible()
    assert await page.evaluate(_SIDEWAYS) <= 0
    await page.goto(f"{place.url}/login")
    await page.locator("input[autocomplete=username]").fill("wren")
    await page.locator("input[type=password]").fill("correct horse battery")
    await page.keyboard.press("Enter")
    await expect(page.locator("input[type=password]")).to_have_count(0)
    for path in (
        f"/s/{bay.server}/{bay.rooms['build-log']}",
        "/settings/profile",
        f"/s/{bay.server}/{bay.rooms['The Galley']}",
    ):
        await page.goto(f"{place.url}{path}")
        await expect(page.get_by_role("heading", level=1)).to_be_visible()
        if "build-log" in path or path.endswith(bay.rooms["build-log"]):
            await person.reads("black horizon")
        assert await page.evaluate(_SIDEWAYS) <= 0, path
        assert await page.evaluate(_CLIPPED) == [], path
        assert await page.evaluate(_NAMELESS) == [], path
    if look == "still":
        assert (
            await page.evaluate(
                "() => document.getAnimations().filter(each => each.effect.getTiming().duration > 0).length"
            )
            == 0
        )
    assert person.errors == []
    await person.close()


async def test_unsaved_changes_ask_before_one_leaves(place: Place, opened: Browser) -> None:
    await place.owner("mira")
    person = await PageOf.open(place, opened)
    page = person.page
    await person.log_in("mira", "/settings/profile")
    name = page.get_by_label("What people call you")
    await name.fill("Somebody else")
    question = page.get_by_role("alertdialog", name="Leave without saving?")
    await page.get_by_role("link", name=re.compile("^Back")).click()
    await question.get_by_role("button", name="Stay here").click()
    await expect(name).to_have_value("Somebody else")
    await page.get_by_role("link", name=re.compile("^Back")).click()
    await question.get_by_role("button", name="Leave", exact=True).click()
    await expect(name).to_have_count(0)

    await page.goto(f"{place.url}/settings/keys")
    await page.locator('a[href$="/settings/profile"]').click()
    await name.fill("Somebody else")
    await page.evaluate("() => history.back()")
    await question.get_by_role("button", name="Stay here").click()
    await expect(name).to_have_value("Somebody else")
    assert page.url.endswith("/settings/profile")
    await page.evaluate("() => history.back()")
    await question.get_by_role("button", name="Leave", exact=True).click()
    await page.wait_for_url("**/settings/keys")
    await expect(name).to_have_count(0)
    assert person.errors == []
    await person.close()
