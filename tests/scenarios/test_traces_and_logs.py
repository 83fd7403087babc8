"""One trace from the request to the other person's socket, and a log that carries its number and no secret."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.scenarios.apart import Apart
from tests.scenarios.collector import Collector, Span
from tests.scenarios.place import PASSWORD, Place
from tests.servers.engines import Nats, Postgres, Redis
from tests.servers.process import running

TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"
PARENT = f"00-{TRACE}-00f067aa0ba902b7-01"


@pytest.fixture
def collector() -> Iterator[Collector]:
    with Collector() as started:
        yield started


@pytest.fixture(params=["direct", "encoded"])
def place(request: pytest.FixtureRequest, tmp_path: Path, collector: Collector) -> Iterator[Place]:
    started = Place(
        tmp_path,
        HUBBUB_ENCODED_CALLS="1" if request.param == "encoded" else "0",
        OTEL_EXPORTER_OTLP_ENDPOINT=collector.url,
        HUBBUB_LOG_LEVEL="debug",
        HUBBUB_TRUSTED_PROXIES="127.0.0.1",
    )
    with running(started):
        yield started


def ancestors(span: Span, spans: list[Span]) -> list[str]:
    """Names from the span up to the root of what was recorded."""
    by_id = {each.span_id: each for each in spans}
    names = [span.name]
    while (above := by_id.get(span.parent_id)) is not None:
        names.append(above.name)
        span = above
    return names


def fanouts(spans: list[Span], trace_id: str) -> list[Span]:
    return [each for each in spans if each.trace_id == trace_id and each.name == "gateway/fanout"]


def whole(spans: list[Span]) -> list[bool]:
    """Of each fan-out: whether everything above it has come, in whatever order the processes handed it in."""
    return [ancestors(told, spans)[-1].startswith("POST /channels") for told in fanouts(spans, TRACE)]


async def test_one_trace_from_rest_to_the_other_gateway_session(place: Place, collector: Collector) -> None:
    owner = await place.owner()
    server = await owner.make_server()
    room = next(each for each in server["channels"] if each["type"] == "text")["id"]
    guest = await place.guest("guest", await owner.invite_to(server["id"]))
    async with guest.gateway() as gateway:
        answer = await owner.http.post(
            f"/api/channels/{room}/messages", json={"content": "hello"}, headers={"traceparent": PARENT}
        )
        assert answer.status_code == 201
        await gateway.wait("MESSAGE_CREATE")
    spans = collector.until(lambda spans: any(whole(spans)))
    (told,) = fanouts(spans, TRACE)
    path = ancestors(told, spans)
    assert path[:3] == ["gateway/fanout", "gateway hears MessageCreated", "database/write"]
    assert path[-1] == "POST /channels/{channel_id}/messages"
    assert path[3] == "chat/line"
    between = path[4:-1]
    assert between == (["chat/send"] * 2 if place.settings["HUBBUB_ENCODED_CALLS"] == "1" else ["chat/send"])
    assert told.attributes["sessions"] >= 1
    root = next(each for each in spans if each.trace_id == TRACE and each.name.startswith("POST"))
    assert root.parent_id == PARENT[36:52]
    assert root.attributes["http.response.status_code"] == 201
    assert root.attributes["enduser.id"] == owner.id
    assert root.service == "hubbub"
    assert not collector.refused


async def test_one_trace_over_processes_and_machines_between(
    tmp_path: Path, collector: Collector, postgres_server: Postgres, nats_server: Nats, redis_server: Redis
) -> None:
    """Request at one gateway, chat elsewhere, PostgreSQL, NATS, the other gateway: two people, two ways in."""
    settings = {"OTEL_EXPORTER_OTLP_ENDPOINT": collector.url, "HUBBUB_TRUSTED_PROXIES": "127.0.0.1"}
    apart = Apart(tmp_path, postgres_server, nats_server, redis_server, HUBBUB_LOG_LEVEL="debug", **settings)
    apart.start()
    try:
        owner = await apart.owner()
        server = await owner.make_server()
        room = next(each for each in server["channels"] if each["type"] == "text")["id"]
        guest = await apart.guest("guest", await owner.invite_to(server["id"]))
        async with owner.gateway() as one, guest.gateway() as other:
            body = {"content": "hello"}
            await owner.http.post(f"/api/channels/{room}/messages", json=body, headers={"traceparent": PARENT})
            await one.wait("MESSAGE_CREATE")
            await other.wait("MESSAGE_CREATE")
        spans = collector.until(lambda spans: len(fanouts(spans, TRACE)) == 2 and all(whole(spans)))
        await owner.close()
        await guest.close()
    finally:
        assert apart.stop() == 0, apart.said()
    for told in fanouts(spans, TRACE):
        path = ancestors(told, spans)
        assert path[:3] == ["gateway/fanout", "gateway hears MessageCreated", "database/write"]
        assert path[3:6] == ["chat/line", "chat/send", "chat/send"]
        assert path[-1] == "POST /channels/{channel_id}/messages"
    by_name = {(span.name, span.service) for span in spans if span.trace_id == TRACE}
    assert {("chat/send", "hubbub-gateway"), ("chat/send", "hubbub"), ("database/write", "hubbub")} <= by_name
    logs = {name: part.log.read_text() for name, part in apart.parts.items()}
    assert any(TRACE in text for name, text in logs.items() if name.startswith("gateway"))


async def test_a_command_on_the_socket_is_a_trace_of_its_own(place: Place, collector: Collector) -> None:
    owner = await place.owner()
    server = await owner.make_server()
    room = next(each for each in server["channels"] if each["type"] == "text")["id"]
    async with owner.gateway() as gateway:
        reply = await gateway.command("message.send", {"channel_id": room, "content": "hello", "nonce": "1"})
        assert "data" in reply, reply
        await gateway.wait("MESSAGE_CREATE")

    def told(spans: list[Span]) -> bool:
        roots = {each.trace_id for each in spans if each.name == "command/message.send"}
        return any(fanouts(spans, trace_id) for trace_id in roots) and "gateway op" in str(spans)

    spans = collector.until(told)
    command = next(each for each in spans if each.name == "command/message.send")
    spans = collector.until(lambda spans: ancestors(fanouts(spans, command.trace_id)[0], spans)[-1] == "gateway op")
    path = ancestors(fanouts(spans, command.trace_id)[0], spans)
    assert path[-2:] == ["command/message.send", "gateway op"]
    assert "database/write" in path


async def test_the_log_carries_the_trace_and_no_secret(place: Place) -> None:
    owner = await place.owner()
    await owner.http.get("/api/servers", headers={"traceparent": PARENT})
    async with owner.gateway():
        pass
    async with httpx.AsyncClient(base_url=place.url) as http:
        await http.post("/api/auth/login", json={"username": "owner", "password": "a wrong password"})
        await http.get(f"/rtc/validate?access_token={owner.tokens['access_token']}")
        await http.get("/rtc?access_token=not-a-token-at-all")
        await http.get("/nowhere?secret=in-the-query")
        await http.post("/api/auth/refresh", json={"refresh_token": "no-such-refresh-token"})
        await http.get("/api/users/@me", headers={"Authorization": "Bearer made-up-bearer"})
    assert place.stop() == 0
    text = place.log.read_text()
    token = owner.tokens["access_token"]
    hidden = (PASSWORD, "a wrong password", token, owner.tokens["refresh_token"], token.split(".")[1])
    for secret in (*hidden, "not-a-token-at-all", "in-the-query", "no-such-refresh-token", "made-up-bearer"):
        assert secret not in text
    lines = [json.loads(line) for line in text.splitlines() if line.startswith("{")]
    assert lines
    assert all({"timestamp", "level", "service", "trace_id", "user_id", "message"} <= line.keys() for line in lines)
    asked = [line for line in lines if line["message"] == "GET /servers answered 200"]
    assert [(line["trace_id"], line["user_id"]) for line in asked] == [(TRACE, owner.id)]
    assert "GET /{path} answered 404" in text


async def test_a_stranger_does_not_choose_the_trace(tmp_path: Path) -> None:
    place = Place(tmp_path, HUBBUB_LOG_LEVEL="debug", HUBBUB_LOG_FORMAT="text")
    place.start()
    async with httpx.AsyncClient(base_url=place.url) as http:
        await http.get("/api/instance", headers={"traceparent": PARENT})
    assert place.stop() == 0
    text = place.log.read_text()
    assert TRACE not in text
    assert "GET /instance answered 200 (trace " in text


def test_a_collector_that_is_away_costs_nothing_but_its_spans(tmp_path: Path) -> None:
    place = Place(tmp_path, OTEL_EXPORTER_OTLP_ENDPOINT="http://127.0.0.1:9")
    place.start()
    assert httpx.get(f"{place.url}/api/instance").status_code == 200
    assert place.stop() == 0
