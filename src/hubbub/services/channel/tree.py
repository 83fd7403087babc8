"""The tree of channels: order, depth, moving. Pure.

Invariant: siblings have the positions 0, 1, 2 … without gaps. Parents may be channels of any type (rooms inside a voice
room, as in TeamSpeak), only categories are nowhere but at the root or inside categories.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import msgspec

from hubbub.errors import Refused
from hubbub.services.channel.api import Channel, ChannelType

DEEPEST = 8  # nodes from the root to a leaf

Tree = Mapping[int, Channel]


def in_order(channels: Iterable[Channel]) -> list[Channel]:
    """Depth first: parents before their children, siblings by position."""
    below: dict[int | None, list[Channel]] = {}
    for each in sorted(channels, key=lambda each: (each.position, each.id), reverse=True):
        below.setdefault(each.parent_id, []).append(each)
    ordered: list[Channel] = []
    waiting = below.pop(None, [])
    while waiting:
        each = waiting.pop()
        ordered.append(each)
        waiting += below.pop(each.id, [])
    return ordered


def children(tree: Tree, parent_id: int | None) -> list[Channel]:
    return sorted((each for each in tree.values() if each.parent_id == parent_id), key=lambda each: each.position)


def path(tree: Tree, channel_id: int) -> list[int]:
    """Ids from the root to the channel itself."""
    found: list[int] = []
    at: int | None = channel_id
    while at is not None:
        found.append(at)
        at = tree[at].parent_id
    return found[::-1]


def height(tree: Tree, channel_id: int) -> int:
    """Nodes from the channel down to its deepest leaf."""
    own = len(path(tree, channel_id))
    inside = [each for id in tree if channel_id in (each := path(tree, id))]
    return max(map(len, inside)) - own + 1


def check_place(tree: Tree, kind: ChannelType, parent_id: int | None, rows: int) -> None:
    """May a channel of this type, `rows` nodes high, be a child of that one? Refused: channel.parent_invalid,
    channel.too_deep."""
    if parent_id is None:
        return
    parent = tree.get(parent_id)
    if parent is None or (kind == "category" and parent.type != "category"):
        raise Refused("channel.parent_invalid")
    if len(path(tree, parent_id)) + rows > DEEPEST:
        raise Refused("channel.too_deep", limit=DEEPEST)


def moved(tree: Tree, channel_id: int, parent_id: int | None, position: int | None) -> list[Channel]:
    """Every channel that has another place then, the moved one first. `position` counts among the other children of the
    parent; None: stay in place, or go to the end when the parent is new. Refused as `check_place`."""
    channel = tree[channel_id]
    if parent_id is not None and parent_id in tree and channel_id in path(tree, parent_id):
        raise Refused("channel.parent_invalid")
    check_place(tree, channel.type, parent_id, height(tree, channel_id))
    if position is None and parent_id == channel.parent_id:
        return []
    fresh = [each for each in children(tree, parent_id) if each.id != channel_id]
    at = len(fresh) if position is None else max(0, min(position, len(fresh)))
    fresh.insert(at, channel)
    changed = _numbered(fresh, parent_id)
    if parent_id != channel.parent_id:
        left = [each for each in children(tree, channel.parent_id) if each.id != channel_id]
        changed += _numbered(left, channel.parent_id)
    return sorted(changed, key=lambda each: each.id != channel_id)


def without(tree: Tree, channel_id: int) -> list[Channel]:
    """Every channel that has another place once this one is gone: its children stand where it stood."""
    gone = tree[channel_id]
    siblings = children(tree, gone.parent_id)
    at = siblings.index(gone)
    return _numbered([*siblings[:at], *children(tree, channel_id), *siblings[at + 1 :]], gone.parent_id)


def _numbered(siblings: Sequence[Channel], parent_id: int | None) -> list[Channel]:
    return [
        msgspec.structs.replace(each, parent_id=parent_id, position=position)
        for position, each in enumerate(siblings)
        if each.position != position or each.parent_id != parent_id
    ]
