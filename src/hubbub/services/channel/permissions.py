"""Who may do what in a channel. Pure, and the only place that knows.

The server's owner may everything, and so may who has ADMINISTRATOR through a role. Everybody else starts with the union
of their roles' grants. Then each node from the root to the channel speaks, so that a child overrides its parent; at one
node first the entry of everybody's role, then the other roles together (all denials, then all grants), then the
person's own entry. An entry on the channel counts unless it applies to the subtree only, one above it unless it applies
there only, each until it expires. At last: who may not view a channel may nothing in it, who may not connect may not
send sound or pictures.

`resolve` answers for one channel and keeps the trace; `resolve_all` answers for a whole tree in one pass. They share no
code but the last rule, and a property test holds them together.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Literal, NamedTuple

from hubbub.services.channel.api import Explanation, Overwrite, Role
from hubbub.services.channel.permission_bits import (
    ADMINISTRATOR,
    CONNECT,
    EVERY_PERMISSION,
    PRIORITY_SPEAKER,
    SPEAK,
    STREAM,
    USE_CAMERA,
    VIEW_CHANNEL,
)

DecidedBy = Literal["owner", "administrator", "role", "overwrite", "default"]
Roles = Mapping[int, Role]
Entries = Mapping[int, Sequence[Overwrite]]
"""By channel id. The order of a channel's entries means nothing."""

GRANTABLE_BY_ENTRY = EVERY_PERMISSION & ~ADMINISTRATOR
_NEEDS_CONNECT = SPEAK | STREAM | USE_CAMERA | PRIORITY_SPEAKER


class Person(NamedTuple):
    """A member as far as rights go. `server_id` is also the id of everybody's role; `roles` are the others."""

    user_id: int
    server_id: int
    roles: frozenset[int]
    owner: bool


class Step(NamedTuple):
    """Something that spoke. `channel_id` and `target_id` name an entry, or `target_id` alone a role."""

    decided_by: DecidedBy
    channel_id: int | None
    target_id: int | None
    allow: int
    deny: int


_UNTOUCHED = Step("default", None, None, 0, 0)


class Decision(NamedTuple):
    """`trace`: all that spoke, in order. `valid_until`: the first instant at which `allowed` is another, if nothing but
    time changes."""

    allowed: int
    trace: tuple[Step, ...]
    valid_until: int | None

    def deciding(self, permission: int) -> Step:
        """What granted or denied one bit: the last that spoke about it, or about the bit without which it is void."""
        said = _folded(self.trace)
        if not said & VIEW_CHANNEL:
            permission = VIEW_CHANNEL
        elif permission & _NEEDS_CONNECT and not said & CONNECT:
            permission = CONNECT
        return next((s for s in reversed(self.trace) if (s.allow | s.deny) & permission), _UNTOUCHED)


def resolve(path: Sequence[int], roles: Roles, entries: Entries, person: Person, now: int) -> Decision:
    """`path`: channel ids from the root of the tree to the channel itself."""
    trace = tuple(_steps(path, roles, entries, person, now))
    allowed = _in_effect(_folded(trace))
    ends = {e.expires_at for id in path for e in entries.get(id, ()) if e.expires_at is not None and now < e.expires_at}
    for moment in sorted(ends):
        if _in_effect(_folded(_steps(path, roles, entries, person, moment))) != allowed:
            return Decision(allowed, trace, moment)
    return Decision(allowed, trace, None)


def explain(
    path: Sequence[int], roles: Roles, entries: Entries, person: Person, now: int, permission: int
) -> Explanation:
    """The trace of `resolve` for one bit. `valid_until`: when the answer for this bit becomes the other one."""
    decision = later = resolve(path, roles, entries, person, now)
    allowed = bool(decision.allowed & permission)
    while later.valid_until is not None:
        later, until = resolve(path, roles, entries, person, later.valid_until), later.valid_until
        if bool(later.allowed & permission) != allowed:
            break
    else:
        until = None
    step = decision.deciding(permission)
    return Explanation(
        allowed=allowed,
        decided_by=step.decided_by,
        channel_id=step.channel_id,
        target_id=step.target_id,
        valid_until=until,
    )


def server_wide(roles: Roles, person: Person) -> int:
    """Rights on the server as such: entries on channels have no say in it."""
    if person.owner:
        return EVERY_PERMISSION
    granted = 0
    for id in (person.server_id, *person.roles):
        if (role := roles.get(id)) is not None:
            granted |= role.permissions
    return EVERY_PERMISSION if granted & ADMINISTRATOR else granted & EVERY_PERMISSION


def resolve_all(
    tree: Mapping[int, int | None], roles: Roles, entries: Entries, person: Person, now: int
) -> dict[int, int]:
    """`resolve` for each channel; those that the person may not view are left out.

    `tree`: channel id -> parent's id, parents before their children. The answer is in the same order."""
    granted = server_wide(roles, person)
    person = person._replace(roles=person.roles & roles.keys())
    if granted & ADMINISTRATOR:
        return dict.fromkeys(tree, granted)
    inherited: dict[int | None, int] = {None: granted}
    found: dict[int, int] = {}
    for id, parent in tree.items():
        own = below = inherited[parent]
        if here := entries.get(id):
            relevant = [e for e in here if _concerns(e, person) and (e.expires_at is None or now < e.expires_at)]
            own = _after(own, (e for e in relevant if e.applies != "subtree"), person)
            below = _after(below, (e for e in relevant if e.applies != "here"), person)
        inherited[id] = below
        if visible := _in_effect(own):
            found[id] = visible
    return found


# ---- one channel, with a trace ---------------------------------------------------------------------------------------


def _steps(path: Sequence[int], roles: Roles, entries: Entries, person: Person, now: int) -> Iterator[Step]:
    if person.owner:
        yield Step("owner", None, None, EVERY_PERMISSION, 0)
        return
    theirs = sorted((roles[id] for id in (person.server_id, *person.roles) if id in roles), key=_seniority)
    for role in theirs:
        if role.permissions & ADMINISTRATOR:
            yield Step("administrator", None, role.id, EVERY_PERMISSION, 0)
            return
    for role in theirs:
        yield Step("role", None, role.id, role.permissions & EVERY_PERMISSION, 0)
    for id in path:
        skipped = "subtree" if id == path[-1] else "here"
        said = {
            e.target_id: e
            for e in entries.get(id, ())
            if e.applies != skipped and _concerns(e, person) and (e.expires_at is None or now < e.expires_at)
        }
        yield from _node(id, said, theirs, person)


def _node(id: int, said: Mapping[int, Overwrite], theirs: Sequence[Role], person: Person) -> Iterator[Step]:
    def step(entry: Overwrite, allow: int, deny: int) -> Step:
        return Step("overwrite", id, entry.target_id, allow & GRANTABLE_BY_ENTRY, deny & GRANTABLE_BY_ENTRY)

    if everybody := said.get(person.server_id):
        yield step(everybody, everybody.allow, everybody.deny)
    of_roles = [said[role.id] for role in theirs if role.id in said and role.id != person.server_id]
    for entry in of_roles:
        yield step(entry, 0, entry.deny)
    for entry in of_roles:
        yield step(entry, entry.allow, 0)
    if own := said.get(person.user_id):
        yield step(own, own.allow, own.deny)


def _folded(steps: Iterable[Step]) -> int:
    allowed = 0
    for step in steps:
        allowed = allowed & ~step.deny | step.allow
    return allowed


def _seniority(role: Role) -> tuple[int, int]:
    return role.position, role.id


# ---- a whole tree ----------------------------------------------------------------------------------------------------


def _after(bits: int, relevant: Iterable[Overwrite], person: Person) -> int:
    everybody_allow = everybody_deny = roles_allow = roles_deny = own_allow = own_deny = 0
    for entry in relevant:
        if entry.target_type == "user":
            own_allow, own_deny = entry.allow, entry.deny
        elif entry.target_id == person.server_id:
            everybody_allow, everybody_deny = entry.allow, entry.deny
        else:
            roles_allow |= entry.allow
            roles_deny |= entry.deny
    bits = bits & ~everybody_deny | everybody_allow
    bits = bits & ~roles_deny | roles_allow
    return (bits & ~own_deny | own_allow) & GRANTABLE_BY_ENTRY


# ---- both ------------------------------------------------------------------------------------------------------------


def _concerns(entry: Overwrite, person: Person) -> bool:
    if entry.target_type == "user":
        return entry.target_id == person.user_id
    return entry.target_id == person.server_id or entry.target_id in person.roles


def _in_effect(said: int) -> int:
    if not said & VIEW_CHANNEL:
        return 0
    return said if said & CONNECT else said & ~_NEEDS_CONNECT
