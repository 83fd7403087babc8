"""Without a line: the client opens, rooms that were read are there, and the worker keeps its hands off everything else."""

from __future__ import annotations

import asyncio
import json
import re
import shutil
from pathlib import Path
from typing import Any
from urllib.parse import quote

from playwright.async_api import Browser, Page, expect

from hubbub.front import WEB
from tests.e2e.chromium import until
from tests.e2e.person import PageOf
from tests.scenarios.place import Place

KEPT = """async () => {
  const registration = await navigator.serviceWorker.getRegistration();
  return registration?.active?.state === 'activated' && navigator.serviceWorker.controller !== null;
}"""
CACHED = """async ([room, text]) => {
  const opening = indexedDB.open('hubbub');
  const database = await new Promise(done => { opening.onsuccess = () => done(opening.result); });
  const store = database.transaction('things').objectStore('things');
  const held = asked => new Promise(done => { asked.onsuccess = () => done(asked.result); });
  const key = (await held(store.getAllKeys())).find(key => key.endsWith(`room|${room}`));
  const kept = key && await held(store.get(key));
  database.close();
  return kept?.messages.some(message => message.content === text);
}"""
RESERVED = (
    "/api/instance", "/api/health", "/health", "/metrics", "/gateway", "/gateway?v=1", "/rtc", "/rtc/validate",
    "/twirp/livekit.RoomService/ListRooms", "/auth/refresh", "/servers/1", "/channels/1", "/invites/none", "/plugins",
    "/admin/settings", "/setup", "/no-such-page", "/assets/no-such-file.js", "/service-worker.js",
)  # fmt: skip
FETCHED = """async (path) => { try { return (await fetch(path)).status; } catch { return 'no answer'; } }"""


async def settled(place: Place, opened: Browser) -> tuple[PageOf, list[str]]:
    """Two rooms read and kept on this device, and the worker in charge."""
    owner = await place.owner("mira")
    server = await owner.make_server("Lantern Bay")
    second = await owner.call("POST", f"/api/servers/{server['id']}/channels", {"name": "photos", "type": "text"})
    wren = await PageOf.open(place, opened)
    await wren.join_by(f"{place.url}/invite/{await owner.invite_to(server['id'])}", "Wren Okafor")
    rooms = []
    for name in ("general", "photos"):
        await wren.go_to(name)
        await wren.write(f"Kept in {name}")
        await wren.reads(f"Kept in {name}")
        rooms.append(wren.page.url.rpartition("/")[2])
        await until(wren.page, CACHED, [rooms[-1], f"Kept in {name}"])
    assert rooms[1] == second["id"]
    await until(wren.page, KEPT)
    return wren, rooms


async def test_it_opens_without_a_line_and_reads_what_was_read(place: Place, opened: Browser) -> None:
    wren, _ = await settled(place, opened)
    page = wren.page
    place.kill()
    answer = await page.goto(page.url)
    assert answer is not None
    assert answer.from_service_worker
    assert "script-src 'self'" in answer.headers["content-security-policy"]
    await wren.reads("Kept in photos")
    await wren.go_to("general")
    await wren.reads("Kept in general")
    await expect(page.get_by_text("Reconnecting to")).to_be_visible()
    await wren.write("Written without a line")
    await page.goto(f"{place.url}/settings/keys")
    await expect(page.get_by_role("heading", name="Keys")).to_be_visible()
    for path in RESERVED:
        assert await page.evaluate(FETCHED, path) == "no answer", path
    await asyncio.to_thread(place.start)
    await page.goto(place.url)
    await wren.room("general").or_(page.get_by_role("link", name=re.compile("^Lantern Bay"))).first.click()
    await wren.go_to("general")
    await wren.reads("Written without a line")
    assert wren.errors == []


async def test_the_worker_never_answers_for_the_server(place: Place, opened: Browser) -> None:
    wren, _ = await settled(place, opened)
    answered: dict[str, bool] = {}
    wren.page.on("response", lambda answer: answered.update({answer.url: answer.from_service_worker}))
    for path in RESERVED:
        assert await wren.page.evaluate(FETCHED, path) != "no answer", path
        assert answered[place.url + path] is False, path
    for path in ("/setup", "/health", "/no-such-page"):
        answer = await wren.page.goto(place.url + path)
        assert answer is not None
        assert not answer.from_service_worker, path


async def test_another_build_is_offered_and_then_replaces_the_old_one(tmp_path: Path, opened: Browser) -> None:
    web = tmp_path / "web"
    shutil.copytree(WEB, web)
    place = Place(tmp_path, HUBBUB_WEB_DIR=str(web))
    place.start()
    try:
        wren, _ = await settled(place, opened)
        place.stop()
        rebuild(web)
        await asyncio.to_thread(place.start)
        offer = wren.page.get_by_role("button", name=re.compile("^A new version is ready"))
        await expect(offer).to_be_visible(timeout=60_000)
        await wren.page.reload()  # reloading alone changes nothing: the old version opens again
        assert await made_by(wren.page) == "first"
        await wren.reads("Kept in photos")
        await offer.click()
        await expect(wren.page.locator("meta[name=made-by][content=second]")).to_be_attached(timeout=60_000)
        await wren.reads("Kept in photos")
        await expect(offer).to_have_count(0)
        place.kill()
        answer = await wren.page.reload()
        assert answer is not None
        assert answer.from_service_worker
        assert await made_by(wren.page) == "second"
        await wren.reads("Kept in photos")
    finally:
        place.stop()


SIZES = """async (manifest) => Promise.all(manifest.icons.map(async ({src, sizes, type}) => {
  const picture = new Image();
  picture.src = src;
  await picture.decode();
  return sizes === 'any' || `${picture.naturalWidth}x${picture.naturalHeight}` === sizes ? type : `${src} is no ${sizes}`;
}))"""


async def test_it_can_be_installed(place: Place, opened: Browser) -> None:
    person = await PageOf.open(place, opened)
    await person.page.goto(f"{place.url}/login")
    browser = await person.context.new_cdp_session(person.page)
    read = await browser.send("Page.getAppManifest")
    assert read["errors"] == []
    manifest = json.loads(read["data"])
    assert set(await person.page.evaluate(SIZES, manifest)) == {"image/png", "image/svg+xml"}
    assert {icon["sizes"] for icon in manifest["icons"] if icon.get("purpose") == "maskable"} == {"192x192", "512x512"}
    problems = (await browser.send("Page.getInstallabilityErrors"))["installabilityErrors"]
    assert {problem["errorId"] for problem in problems} <= {"in-incognito"}  # a test's profile is one
    link = f"hubbub://join/{place.url.partition('://')[2]}/no-such-invite"
    await person.page.goto(f"{place.url}/open?link=web%2B{quote(link, safe='')}")
    await expect(person.page.get_by_role("heading", name="This invitation is over")).to_be_visible()


def rebuild(web: Path) -> None:
    """What another build changes for the worker: the page, the names of all scripts (each names others, so its content
    changes with theirs), and so the build's own name."""
    page, worker = web / "index.html", web / "service-worker.js"
    page.write_text(page.read_text().replace("<head>", '<head><meta name="made-by" content="second">'))
    scripts = list(web.glob("assets/*.js"))
    assert scripts
    known = re.compile("|".join(re.escape(script.name) for script in sorted(scripts, key=lambda each: -len(each.name))))
    for file in [page, worker, *scripts]:
        file.write_text(known.sub(lambda found: f"second-{found[0]}", file.read_text()))
    for script in scripts:
        script.rename(script.with_name(f"second-{script.name}"))
    worker.write_text(re.sub(r"name:([`'\"])[0-9a-f]{16}", r"name:\g<1>second-build-0000", worker.read_text(), count=1))


async def made_by(page: Page) -> Any:
    return await page.evaluate("() => document.querySelector('meta[name=made-by]')?.content ?? 'first'")
