"""Rights of one person in one channel, and of everybody in a whole tree: what must hold for any tree, roles, entries."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import msgspec
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from hubbub.services.channel import inheritance, permissions
from hubbub.services.channel.api import Overwrite, Role
from hubbub.services.channel.permission_bits import (
    ADMINISTRATOR,
    CONNECT,
    EVERY_PERMISSION,
    MANAGE_CHANNELS,
    PRIORITY_SPEAKER,
    SEND_MESSAGES,
    SPEAK,
    STREAM,
    USE_CAMERA,
    VIEW_CHANNEL,
)
from hubbub.services.channel.permissions import Person, resolve, resolve_all, server_wide

settings.register_profile("steady", deadline=None, max_examples=40)  # no deadline: the machine may be busy
settings.load_profile("steady")

SERVER, ME, OTHER = 1, 900, 901
ROLES = (SERVER, 11, 12, 13)
CHANNELS = tuple(range(101, 109))
NOW = 1_000
BITS = (VIEW_CHANNEL, SEND_MESSAGES, CONNECT, SPEAK, USE_CAMERA, MANAGE_CHANNELS, ADMINISTRATOR, 1 << 61)
MEDIA = SPEAK | STREAM | USE_CAMERA | PRIORITY_SPEAKER


class World(NamedTuple):
    tree: dict[int, int | None]
    roles: dict[int, Role]
    entries: dict[int, list[Overwrite]]
    person: Person

    def path(self, channel: int) -> list[int]:
        found: list[int] = []
        at: int | None = channel
        while at is not None:
            found.insert(0, at)
            at = self.tree[at]
        return found

    def resolve(self, channel: int, now: int = NOW) -> permissions.Decision:
        return resolve(self.path(channel), self.roles, self.entries, self.person, now)

    def all(self, now: int = NOW) -> dict[int, int]:
        return resolve_all(self.tree, self.roles, self.entries, self.person, now)


masks = st.lists(st.sampled_from(BITS), unique=True).map(sum)


def role(id: int, granted: int, position: int = 0) -> Role:
    return Role(
        id=id,
        server_id=SERVER,
        name="r",
        hue=None,
        hoist=False,
        mentionable=False,
        position=position,
        permissions=granted,
    )


def entry(channel: int, target: int, allow: int = 0, deny: int = 0, **more: object) -> Overwrite:
    kind = "user" if target >= ME else "role"
    fields = {"applies": "both", "expires_at": None, **more}
    return Overwrite(channel_id=channel, target_id=target, target_type=kind, allow=allow, deny=deny & ~allow, **fields)  # pyright: ignore


@st.composite
def entries_of(draw: st.DrawFn, channel: int) -> list[Overwrite]:
    targets = draw(st.lists(st.sampled_from((*ROLES, 14, ME, OTHER)), unique=True, max_size=4))
    return [
        entry(
            channel,
            target,
            draw(masks),
            draw(masks),
            applies=draw(st.sampled_from(("here", "subtree", "both"))),
            expires_at=draw(st.sampled_from((None, None, NOW - 1, NOW, NOW + 1, NOW + 50, NOW + 100))),
        )
        for target in targets
    ]


@st.composite
def worlds(draw: st.DrawFn, owner: bool | None = False, administrators: bool = False) -> World:
    tree: dict[int, int | None] = {}
    for channel in CHANNELS[: draw(st.integers(1, len(CHANNELS)))]:
        tree[channel] = draw(st.sampled_from((None, *tree)))
    granted = [draw(masks) for _ in ROLES]
    if not administrators:
        granted = [each & ~ADMINISTRATOR for each in granted]
    roles = {id: role(id, mask, position) for position, (id, mask) in enumerate(zip(ROLES, granted, strict=True))}
    mine = draw(st.frozensets(st.sampled_from((11, 12, 13, 14))))  # 14: a deleted role
    entries = {channel: draw(entries_of(channel)) for channel in tree}
    person = Person(ME, SERVER, mine, draw(st.booleans()) if owner is None else owner)
    return World(tree, roles, entries, person)


anybody = worlds(owner=None, administrators=True)
moments = st.integers(NOW - 2, NOW + 102)


@given(worlds(owner=True))
def test_the_owner_may_everything_everywhere(world: World) -> None:
    assert world.all() == dict.fromkeys(world.tree, EVERY_PERMISSION)
    for channel in world.tree:
        assert world.resolve(channel) == (EVERY_PERMISSION, world.resolve(channel).trace, None)
        assert world.resolve(channel).deciding(SPEAK).decided_by == "owner"


@given(worlds(), st.sampled_from((SERVER, 11)))
def test_an_administrator_may_everything_everywhere(world: World, through: int) -> None:
    world.roles[through] = role(through, ADMINISTRATOR)
    world = world._replace(person=world.person._replace(roles=world.person.roles | {11}))
    assert world.all() == dict.fromkeys(world.tree, EVERY_PERMISSION)
    decision = world.resolve(min(world.tree))
    assert decision.allowed == EVERY_PERMISSION
    assert decision.deciding(SPEAK) == permissions.Step("administrator", None, through, EVERY_PERMISSION, 0)


@given(worlds())
def test_without_entries_it_is_the_union_of_roles(world: World) -> None:
    world = world._replace(entries={})
    union = 0
    for id in (SERVER, *world.person.roles):
        union |= world.roles[id].permissions if id in world.roles else 0
    assert server_wide(world.roles, world.person) == union
    for channel in world.tree:
        expected = union & (EVERY_PERMISSION if union & CONNECT else ~MEDIA) if union & VIEW_CHANNEL else 0
        assert world.resolve(channel).allowed == expected


@given(anybody, moments)
@settings(max_examples=100)
def test_a_whole_tree_in_one_pass_is_the_same_as_each_channel_alone(world: World, now: int) -> None:
    each = {channel: world.resolve(channel, now).allowed for channel in world.tree}
    assert world.all(now) == {channel: bits for channel, bits in each.items() if bits}
    assert list(world.all(now)) == [channel for channel in world.tree if each[channel]]


@given(anybody, st.data())
def test_entries_for_others_or_elsewhere_change_nothing(world: World, data: st.DataObject) -> None:
    channel = data.draw(st.sampled_from(sorted(world.tree)))
    before, path = world.resolve(channel), world.path(channel)
    where = data.draw(st.sampled_from([*world.tree, 999]))
    target = data.draw(st.sampled_from((OTHER, 14, 15)) if where in path else st.sampled_from((SERVER, 11, ME, OTHER)))
    others = [each for each in world.entries.get(where, []) if each.target_id != target]
    assume(len(others) == len(world.entries.get(where, [])))
    world.entries[where] = [*others, entry(where, target, data.draw(masks), data.draw(masks))]
    assert world.resolve(channel) == before


@given(worlds(), st.data())
def test_a_child_overrides_everything_above_it(world: World, data: st.DataObject) -> None:
    channel = data.draw(st.sampled_from(sorted(world.tree)))
    target = data.draw(st.sampled_from((SERVER, ME)))
    bit = data.draw(st.sampled_from((VIEW_CHANNEL, VIEW_CHANNEL | SEND_MESSAGES)))
    world.entries[channel] = [entry(channel, target, allow=bit)]
    assert world.resolve(channel).allowed & bit == bit
    assert world.resolve(channel).deciding(VIEW_CHANNEL)[:3] == ("overwrite", channel, target)
    world.entries[channel] = [entry(channel, target, deny=VIEW_CHANNEL)]
    assert world.resolve(channel).allowed == 0


@given(worlds(), st.data())
def test_at_one_node_the_person_beats_roles_and_roles_beat_everybody(world: World, data: st.DataObject) -> None:
    channel = data.draw(st.sampled_from(sorted(world.tree)))
    world = world._replace(person=world.person._replace(roles=frozenset((11, 12))))
    both = VIEW_CHANNEL | SEND_MESSAGES

    def may(*entries: Overwrite) -> bool:
        world.entries[channel] = list(entries)
        allowed = world.resolve(channel).allowed
        assert world.all().get(channel, 0) == allowed
        return allowed & both == both

    assert may(entry(channel, ME, allow=both), entry(channel, 11, deny=both), entry(channel, SERVER, deny=both))
    assert not may(entry(channel, ME, deny=both), entry(channel, 11, allow=both), entry(channel, SERVER, allow=both))
    assert may(entry(channel, 11, allow=both), entry(channel, SERVER, deny=both))
    assert not may(entry(channel, 11, deny=both), entry(channel, SERVER, allow=both))
    assert may(entry(channel, 11, allow=both), entry(channel, 12, deny=both))  # roles: all denials, then all grants
    assert not may(entry(channel, SERVER, allow=both), entry(channel, 11, deny=both), entry(channel, 12, deny=SPEAK))
    assert not may(entry(channel, SERVER, allow=both), entry(channel, 12, deny=SPEAK), entry(channel, 11, deny=both))
    assert may(entry(channel, 11, allow=both), entry(channel, 12, allow=SPEAK), entry(channel, SERVER, deny=both))


@given(worlds(), st.data())
def test_where_an_entry_applies(world: World, data: st.DataObject) -> None:
    channel = data.draw(st.sampled_from(sorted(world.tree)))
    world = World({channel: None, 200: channel, 201: 200}, world.roles, {}, world.person)
    world.roles[SERVER] = role(SERVER, VIEW_CHANNEL)
    for id in (11, 12, 13):
        world.roles[id] = role(id, 0)
    expected = {"here": {200, 201}, "subtree": {channel}, "both": set[int]()}
    for applies, visible in expected.items():
        world.entries[channel] = [entry(channel, SERVER, deny=VIEW_CHANNEL, applies=applies)]
        assert set(world.all()) == visible


@given(anybody, moments, st.data())
@settings(max_examples=100)
def test_a_decision_holds_until_exactly_its_end(world: World, now: int, data: st.DataObject) -> None:
    channel = data.draw(st.sampled_from(sorted(world.tree)))
    decision = world.resolve(channel, now)
    end = NOW + 200 if decision.valid_until is None else decision.valid_until
    assert end > now
    assert all(world.resolve(channel, moment).allowed == decision.allowed for moment in range(now, end))
    if decision.valid_until is not None:
        assert world.resolve(channel, decision.valid_until).allowed != decision.allowed


@given(worlds(), st.data())
def test_an_entry_ends_at_its_instant(world: World, data: st.DataObject) -> None:
    channel = data.draw(st.sampled_from(sorted(world.tree)))
    world = world._replace(entries={channel: [entry(channel, ME, allow=VIEW_CHANNEL, expires_at=NOW)]})
    for id in world.roles:
        world.roles[id] = role(id, SEND_MESSAGES)
    assert world.resolve(channel, NOW - 1).allowed & VIEW_CHANNEL
    assert world.resolve(channel, NOW - 1).valid_until == NOW
    assert world.resolve(channel, NOW) == (0, world.resolve(channel, NOW).trace, None)


def _more(world: World, data: st.DataObject) -> tuple[World, bool]:
    """The same world with one bit granted that was not, or denied that was not (then True)."""
    bit = data.draw(st.sampled_from([each for each in BITS if each != ADMINISTRATOR]))
    if data.draw(st.booleans()):
        id = data.draw(st.sampled_from(ROLES))
        roles = {**world.roles, id: role(id, world.roles[id].permissions | bit, world.roles[id].position)}
        return world._replace(roles=roles), False
    places = [(channel, at) for channel, entries in world.entries.items() for at in range(len(entries))]
    assume(places)
    channel, at = data.draw(st.sampled_from(places))
    old = world.entries[channel][at]
    denied = data.draw(st.booleans())
    allow, deny = (old.allow & ~bit, old.deny | bit) if denied else (old.allow | bit, old.deny & ~bit)
    entries = [*world.entries[channel]]
    entries[at] = msgspec.structs.replace(old, allow=allow, deny=deny)
    return world._replace(entries={**world.entries, channel: entries}), denied


@given(worlds(), st.data())
@settings(max_examples=100)
def test_a_grant_takes_nothing_away_and_a_denial_gives_nothing(world: World, data: st.DataObject) -> None:
    other, denied = _more(world, data)
    for channel in world.tree:
        before, after = world.resolve(channel).allowed, other.resolve(channel).allowed
        assert not (after & ~before if denied else before & ~after)


@given(anybody, moments, st.data())
@settings(max_examples=100)
def test_explain_agrees_with_resolve_for_every_bit(world: World, now: int, data: st.DataObject) -> None:
    channel = data.draw(st.sampled_from(sorted(world.tree)))
    path, allowed = world.path(channel), world.resolve(channel, now).allowed
    for position in range(63):
        bit = 1 << position
        if not bit & EVERY_PERMISSION:
            continue
        said = permissions.explain(path, world.roles, world.entries, world.person, now, bit)
        assert said.allowed == bool(allowed & bit)
        end = NOW + 200 if said.valid_until is None else said.valid_until
        if bit in BITS:
            assert all(bool(world.resolve(channel, at).allowed & bit) == said.allowed for at in range(now, end))
            if said.valid_until is not None:
                assert bool(world.resolve(channel, said.valid_until).allowed & bit) != said.allowed
        if said.decided_by == "overwrite":
            assert said.channel_id is not None
            found = [each for each in world.entries[said.channel_id] if each.target_id == said.target_id]
            deciding = bit if said.allowed or allowed & VIEW_CHANNEL else VIEW_CHANNEL
            if allowed & VIEW_CHANNEL and bit & MEDIA and not allowed & CONNECT:
                deciding = CONNECT
            assert (found[0].allow if said.allowed else found[0].deny) & deciding
        elif said.decided_by == "role":
            assert said.allowed
            assert said.target_id is not None
            assert world.roles[said.target_id].permissions & bit
        elif said.decided_by == "default":
            assert not said.allowed


@given(anybody, st.randoms())
def test_the_order_of_entries_and_roles_means_nothing(world: World, random: object) -> None:
    def shuffled(items: Sequence[object]) -> list[object]:
        mixed = list(items)
        random.shuffle(mixed)  # pyright: ignore
        return mixed

    entries: Mapping[int, list[Overwrite]] = {id: shuffled(each) for id, each in shuffled([*world.entries.items()])}  # pyright: ignore
    other = world._replace(entries=entries, roles=dict(shuffled([*world.roles.items()])))  # pyright: ignore
    for channel in world.tree:
        assert other.resolve(channel) == world.resolve(channel)
    assert other.all() == world.all()


@given(anybody, moments)
def test_nothing_counts_without_viewing_and_no_sound_without_connecting(world: World, now: int) -> None:
    for channel in world.tree:
        allowed = world.resolve(channel, now).allowed
        assert allowed & VIEW_CHANNEL or not allowed
        assert allowed & CONNECT or not allowed & MEDIA
        assert not allowed & ~EVERY_PERMISSION


@given(worlds())
def test_no_entry_makes_an_administrator(world: World) -> None:
    assert not any(bits & ADMINISTRATOR for bits in world.all().values())
    assert not any(world.resolve(channel).allowed & ADMINISTRATOR for channel in world.tree)


def test_bits_stay_signed_64() -> None:
    assert EVERY_PERMISSION.bit_length() <= 63


# ---- deleting a node -------------------------------------------------------------------------------------------------


def _without(world: World, gone: int) -> World:
    orphans = [id for id, parent in world.tree.items() if parent == gone]
    tree = {id: world.tree[gone] if parent == gone else parent for id, parent in world.tree.items() if id != gone}
    entries = {id: {each.target_id: each for each in own} for id, own in world.entries.items() if id != gone}
    for orphan in orphans:
        for each in inheritance.kept(world.entries, gone, orphan):
            entries[orphan][each.target_id] = each
    return world._replace(tree=tree, entries={id: list(own.values()) for id, own in entries.items()})


@given(worlds(), moments, st.data())
@settings(max_examples=100)
def test_deleting_a_room_gives_nobody_a_right_in_those_that_stay(world: World, now: int, data: st.DataObject) -> None:
    gone = data.draw(st.sampled_from(sorted(world.tree)))
    after = _without(world, gone)
    for channel in after.tree:
        assert not after.resolve(channel, now).allowed & ~world.resolve(channel, now).allowed
    for own in after.entries.values():
        assert not any(each.allow & each.deny for each in own)


@given(worlds(), moments, st.data())
def test_children_without_entries_keep_the_rights_they_had(world: World, now: int, data: st.DataObject) -> None:
    gone = data.draw(st.sampled_from(sorted(world.tree)))
    for channel, parent in world.tree.items():
        if parent == gone:
            world.entries[channel] = []
    after = _without(world, gone)
    for channel in after.tree:
        assert after.resolve(channel, now).allowed == world.resolve(channel, now).allowed
