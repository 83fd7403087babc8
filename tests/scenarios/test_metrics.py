"""What an operator can read of a running instance: numbers that follow what people do, shown to operators alone."""

from __future__ import annotations

import re
import socket
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families

from tests.scenarios.apart import Apart
from tests.scenarios.place import Place
from tests.servers.engines import Nats, Postgres, Redis
from tests.servers.process import running

TOKEN = "a token that nobody guesses"


def read(place: Place, **headers: str) -> dict[str, float]:
    """Every sample of the page as `name{label="value",…}`, summed over the processes."""
    samples: dict[str, float] = {}
    for url in place.machines:
        answer = httpx.get(f"{url}/metrics", headers=headers, verify=False, timeout=10)
        assert answer.status_code == 200, answer.text
        for family in text_string_to_metric_families(answer.text):
            for sample in family.samples:
                labels = ",".join(f'{name}="{value}"' for name, value in sorted(sample.labels.items()))
                name = f"{sample.name}{{{labels}}}" if labels else sample.name
                samples[name] = samples.get(name, 0.0) + sample.value
    return samples


async def test_numbers_follow_what_people_do(place: Place) -> None:
    owner = await place.owner()
    server = await owner.make_server()
    room = next(each for each in server["channels"] if each["type"] == "text")["id"]
    before = read(place)
    async with owner.gateway() as gateway:
        for number in range(3):
            await owner.send(room, f"message {number}", nonce=f"n{number}")
        await owner.send(room, "message 2", nonce="n2")  # a repeat is no message
        await gateway.wait("MESSAGE_CREATE", lambda d: d["message"]["content"] == "message 2")
        during = read(place)
        await gateway.cut()
        again = await gateway.resume()
        after = read(place)
        await again.close()
    await owner.call("GET", "/api/channels/1", status=404)
    last = read(place)

    def grown(name: str, to: dict[str, float] = during) -> float:
        return to.get(name, 0.0) - before.get(name, 0.0)

    assert grown("messages_sent_total") == 3
    assert grown("hubbub_chat_batch_messages_sum") == 4, "the repeat was looked up"
    assert grown('http_requests_total{method="POST",route="/channels/{channel_id}/messages",status="201"}') == 3
    assert grown('http_requests_total{method="POST",route="/channels/{channel_id}/messages",status="200"}') == 1
    counted = 'http_request_duration_seconds_count{method="POST",route="/channels/{channel_id}/messages",status="201"}'
    assert grown(counted) == 3
    assert grown("websocket_connections") == 1
    assert grown("active_websocket_connections") == 1
    assert grown("hubbub_gateway_opened_total") == 1
    assert grown("hubbub_gateway_frames_total") >= 3
    assert grown('hubbub_database_write_seconds_count{outcome="done"}') >= 3
    assert 1 <= grown("hubbub_database_commit_seconds_count") <= grown("hubbub_database_batch_writes_sum")
    assert grown("hubbub_database_reads_total") > 0
    assert grown("hubbub_gateway_resumed_total", after) == 1
    assert grown('http_requests_total{method="GET",route="/channels/{channel_id}",status="404"}', last) == 1
    assert last["hubbub_outbox_unpublished"] == 0
    assert last['hubbub_ready{dependency="database"}'] == len(place.machines)
    assert last["process_resident_memory_bytes"] > 1 << 20
    assert last["process_open_fds"] > 5
    assert last["hubbub_loop_lag_seconds_count"] > 0
    if place.settings["HUBBUB_ENCODED_CALLS"] == "1":
        assert grown('hubbub_rpc_asked_seconds_count{outcome="ok",service="chat",verb="send"}') == 4
        assert grown('hubbub_rpc_answered_seconds_count{outcome="ok",service="chat",verb="send"}') == 4
        assert grown('hubbub_rpc_asked_seconds_count{outcome="refused",service="channel",verb="channel"}', last) == 1


async def test_a_session_that_cannot_resume_is_counted(place: Place) -> None:
    owner = await place.owner()
    async with owner.gateway() as gateway:
        pass
    stranger = await gateway.connect(place, gateway.token)
    await stranger.send(6, {"token": gateway.token, "session_id": "gone", "seq": 0})
    assert '"op":9' in await stranger.socket.recv()
    await stranger.socket.close()
    assert read(place)["hubbub_gateway_unresumed_total"] == 1


async def test_no_label_holds_what_a_person_chose(place: Place) -> None:
    owner = await place.owner()
    server = await owner.make_server()
    for path in ("/api/servers/" + server["id"], "/nowhere/secret-path", "/s/1/2?token=abc", "/invites/zzzz"):
        await owner.http.get(path)
    await owner.http.request("BREW", "/api/servers")
    page = (await owner.http.get("/metrics")).text
    for found in ("secret-path", "zzzz", server["id"], "abc", "BREW", owner.id):
        assert found not in page
    routes = set(re.findall(r'route="([^"]*)"', page))
    assert {"/servers/{server_id}", "/{path}", "/invites/{token}"} <= routes


@pytest.fixture
def started(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Place]:
    place = Place(tmp_path, **getattr(request, "param", {}))
    with running(place):
        yield place


def status(place: Place, host: str = "", **headers: str) -> int:
    url = f"http://{host or place.host}:{place.port}/metrics"
    return httpx.get(url, headers=headers, timeout=10).status_code


def test_without_a_token_only_this_machine_reads(started: Place) -> None:
    assert status(started) == 200
    assert status(started, **{"X-Forwarded-For": "127.0.0.1"}) == 403  # through a proxy that nobody named
    assert status(started, Forwarded="for=127.0.0.1") == 403
    assert httpx.get(f"{started.url}/health").json()["counters"]
    assert httpx.get(f"{started.url}/health", headers={"Via": "1.1 proxy"}).json()["counters"] == {}


def own_address() -> str:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.connect(("192.0.2.1", 9))  # sends nothing: only asks which address would be used
        return probe.getsockname()[0]


@pytest.mark.parametrize("started", [{"HUBBUB_HOST": "0.0.0.0", "HUBBUB_TRUSTED_PROXIES": "127.0.0.1"}], indirect=True)
def test_the_world_does_not_read(started: Place) -> None:
    address = own_address()
    assert address != "127.0.0.1"
    assert status(started, address) == 403
    assert httpx.get(f"http://{address}:{started.port}/health").json()["counters"] == {}
    assert status(started, "127.0.0.1", **{"X-Forwarded-For": "203.0.113.9"}) == 403


@pytest.mark.parametrize("started", [{"HUBBUB_METRICS_TOKEN": TOKEN, "HUBBUB_HOST": "0.0.0.0"}], indirect=True)
def test_the_token_reads_from_anywhere_and_nothing_else_does(started: Place) -> None:
    address = own_address()
    assert status(started, address, Authorization=f"Bearer {TOKEN}") == 200
    assert status(started, address, Authorization="Bearer something else entirely") == 403
    assert status(started, "127.0.0.1") == 403
    assert TOKEN not in started.log.read_text()


@pytest.mark.parametrize("path", ["/health", "/health/ready", "/health/live"])
def test_health_answers(started: Place, path: str) -> None:
    answer = httpx.get(started.url + path)
    assert answer.status_code == 200
    assert answer.json()["status"] == "ok"


async def test_each_process_of_several_tells_its_own(
    tmp_path: Path, postgres_server: Postgres, nats_server: Nats, redis_server: Redis
) -> None:
    with running(Apart(tmp_path, postgres_server, nats_server, redis_server)) as apart:
        owner = await apart.owner()
        server = await owner.make_server()
        room = next(each for each in server["channels"] if each["type"] == "text")["id"]
        async with owner.gateway() as gateway:
            for number in range(4):
                await owner.send(room, f"message {number}")
            await gateway.wait("MESSAGE_CREATE", lambda d: d["message"]["content"] == "message 3")
            told = {name: read(part) for name, part in apart.parts.items()}
        await owner.close()
    cores, gateways = (told["core-1"], told["core-2"]), (told["gateway-1"], told["gateway-2"])
    assert sum(each["messages_sent_total"] for each in cores) == 4
    assert sum(each["websocket_connections"] for each in gateways) == 1
    assert sum(each["hubbub_gateway_frames_total"] for each in gateways) >= 4
    asked = 'hubbub_rpc_asked_seconds_count{outcome="ok",service="chat",verb="send"}'
    assert sum(each.get(asked, 0) for each in gateways) == 4
    assert sum(each.get(asked.replace("asked", "answered"), 0) for each in cores) == 4
    assert sum(each.get('hubbub_database_write_seconds_count{outcome="done"}', 0) for each in cores) >= 4
    for each in cores:
        assert "active_websocket_connections" not in each
        assert "hubbub_media_rooms" in each
    for each in gateways:
        assert "messages_sent_total" not in each
        assert all(value == 1 for name, value in each.items() if name.startswith("hubbub_ready"))
