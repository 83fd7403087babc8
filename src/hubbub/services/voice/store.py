"""SQL of the voice service."""

from __future__ import annotations

from sqlalchemy import bindparam, delete, select
from sqlalchemy.dialects.postgresql import insert

from hubbub.services.voice.tables import voice_moderations, voice_sessions

_s, _m = voice_sessions.c, voice_moderations.c
_PUT = insert(voice_sessions).values({name: bindparam(name) for name in _s.keys()})
PUT_SEAT = _PUT.on_conflict_do_update(
    index_elements=[_s.user_id], set_={name: _PUT.excluded[name] for name in _s.keys() if name != "user_id"}
)
DROP_SEAT = delete(voice_sessions).where(_s.user_id == bindparam("user"))
SEATS = select(_s.user_id, _s.session_id, _s.server_id, _s.channel_id, _s.self_mute, _s.self_deaf, _s.joined_at, _s.seq)

_MODERATE = insert(voice_moderations).values({name: bindparam(name) for name in _m.keys()})
PUT_MODERATION = _MODERATE.on_conflict_do_update(
    index_elements=[_m.server_id, _m.user_id],
    set_={"mute": _MODERATE.excluded.mute, "deaf": _MODERATE.excluded.deaf},
)
MODERATION = select(_m.mute, _m.deaf).where(_m.server_id == bindparam("server"), _m.user_id == bindparam("user"))
