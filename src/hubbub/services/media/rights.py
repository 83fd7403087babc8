"""What a participant may do: from our grants, or from a LiveKit token's `video` grant. Pure."""

from __future__ import annotations

import msgspec

from hubbub.services.media.api import Grants, Source
from hubbub.services.media.signals import Kind, Rights

SOURCES: frozenset[Source] = frozenset(("microphone", "camera", "screen", "screen_audio", "unknown"))
# LiveKit's names in `canPublishSources`.
_NAMES: dict[str, Source] = {
    "microphone": "microphone",
    "camera": "camera",
    "screen_share": "screen",
    "screen_share_audio": "screen_audio",
}


class VideoGrant(msgspec.Struct, frozen=True, rename="camel", omit_defaults=True):
    """LiveKit's grant, as far as we look at it. None: not said, which means the default that LiveKit gives it."""

    room_join: bool = False
    room: str = ""
    room_list: bool = False
    room_create: bool = False
    room_admin: bool = False  # of `room`
    can_publish: bool | None = None
    can_subscribe: bool | None = None
    can_publish_data: bool | None = None
    can_publish_sources: tuple[str, ...] | None = None
    can_update_own_metadata: bool | None = None
    hidden: bool = False


def of_grants(grants: Grants) -> Rights:
    sources: set[Source] = set()
    if grants.speak:
        sources.add("microphone")
    if grants.camera:
        sources.add("camera")
    if grants.screen:
        sources |= {"screen", "screen_audio"}
    return Rights(
        subscribe=True,
        sources=frozenset(sources),
        data=grants.data,
        update_profile=False,
        hidden=False,
        muted=grants.muted,
        deafened=grants.deafened,
    )


def of_token(grant: VideoGrant) -> Rights:
    """An operator's token is taken at its word, except that nobody listens unseen: who may subscribe is not hidden."""
    publish = grant.can_publish is not False
    sources: frozenset[Source] = SOURCES
    if not publish:
        sources = frozenset()
    elif grant.can_publish_sources:  # names that we do not know allow nothing
        sources = frozenset(_NAMES[n] for n in grant.can_publish_sources if n in _NAMES)
    subscribe = grant.can_subscribe is not False
    return Rights(
        subscribe=subscribe,
        sources=sources,
        data=publish if grant.can_publish_data is None else grant.can_publish_data,
        update_profile=grant.can_update_own_metadata is True,
        hidden=grant.hidden and not subscribe,
        muted=False,
        deafened=False,
    )


def nobody_unseen(rights: Rights) -> Rights:
    """The same, except that who may subscribe is not hidden."""
    return msgspec.structs.replace(rights, hidden=rights.hidden and not rights.subscribe)


def to_token(rights: Rights, room: str) -> VideoGrant:
    """The grant that says the same: SDKs show what it allows."""
    names = tuple(sorted(name for name, source in _NAMES.items() if source in rights.sources))
    return VideoGrant(
        room_join=True,
        room=room,
        can_publish=bool(rights.sources),
        can_subscribe=rights.subscribe,
        can_publish_data=rights.data,
        can_publish_sources=names,
        can_update_own_metadata=rights.update_profile,
    )


def may_publish(rights: Rights, source: Source, kind: Kind) -> bool:
    """A track that does not say what it is counts as the most usual thing of its kind, and a track that lies about its
    kind (a `microphone` made of video) as nothing."""
    if source == "unknown":
        return "unknown" in rights.sources or _usual(kind) in rights.sources
    return source in rights.sources and (source in ("microphone", "screen_audio")) == (kind == "audio")


def _usual(kind: Kind) -> Source:
    return "microphone" if kind == "audio" else "camera"
