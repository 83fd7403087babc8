"""Schemathesis on every operation of the OpenAPI document, as the owner, as a member and as nobody: no 5xx, each answer as
the document says, wrong bodies refused, nothing without a token, deleted things gone; and walks from one operation's
answer into the next. `API_EXAMPLES` makes it as long as one likes (`make test-api`), then each run tries others.
"""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.scenarios.place import Person, Place
from tests.servers.process import running

EXAMPLES = int(os.environ.get("API_EXAMPLES", "3"))
SEED = [] if "API_EXAMPLES" in os.environ else ["--seed", "20150101"]
ENDING = r"/api/auth/(logout|password|sessions)"  # these end the session that asks
WITHIN = 120.0 + 20 * EXAMPLES  # seconds
# A well-formed request may still be refused (no such room, a name taken, no right), which the document cannot say.
CHECKS = ["--checks", "all", "--exclude-checks", "positive_data_acceptance"]


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    with running(Place(tmp_path)) as started:
        yield started


async def check(place: Place, person: Person | None, phases: str, *chosen: str) -> None:
    token = ["--header", f"Authorization: Bearer {person.tokens['access_token']}"] if person else []
    command = [
        *(str(Path(sys.executable).parent / "schemathesis"), "run", f"{place.url}/api/openapi.json", *token),
        *("--phases", phases, "--max-examples", str(EXAMPLES), *SEED, *CHECKS, *chosen),
        *("--suppress-health-check", "all", "--request-timeout", "20", "--no-color"),
    ]
    running = await asyncio.create_subprocess_exec(
        *command, cwd=place.folder, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT
    )
    try:
        said, _ = await asyncio.wait_for(running.communicate(), WITHIN)
    except TimeoutError:
        running.kill()
        raise
    text = said.decode()
    assert running.returncode == 0, text[-12_000:]
    assert " passed" in text, text[-2_000:]


async def test_the_owner(place: Place) -> None:
    await check(place, await place.owner(), "coverage,fuzzing,stateful", "--exclude-path-regex", ENDING)


async def test_a_member(place: Place) -> None:
    owner = await place.owner()
    invite = await owner.invite_to((await owner.make_server())["id"])
    member = await place.guest("member", invite)
    await check(place, member, "fuzzing,stateful", "--exclude-path-regex", ENDING)
    await check(place, await place.login("member"), "coverage,fuzzing", "--include-path-regex", ENDING)


async def test_nobody(place: Place) -> None:
    await place.owner()
    await check(place, None, "fuzzing")


async def test_links_lead_to_real_operations(place: Place) -> None:
    owner = await place.owner()
    document = await owner.call("GET", "/api/openapi.json")
    names = {
        operation["operationId"]
        for operations in document["paths"].values()
        for operation in operations.values()
        if "operationId" in operation
    }
    linked = document["paths"]["/api/channels/{channel_id}/messages"]["post"]["responses"]["201"]["links"]
    assert "ApiMessagesMessageIdEdit" in linked
    assert linked.keys() <= names


async def test_bodies_are_taken_exactly(place: Place) -> None:
    owner = await place.owner()
    server = (await owner.make_server())["id"]
    refused = await owner.call("POST", f"/api/servers/{server}/roles", {"name": "Crew", "mentionable": 0}, 400)
    assert [each["field"] for each in refused["errors"]] == ["mentionable"]
    refused = await owner.call("POST", f"/api/servers/{server}/roles", {"name": 7}, 400)
    assert [each["field"] for each in refused["errors"]] == ["name"]
    broken = await owner.http.post(f"/api/servers/{server}/roles", content=b'{"name":')
    assert (broken.status_code, broken.json()["code"]) == (400, "request.invalid")
    assert (await owner.call("POST", f"/api/servers/{server}/invites", None, 201))["token"]


async def test_addresses_name_their_methods(place: Place) -> None:
    owner = await place.owner()
    refused = await owner.http.request("TRACE", "/api/users/@me")
    assert refused.status_code == 405
    assert {"GET", "PATCH"} <= set(refused.headers["allow"].split(", "))
    asked = await owner.http.options("/api/users/@me")
    assert (asked.status_code, asked.content) == (204, b"")
    assert {"GET", "PATCH"} <= set(asked.headers["allow"].split(", "))
    assert asked.headers["x-content-type-options"] == "nosniff"
