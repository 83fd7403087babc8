"""A place with people and a past, for pictures: made through the API as people would make it."""

from __future__ import annotations

from typing import Any, NamedTuple

from tests.scenarios.place import Person, Place

NAMES = ("Mira Aldous", "Odile Renaud", "Tomasz Brandt", "Jonas Bekele", "Wren Okafor", "Hana Sato", "Dev Malhotra")


class Bay(NamedTuple):
    people: dict[str, Person]  # by first name
    server: str
    rooms: dict[str, str]
    invite: str


async def settle(place: Place) -> Bay:
    owner = await Person.register(place, "mira", setup_token=place.setup_token, display_name=NAMES[0])
    server = await owner.call(
        "POST",
        "/api/servers",
        {"name": "Lantern Bay", "description": "A small crew building a quiet sailing game, in the open."},
        201,
    )
    invite = await owner.invite_to(server["id"])
    people = {"Mira": owner}
    for name in NAMES[1:]:
        first = name.split()[0]
        people[first] = await Person.register(place, first.lower(), invite=invite, display_name=name)
    rooms = await _rooms(owner, server)
    await _roles(owner, server["id"], people)
    await _history(people, rooms)
    return Bay(people, server["id"], rooms, invite)


async def _rooms(owner: Person, server: dict[str, Any]) -> dict[str, str]:
    path = f"/api/servers/{server['id']}/channels"
    made = {channel["name"]: channel["id"] for channel in server["channels"]}
    await owner.call("PATCH", f"/api/channels/{made['general']}", {"topic": "Everything that fits nowhere else"})

    async def add(name: str, type: str, parent: str | None = None, topic: str = "") -> None:
        body = {"name": name, "type": type, "parent_id": parent, "topic": topic}
        made[name] = (await owner.call("POST", path, body, 201))["id"]

    await add("Harbour", "category")
    await add("build-log", "text", made["Harbour"], "What changed, and how it feels under sail")
    await add("photos", "text", made["Harbour"])
    await add("tech-help", "text", made["Harbour"])
    await add("Rooms", "category")
    await add("The Galley", "voice", made["Rooms"], "Drop in, headphones welcome")
    await add("Night watch", "voice", made["The Galley"])
    await add("Chart room", "voice", made["Rooms"])
    await owner.call("DELETE", f"/api/channels/{made.pop('Lounge')}")
    return made


async def _roles(owner: Person, server: str, people: dict[str, Person]) -> None:
    for name, hue, members in (("Captains", 2, ("Mira", "Jonas")), ("Artists", 7, ("Odile",))):
        role = await owner.call("POST", f"/api/servers/{server}/roles", {"name": name, "hue": hue, "hoist": True}, 201)
        for first in members:
            path = f"/api/servers/{server}/members/{people[first].id}"
            await owner.call("PATCH", path, {"roles": [role["id"]]})


async def _history(people: dict[str, Person], rooms: dict[str, str]) -> None:
    log = rooms["build-log"]
    first = await people["Mira"].send(log, "Wind model is merged. Boats lean now instead of sliding.")
    await people["Mira"].send(
        log,
        'All the tuning is in `world/wind.toml`:\n```toml\ngust_every = "40s"   # was 15s, people felt seasick\n'
        "shelter    = 0.35    # lee side of islands\n```",
    )
    await people["Odile"].send(
        log, "First pass at the lighthouse. The beam is a real light now, so fog finally looks like fog."
    )
    await people["Jonas"].call(
        "POST",
        f"/api/channels/{log}/messages",
        {"content": "An hour in and no capsizing. Gusts off Goat Hill feel *right*.", "reply_to": first["id"]},
    )
    wren = people["Wren"].id
    await people["Tomasz"].send(
        log, f"<@{wren}> could you try the Linux build before tonight? Two people saw a black horizon."
    )
    for number in range(3):
        await people["Dev"].send(rooms["photos"], f"Sunset over Outer Reef, take {number + 1}")
    await people["Hana"].send(rooms["general"], "Kettle is on in the Galley.")
