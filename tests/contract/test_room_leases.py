"""Two media nodes and a registry, over each cache: a room is on one node, and nobody comes in anywhere else.

Nodes run on engines that record, tokens are read back; time is the nodes' own and moved by hand, the cache's where it has
none of its own.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest

from hubbub.errors import Refused, Unavailable
from hubbub.infra.cache.base import Cache
from hubbub.infra.cache.memory import MemoryCache
from hubbub.infra.cache.redis import RedisCache
from hubbub.services.media.access_token import AccessTokens
from hubbub.services.media.all_rooms import AllRooms
from hubbub.services.media.api import Admission, Grants, Lease, MediaApi, RoomPlan, signals
from hubbub.services.media.leases import ROOM
from hubbub.services.media.registry import Registry
from hubbub.services.media.rights import VideoGrant
from hubbub.services.voice import placement
from hubbub.services.voice.placement import Placement
from tests.contract.hand_clock import HandClock
from tests.contract.media_nodes import CLIENT, GRANTS, OPERATOR, Node, R, Sink, Stale
from tests.servers.engines import fresh_name
from tests.waiting import eventually, until


class World:
    def __init__(self, cache: Cache, clock: HandClock, real: bool) -> None:
        self.cache = cache
        self.clock = clock
        self.real = real
        self.nodes = {id: Node(id, cache, clock) for id in ("a", "b")}
        self.registry = Registry(cache, clock)

    @property
    def a(self) -> Node:
        return self.nodes["a"]

    @property
    def b(self) -> Node:
        return self.nodes["b"]

    def placement(self) -> Placement:
        return Placement(self.registry, lambda id: self.nodes[id].service)

    async def beat(self, *ids: str) -> None:
        for id in ids or self.nodes:
            await self.nodes[id].membership.beat()

    async def move(self, to: str) -> None:
        """Behind the back of whoever has it: what is seen when a lease ran out and another node was faster."""
        if (held := await self.registry.holder(R)) is not None:
            await self.registry.release(R, held)
        assert (await self.registry.claim(R, to, 60)).node == to


@pytest.fixture(params=["memory", "redis"])
async def world(request: pytest.FixtureRequest) -> AsyncIterator[World]:
    clock = HandClock()
    real = request.param == "redis"
    cache = RedisCache(request.getfixturevalue("redis_server").url, fresh_name()) if real else MemoryCache(clock)
    yield World(cache, clock, real)
    await cache.close()


def spent(refused: pytest.ExceptionInfo[Refused]) -> bool:
    return refused.value.code == "media.token_spent"


# ---- who has not the room lets nobody in -----------------------------------------------------------------------------


async def test_a_node_takes_the_room_before_it_admits(world: World) -> None:
    admission = await world.a.service.admit(R, "10", "", GRANTS)
    assert await world.registry.holder(R) == Lease("a", admission.epoch)
    assert world.a.tokens.read(admission.token).claims.epoch == admission.epoch > 0
    with pytest.raises(Unavailable) as gone:
        await world.b.admit()
    assert not gone.value.started, "so that the voice service places it again"
    await world.a.join(admission.token)
    assert world.a.people() == {"10"}


async def test_an_operators_token_goes_through_the_same_door(world: World) -> None:
    operators = AccessTokens({"ops": OPERATOR}, "ops", world.clock)
    token = operators.mint(jti="", identity="tool", name="", grant=VideoGrant(room_join=True, room=R))
    await world.a.join(token)
    with pytest.raises(Unavailable):
        await world.b.join(token)
    with pytest.raises(Unavailable):
        world.b.sit(token)
    assert (world.a.people(), world.b.people()) == ({"tool"}, set())


async def test_tools_of_two_nodes_make_one_room(world: World) -> None:
    plan = RoomPlan(name="studio", metadata="", empty_timeout=60, departure_timeout=0, limit=0)
    everywhere = [AllRooms(world.registry, lambda id: world.nodes[id].rooms, each.rooms) for each in (world.a, world.b)]
    first, second = await asyncio.gather(*(each.open(plan) for each in everywhere))
    assert first.sid == second.sid
    assert (world.a.node.room("studio") is None) != (world.b.node.room("studio") is None)


async def test_two_voice_services_place_a_room_at_one_instant(world: World) -> None:
    await world.beat()
    given = await asyncio.gather(*(world.placement().admit(R, str(n), "", GRANTS) for n in range(20)))
    assert len({(each.url, each.epoch) for each in given}) == 1


async def test_voice_places_again_where_the_room_is(world: World) -> None:
    """A node that lost the room says so, and does not have it taken from who has it."""
    await world.beat()
    voice = world.placement()
    first = await voice.admit(R, "10", "", GRANTS)
    old, new = ("a", "b") if first.url == "wss://a" else ("b", "a")
    stale = Placement(Stale(world.registry, Lease(old, first.epoch), 1), lambda id: world.nodes[id].service)  # type: ignore[arg-type]
    await world.move(new)
    second = await stale.admit(R, "11", "", GRANTS)
    assert second.url == f"wss://{new}"
    assert second.epoch > first.epoch


async def test_voice_does_not_ask_for_ever(world: World) -> None:
    await world.beat()
    await world.move("b")
    asked = list[str]()

    def node(id: str) -> MediaApi:
        asked.append(id)
        return world.nodes[id].service

    stale = Placement(Stale(world.registry, Lease("a", 1), 1_000), node)  # type: ignore[arg-type]
    with pytest.raises(Unavailable):
        await stale.admit(R, "10", "", GRANTS)
    assert asked == ["a"], "one object per node"


async def test_what_voice_decides_reaches_people_whose_node_lost_the_lease(world: World) -> None:
    """It ran out and is nobody's: they are still there."""
    await world.beat()
    voice = world.placement()
    given = await voice.admit(R, "10", "", GRANTS)
    (node,) = (each for id, each in world.nodes.items() if given.url == f"wss://{id}")
    await node.join(given.token)
    held = await world.registry.holder(R)
    assert held is not None
    await world.registry.release(R, held)
    assert [each.identity for each in await voice.participants(R)] == ["10"]
    await voice.remove(R, "10", "removed")
    assert not node.people()


async def test_voice_is_told_once_of_a_silent_node_and_takes_nothing_from_it(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(placement, "LOOK", 0.01)
    await world.beat("a")
    voice, lost = world.placement(), list[str]()

    async def note(room: str) -> None:
        lost.append(room)

    await voice.admit(R, "10", "", GRANTS)
    await voice.start(note)
    for times in (1, 2):
        await world.registry.leave("a")
        await until(lambda: len(lost) == times, "it is told")  # noqa: B023
        held = await world.registry.holder(R)
        assert held is not None
        assert held.node == "a"
        await world.beat("a")
        await until(lambda: not voice._silent, "it is heard of again")  # pyright: ignore[reportPrivateUsage]
    await voice.stop()
    assert lost == [R, R]


# ---- epochs ----------------------------------------------------------------------------------------------------------


async def test_a_token_of_an_earlier_epoch_is_spent(world: World) -> None:
    token = await world.a.admit()
    await world.move("b")
    await world.move("a")
    with pytest.raises(Refused) as refused:
        await world.a.join(token)
    assert spent(refused)
    with pytest.raises(Refused) as refused:
        world.a.node.check(token)
    assert spent(refused)
    await world.a.join(await world.a.admit())
    assert world.a.people() == {"10"}


async def test_a_token_for_a_room_that_moved_is_spent(world: World) -> None:
    """Also before the beat that would have given the room up."""
    token = await world.a.admit()
    await world.move("b")
    with pytest.raises(Refused) as refused:
        await world.a.join(token)
    assert spent(refused)
    assert not world.a.people()


async def test_a_node_that_comes_back_as_the_same_one_knows_no_old_token(world: World) -> None:
    token = await world.a.admit()
    await world.a.membership.start()
    await world.a.membership.close()
    again = Node("a", world.cache, world.clock)
    with pytest.raises(Refused) as refused:
        await again.join(token)
    assert spent(refused)
    fresh = await again.admit()
    assert again.tokens.read(fresh).claims.epoch > world.a.tokens.read(token).claims.epoch


async def test_people_get_tokens_of_the_new_epoch(world: World) -> None:
    """The registry came back empty: nobody is disturbed, and who loses the line comes in again."""
    sink = await world.a.join(await world.a.admit())
    await world.beat("a")
    held = await world.registry.holder(R)
    assert held is not None
    await world.registry.release(R, held)
    await world.beat("a")
    sink.told.clear()
    world.clock.forward(1)
    world.a.node.sweep()
    (told,) = (each for each in sink.told if isinstance(each, signals.TokenRefreshed))
    assert world.a.tokens.read(told.token).claims.epoch > held.epoch
    assert not sink.ended
    await world.a.join(told.token)


async def test_voice_refuses_an_admission_of_a_lower_epoch(world: World) -> None:
    """Of a node that does not know yet what voice has seen: its token would be refused a moment later."""
    await world.beat("a")
    old = await world.a.service.admit(R, "10", "", GRANTS)
    await world.move("a")
    answers = [old, old]

    class Late:
        async def admit(self, room: str, identity: str, name: str, grants: Grants) -> Admission:
            return answers.pop() if answers else await world.a.service.admit(room, identity, name, grants)

    given = await Placement(world.registry, lambda _: Late()).admit(R, "11", "", GRANTS)  # type: ignore[arg-type, return-value]
    assert given.epoch > old.epoch
    answers += [old] * 4
    with pytest.raises(Unavailable):
        await Placement(world.registry, lambda _: Late()).admit(R, "12", "", GRANTS)  # type: ignore[arg-type, return-value]
    assert len(answers) == 1, "it does not ask for ever"


# ---- cut off, stopped ------------------------------------------------------------------------------------------------


async def test_who_is_cut_off_lets_nobody_in_and_puts_nobody_out(world: World) -> None:
    token, later = await world.a.admit(), await world.a.admit("11")
    sink = await world.a.join(token)
    world.a.line.cut = True
    for attempt in (world.a.admit("12"), world.a.join(later)):
        with pytest.raises(Unavailable) as gone:
            await attempt
        assert gone.value.started, "nobody can say: nobody takes the room from this node for that"
    assert (await world.registry.holder(R)) is not None
    world.clock.forward(ROOM)
    with pytest.raises(Unavailable):
        world.a.sit(later)
    with pytest.raises(Unavailable):
        world.a.node.check(later)
    with pytest.raises(Unavailable):
        await world.a.membership.beat()
    assert world.a.people() == {"10"}, "who is in goes on"
    assert not sink.ended
    assert world.a.node.prepare(token, resume=True) is None, "and may lose the line and come back to the same seat"
    room = world.a.node.room(R)
    assert room is not None
    (ann,) = room.participants
    ann.liveness.media_up()
    assert world.a.node.resume(token, ann.sid, CLIENT, Sink()) is not None


async def test_a_room_that_moved_meanwhile_is_given_up(world: World) -> None:
    sink = await world.a.join(await world.a.admit())
    world.a.line.cut = True
    world.clock.forward(ROOM)
    await world.move("b")
    await world.b.join(await world.b.admit("11"))
    world.a.line.cut = False
    await world.beat("a")
    assert sink.ended
    assert [each.reason for each in sink.told if isinstance(each, signals.Dismissed)] == ["server_stopped"]
    assert (world.a.people(), world.b.people()) == (set(), {"11"})


async def test_who_was_stopped_seats_nobody_between_the_question_and_the_seat(world: World) -> None:
    """Stopped (SIGSTOP) after the lease was found good, and resumed when it is another's."""
    token = await world.a.admit()
    preparing = world.a.node.prepare(token, resume=False)
    assert preparing is not None
    await preparing
    world.clock.forward(ROOM)
    with pytest.raises(Unavailable):
        world.a.sit(token)
    assert not world.a.people()


async def test_an_answer_that_took_longer_than_the_lease_is_worth_nothing(world: World) -> None:
    world.a.line.after_claim.clear()
    admitting = asyncio.create_task(world.a.admit())
    await asyncio.sleep(0)
    world.clock.forward(ROOM)
    world.a.line.after_claim.set()
    with pytest.raises(Unavailable):
        await admitting


# ---- given up and taken at one instant -------------------------------------------------------------------------------


async def test_an_admission_under_way_while_the_room_is_lost_is_refused(world: World) -> None:
    """Its answer, ours, comes after another one that said whose the room is now."""
    world.a.line.after_claim.clear()
    admitting = asyncio.create_task(world.a.admit())
    await eventually(lambda: world.registry.holder(R), "it is asked for")
    await world.move("b")
    overtaking = await world.registry.holder(R)
    assert overtaking is not None
    world.a.leases._table.learn(R, overtaking, world.clock.monotonic(), world.clock.monotonic())  # pyright: ignore[reportPrivateUsage]
    world.a.line.after_claim.set()
    with pytest.raises(Unavailable):
        await admitting


async def test_a_room_that_is_given_back_is_free_at_once(world: World) -> None:
    await world.a.admit()
    await world.a.service.close(R)
    await world.beat("a")
    assert await world.registry.holder(R) is None
    await world.b.admit()


async def test_an_admission_while_the_room_is_given_back_waits(world: World) -> None:
    await world.a.admit()
    held = await world.registry.holder(R)
    await world.a.service.close(R)
    world.a.line.before_release.clear()
    beating = asyncio.create_task(world.a.membership.beat())
    await world.a.line.releasing.wait()
    admitting = asyncio.create_task(world.a.admit())
    done, _ = await asyncio.wait([admitting], timeout=0.05)
    assert not done
    world.a.line.before_release.set()
    token = await admitting
    await beating
    now = await world.registry.holder(R)
    assert now is not None
    assert held is not None
    assert world.a.tokens.read(token).claims.epoch == now.epoch > held.epoch
    await world.a.join(token)


async def test_a_room_somebody_asks_for_is_not_given_back(world: World) -> None:
    await world.a.admit()
    await world.a.service.close(R)
    held = await world.registry.holder(R)
    world.a.line.after_claim.clear()
    admitting = asyncio.create_task(world.a.admit())
    await asyncio.sleep(0)
    await world.beat("a")
    world.a.line.after_claim.set()
    await admitting
    assert await world.registry.holder(R) == held


async def test_who_stops_gives_back_all_and_lets_nobody_in(world: World) -> None:
    await world.a.membership.start()
    token = await world.a.admit()
    await world.a.membership.close()
    assert await world.registry.holder(R) is None
    with pytest.raises((Refused, Unavailable)):
        await world.a.join(token)
    with pytest.raises(Unavailable):
        await world.a.admit("11")
