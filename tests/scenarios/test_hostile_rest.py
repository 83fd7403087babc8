"""Bad input over REST gets a 4xx problem with a stable code: never a 500, never a hang, and nothing is lost by it."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.scenarios.place import PASSWORD, Place
from tests.scenarios.test_write_and_read import text_channel
from tests.servers.process import running

GARBAGE = [
    b"",
    b"{",
    b"[]",
    b"null",
    b'"text"',
    b"\xff\xfe{}",
    b'{"content": "\xed\xa0\x80"}',
    b'{"content": 5}',
    b'{"content": null}',
    b'{"content": "x", "surprise": 1}',
    b'{"content": "x", "content": {}}',
    b"[" * 5_000,
    b'{"content": ' + b"1" * 400 + b"}",
]


def assert_problem(answer: httpx.Response, *statuses: int) -> dict[str, Any]:
    assert answer.status_code in statuses, f"{answer.status_code} {answer.text[:300]}"
    assert answer.headers["content-type"].startswith("application/problem+json")
    problem = answer.json()
    assert problem["status"] == answer.status_code
    assert problem["code"]
    assert problem["detail"]
    return problem


async def test_garbage_is_a_4xx_everywhere(place: Place) -> None:
    owner = await place.owner()
    server = await owner.make_server()
    channel = text_channel(server)
    targets = [
        ("POST", f"/api/channels/{channel}/messages"),
        ("PATCH", f"/api/channels/{channel}"),
        ("POST", "/api/servers"),
        ("PATCH", f"/api/servers/{server['id']}"),
        ("POST", f"/api/servers/{server['id']}/roles"),
        ("POST", "/api/auth/login"),
        ("POST", "/api/auth/register"),
        ("POST", "/api/auth/refresh"),
        ("PUT", f"/api/channels/{channel}/read"),
        ("PATCH", "/api/users/@me"),
    ]
    for method, path in targets:
        for body in GARBAGE:
            answer = await owner.http.request(method, path, content=body, headers={"content-type": "application/json"})
            assert_problem(answer, 400, 401, 404, 409, 413, 415, 422)
    assert (await owner.send(channel, "still here"))["content"] == "still here"


async def test_a_body_that_is_too_large_is_refused_before_it_is_read(place: Place) -> None:
    owner = await place.owner()
    channel = text_channel(await owner.make_server())
    body = json.dumps({"content": "x" * 100_000}).encode()
    path = f"/api/channels/{channel}/messages"
    answer = await owner.http.post(path, content=body, headers={"content-type": "application/json"})
    assert assert_problem(answer, 413)["code"] == "request.too_large"


@pytest.mark.parametrize("length", [0, 1, 4000, 4001, 15_999])
async def test_the_length_of_a_message_has_one_limit(place: Place, length: int) -> None:
    owner = await place.owner()
    channel = text_channel(await owner.make_server())
    answer = await owner.http.post(f"/api/channels/{channel}/messages", json={"content": "ä" * length})
    if 1 <= length <= 4000:
        assert answer.status_code == 201
    else:
        assert assert_problem(answer, 422)["code"] in ("message.empty", "message.too_long")


BAD_IDS = ["0", "1", "-1", "abc", "9223372036854775808", "99999999999999999999", "１２", "1.5", "%00", "%2e%2e", " 1"]


@pytest.mark.parametrize("bad", BAD_IDS)
async def test_an_id_that_is_none_does_not_exist(place: Place, bad: str) -> None:
    owner = await place.owner()
    server = await owner.make_server()
    paths = [
        f"/api/servers/{bad}",
        f"/api/channels/{bad}",
        f"/api/channels/{bad}/messages",
        f"/api/users/{bad}",
        f"/api/servers/{bad}/members",
        f"/api/channels/{text_channel(server)}/messages/{bad}",
    ]
    for path in paths:
        assert_problem(await owner.http.get(path), 400, 404)
    assert_problem(await owner.http.delete(f"/api/messages/{bad}"), 400, 404, 405)


async def test_what_one_may_not_see_does_not_exist(place: Place) -> None:
    """Every endpoint with an id of somebody else's server answers as for an id that never was."""
    owner = await place.owner()
    server = await owner.make_server()
    channel = text_channel(server)
    voice = next(each["id"] for each in server["channels"] if each["type"] == "voice")
    message = (await owner.send(channel, "secret"))["id"]
    other = await owner.make_server("Elsewhere")
    stranger = await place.guest("stranger", await owner.invite_to(other["id"]))
    s, c, m, v = server["id"], channel, message, voice
    calls: list[tuple[str, str, Any]] = [
        ("GET", f"/api/servers/{s}", None),
        ("PATCH", f"/api/servers/{s}", {"name": "mine"}),
        ("DELETE", f"/api/servers/{s}", None),
        ("GET", f"/api/servers/{s}/channels", None),
        ("POST", f"/api/servers/{s}/channels", {"name": "mine"}),
        ("GET", f"/api/servers/{s}/members", None),
        ("PATCH", f"/api/servers/{s}/members/{owner.id}", {"nick": "x"}),
        ("DELETE", f"/api/servers/{s}/members/{owner.id}", None),
        ("DELETE", f"/api/servers/{s}/members/@me", None),
        ("GET", f"/api/servers/{s}/roles", None),
        ("POST", f"/api/servers/{s}/roles", {"name": "x", "permissions": "8"}),
        ("PATCH", f"/api/servers/{s}/roles/{s}", {"permissions": "8"}),
        ("DELETE", f"/api/servers/{s}/roles/{s}", None),
        ("GET", f"/api/servers/{s}/invites", None),
        ("POST", f"/api/servers/{s}/invites", {}),
        ("PATCH", f"/api/servers/{s}/voice/{owner.id}", {"mute": True}),
        ("GET", f"/api/channels/{c}", None),
        ("PATCH", f"/api/channels/{c}", {"name": "mine"}),
        ("DELETE", f"/api/channels/{c}", None),
        ("GET", f"/api/channels/{c}/permissions", None),
        ("PUT", f"/api/channels/{c}/permissions/{stranger.id}", {"type": "user", "allow": "1024"}),
        ("DELETE", f"/api/channels/{c}/permissions/{stranger.id}", None),
        ("GET", f"/api/channels/{c}/permissions/explain?permission=1024", None),
        ("GET", f"/api/channels/{c}/messages", None),
        ("POST", f"/api/channels/{c}/messages", {"content": "x"}),
        ("GET", f"/api/channels/{c}/messages/{m}", None),
        ("PATCH", f"/api/messages/{m}", {"content": "x"}),
        ("DELETE", f"/api/messages/{m}", None),
        ("POST", f"/api/channels/{c}/typing", None),
        ("PUT", f"/api/channels/{c}/read", {"message_id": m}),
        ("POST", f"/api/channels/{v}/voice/join", {}),
    ]
    for method, path, body in calls:
        problem = assert_problem(await stranger.http.request(method, path, json=body), 404)
        assert problem["code"].endswith(".not_found"), (method, path, problem)
    async with stranger.gateway() as gateway:
        for name, data in [
            ("message.send", {"channel_id": c, "content": "x"}),
            ("messages.page", {"channel_id": c}),
            ("message.edit", {"message_id": m, "content": "x"}),
            ("message.delete", {"message_id": m}),
            ("read", {"channel_id": c, "message_id": m}),
        ]:
            assert (await gateway.command(name, data))["problem"]["code"].endswith(".not_found")
        await owner.send(channel, "not for strangers")
        await owner.send(text_channel(other), "for both")
        await gateway.wait("MESSAGE_CREATE", lambda d: d["message"]["content"] == "for both")
        assert not [each for each in gateway.events if "not for strangers" in json.dumps(each)]


async def test_a_member_without_rights_is_denied_and_changes_nothing(place: Place) -> None:
    owner = await place.owner()
    server = await owner.make_server()
    channel = text_channel(server)
    message = (await owner.send(channel, "mine"))["id"]
    guest = await place.guest("wren", await owner.invite_to(server["id"]))
    s = server["id"]
    for method, path, body in [
        ("PATCH", f"/api/servers/{s}", {"name": "mine"}),
        ("DELETE", f"/api/servers/{s}", None),
        ("POST", f"/api/servers/{s}/channels", {"name": "mine"}),
        ("PATCH", f"/api/channels/{channel}", {"name": "mine"}),
        ("DELETE", f"/api/channels/{channel}", None),
        ("POST", f"/api/servers/{s}/roles", {"name": "x", "permissions": "8"}),
        ("PATCH", f"/api/servers/{s}/roles/{s}", {"permissions": "8"}),
        ("PUT", f"/api/channels/{channel}/permissions/{guest.id}", {"type": "user", "allow": "16"}),
        ("PATCH", f"/api/servers/{s}/members/{guest.id}", {"roles": [s]}),
        ("DELETE", f"/api/servers/{s}/members/{owner.id}", None),
        ("PATCH", f"/api/messages/{message}", {"content": "yours"}),
        ("DELETE", f"/api/messages/{message}", None),
        ("PATCH", f"/api/servers/{s}/voice/{owner.id}", {"mute": True}),
    ]:
        problem = assert_problem(await guest.http.request(method, path, json=body), 403, 404)
        assert problem["code"] in (
            "permission.denied", "role.outranked", "member.outranked", "message.not_yours", "role.not_found",
        ), (method, path, problem)  # fmt: skip
    after = await owner.call("GET", f"/api/servers/{s}")
    assert after["name"] == server["name"]
    assert len(after["channels"]) == len(server["channels"])
    assert [each["content"] for each in await owner.history(channel)] == ["mine"]


async def test_tokens_that_are_none(place: Place) -> None:
    owner = await place.owner()
    good = owner.tokens["access_token"]
    head, body, signature = good.split(".")
    for token in ("", "x", good[:-4], f"{head}.{body}.", f"{head}.{body[::-1]}.{signature}", "a" * 9000):
        answer = await owner.http.get("/api/users/@me", headers={"Authorization": f"Bearer {token}".strip()})
        assert_problem(answer, 401)
    for value in ("Basic abc", "Bearer", good):
        assert_problem(await owner.http.get("/api/users/@me", headers={"Authorization": value}), 401)


async def test_foreign_pages_are_refused_with_the_setting_named(place: Place) -> None:
    owner = await place.owner()
    foreign = {"Origin": "https://evil.example"}
    problem = assert_problem(await owner.http.get("/api/users/@me", headers=foreign), 403)
    assert problem["code"] == "origin.refused"
    assert "HUBBUB_ORIGINS" in problem["detail"]
    refused = await owner.http.options("/api/users/@me", headers={**foreign, "Access-Control-Request-Method": "GET"})
    assert refused.status_code == 403  # no preflight passes, so nothing but this refusal can be read by that page
    assert refused.headers["access-control-allow-origin"] == "https://evil.example"
    own = await owner.http.get("/api/users/@me", headers={"Origin": place.url})
    assert own.status_code == 200
    assert own.headers["access-control-allow-origin"] == place.url
    assert "access-control-allow-credentials" not in own.headers
    for path in ("/rtc/validate", "/rtc/v1/validate"):  # signalling answers to everybody; a page takes one answer only
        answer = await owner.http.get(path, headers={"Origin": place.url})
        assert answer.headers.get_list("access-control-allow-origin") == [place.url]


async def test_a_page_sent_over_tls_speaks_to_nobody_in_clear(tmp_path: Path) -> None:
    for tls, clear in (("off", True), ("self-signed", False)):
        (tmp_path / tls).mkdir()
        with running(Place(tmp_path / tls, HUBBUB_TLS=tls)) as place:
            async with httpx.AsyncClient(verify=False) as http:
                policy = (await http.get(place.url)).headers["content-security-policy"]
        connect = next(part for part in policy.split("; ") if part.startswith("connect-src"))
        assert {"'self'", "https:", "wss:"} <= set(connect.split())
        assert ("http:" in connect.split()) is clear


async def test_methods_and_paths_that_are_none(place: Place) -> None:
    owner = await place.owner()
    assert_problem(await owner.http.get("/api/nothing/here"), 404)
    assert_problem(await owner.http.delete("/api/servers"), 405)
    assert (await owner.http.get("/")).status_code == 200
    assert (await owner.http.head("/")).status_code == 200
    assert (await owner.http.get("/assets/../../../../etc/passwd")).status_code == 404
    assert (await owner.http.get("/%2e%2e/%2e%2e/etc/passwd")).status_code == 404
    assert (await owner.http.get("/nobody/made/this")).status_code == 404


async def test_a_request_that_never_ends_does_not_hold_others(place: Place) -> None:
    owner = await place.owner()
    held = [await asyncio.open_connection("127.0.0.1", place.port) for _ in range(50)]
    for _, writer in held:
        writer.write(b"POST /api/auth/login HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\n{")
        await writer.drain()
    assert (await owner.http.get("/api/users/@me")).status_code == 200
    for _, writer in held:
        writer.close()


async def test_limits_say_when_to_come_back(tmp_path: Path) -> None:
    with running(Place(tmp_path, HUBBUB_RATE_LIMIT_SCALE="1")) as place:
        owner = await place.owner()
        channel = text_channel(await owner.make_server())
        answers = [
            await owner.http.post(f"/api/channels/{channel}/messages", json={"content": str(number)})
            for number in range(12)
        ]
        refused = [each for each in answers if each.status_code == 429]
        assert len(answers) - len(refused) in (10, 11)
        problem = assert_problem(refused[0], 429)
        assert problem["code"] == "rate.limited"
        assert 0 < problem["retry_after"] <= 10
        assert int(refused[0].headers["retry-after"]) >= 1
        logins = [
            await owner.http.post("/api/auth/login", json={"username": "owner", "password": "wrong password"})
            for _ in range(7)
        ]
        assert [each.status_code for each in logins].count(401) == 4  # registering was the first of five
        assert logins[-1].status_code == 429


NUL = "a\0b"


async def test_text_that_postgresql_cannot_keep_is_refused_or_cleaned_everywhere(place: Place) -> None:
    """The character NUL, in whatever text there is: the same on every engine."""
    owner = await place.owner()
    server = await owner.make_server()
    own, channel, invite = f"/api/servers/{server['id']}", text_channel(server), await owner.invite_to(server["id"])
    account = {"username": "guest", "password": PASSWORD}
    refusals: list[tuple[str, str, dict[str, Any] | None]] = [
        ("POST", f"/api/channels/{channel}/messages", {"content": NUL}),
        ("POST", f"/api/channels/{channel}/messages", {"content": "x", "nonce": NUL}),
        ("PATCH", own, {"name": NUL}),
        ("PATCH", own, {"description": NUL}),
        ("POST", f"{own}/channels", {"name": NUL, "type": "text"}),
        ("POST", f"{own}/channels", {"name": "x", "type": "text", "topic": NUL}),
        ("POST", f"{own}/roles", {"name": NUL}),
        ("PATCH", f"{own}/members/{owner.id}", {"nick": NUL}),
        ("PATCH", "/api/users/@me", {"display_name": NUL}),
        ("PATCH", "/api/users/@me", {"email": "a\0@b"}),
        ("POST", "/api/auth/login", {**account, "username": NUL}),
        ("POST", "/api/auth/refresh", {"refresh_token": NUL}),
        ("POST", "/api/auth/register", {**account, "invite": NUL}),
        ("POST", "/api/auth/register", {**account, "setup_token": NUL}),
        ("POST", "/api/auth/register", {**account, "invite": invite, "display_name": NUL}),
        ("GET", "/api/invites/a%00b", None),
        ("POST", "/api/invites/a%00b", None),
        ("DELETE", "/api/invites/a%00b", None),
        ("DELETE", "/api/auth/sessions/a%00b", None),
    ]
    for method, path, body in refusals:
        assert_problem(await owner.http.request(method, path, json=body), 400, 401, 403, 404, 422)
    assert await owner.call("GET", f"{own}/members?query=a%00b") == []
    guest = await owner.http.post("/api/auth/register", json={**account, "invite": invite, "device": NUL})
    assert guest.status_code == 201
    async with owner.gateway() as gateway:
        reply = await gateway.command("message.send", {"channel_id": channel, "content": "x", "nonce": NUL})
        assert reply["problem"]["code"] == "message.invalid_text"
    assert (await owner.send(channel, "still here"))["content"] == "still here"
