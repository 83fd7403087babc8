"""What a child keeps when its parent is deleted. Pure.

Invariant: nobody may more in the child, or below it, afterwards than before. A child without entries of its own keeps
exactly the rights it had; where both speak, denials of the child win over grants that came from above.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import msgspec

from hubbub.services.channel.api import Overwrite

Entries = Mapping[int, Sequence[Overwrite]]


def kept(entries: Entries, parent_id: int, child_id: int) -> list[Overwrite]:
    """The entries of the child that are new or other now."""
    own = {each.target_id: each for each in entries.get(child_id, ())}
    denied_here = 0
    for each in own.values():
        denied_here |= each.deny
    found: list[Overwrite] = []
    for above in entries.get(parent_id, ()):
        if above.applies != "here":
            merged = _merged(above, own.get(above.target_id), child_id, denied_here)
            if merged is not None and merged != own.get(above.target_id):
                found.append(merged)
    return found


def _merged(above: Overwrite, own: Overwrite | None, child_id: int, denied_here: int) -> Overwrite | None:
    allow = above.allow & ~denied_here
    if own is None:
        if not allow | above.deny:
            return None
        return msgspec.structs.replace(above, channel_id=child_id, applies="both", allow=allow)
    if own.applies == "both" and own.expires_at is None and above.expires_at is None:
        return msgspec.structs.replace(
            own,
            allow=own.allow | allow,
            deny=own.deny | above.deny & ~own.allow,
        )
    # One entry cannot say two things about two places or times: what both grant stays as long as both do, what either
    # denies stays for good, and then nothing is granted that would have ended.
    allow, deny = own.allow & allow, own.deny | above.deny
    ends = min((each for each in (own.expires_at, above.expires_at) if each is not None), default=None)
    return msgspec.structs.replace(
        own,
        applies="both",
        expires_at=None if deny else ends,
        allow=0 if ends is not None and deny else allow,
        deny=deny,
    )
