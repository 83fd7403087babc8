"""`/rtc/validate` and tokens on the way in."""

from __future__ import annotations

import pytest

from hubbub.protocols.livekit.query import parse, read
from hubbub.protocols.livekit.token import find_token
from hubbub.protocols.livekit.validate import validate_v1, validator
from hubbub.protocols.websocket.handshake import Rejected
from hubbub.services.media.access_token import AccessTokens
from hubbub.services.media.rights import VideoGrant
from tests.protocols.livekit.party import ROOM, Guest, Party


def operators(party: Party, identity: str = "tool", **grant: object) -> str:
    return party.operator.mint(jti="", identity=identity, name="", grant=VideoGrant(**grant))  # type: ignore[arg-type]


async def test_a_good_token_is_good_in_both_places(party: Party) -> None:
    validate = validator(party.node)
    token = await party.admit("10")
    assert validate({b"authorization": f"Bearer {token}".encode()}, b"")[0] == 200
    status, headers, body = validate({}, f"access_token={token}".encode())
    assert (status, body) == (200, b"success")
    assert headers["Access-Control-Allow-Origin"] == "*"


@pytest.mark.parametrize(
    ("identity", "grant", "status"),
    [
        ("tool", {"room_join": True, "room": "r"}, 200),
        ("tool", {"room": "r"}, 403),
        ("tool", {"room_join": True}, 400),
        ("", {"room_join": True, "room": "r"}, 400),
    ],
)
async def test_each_refusal_has_its_status_and_a_reason(
    party: Party, identity: str, grant: dict[str, object], status: int
) -> None:
    got, headers, body = validator(party.node)({}, f"access_token={operators(party, identity, **grant)}".encode())
    assert got == status
    assert len(body) > 5
    assert headers["Access-Control-Allow-Origin"] == "*"


async def test_no_token_and_wrong_tokens_are_401(party: Party) -> None:
    validate = validator(party.node)
    for query in (b"", b"access_token=", b"access_token=a.b.c", b"access_token=" + b"x" * 9000, b"&" * 500):
        assert validate({}, query)[0] == 401
    assert validate({b"authorization": b"Basic abc"}, b"")[0] == 401


async def test_an_own_token_is_never_hidden(party: Party) -> None:
    """Even if somebody got one signed."""
    await party.admit("10")
    own = AccessTokens({"own": "s" * 32}, "own", party.clock)
    token = own.mint(jti="AD_x", identity="10", name="", grant=VideoGrant(room_join=True, room=ROOM, hidden=True))
    assert validator(party.node)({}, f"access_token={token}".encode())[0] == 403


async def test_the_socket_says_the_same(party: Party) -> None:
    for token, status in (("", 401), ("a.b.c", 401), (operators(party, room="r"), 403)):
        with pytest.raises(Rejected) as rejected:
            Guest(party, token)
        assert rejected.value.status == status
        assert b"Access-Control-Allow-Origin: *" in rejected.value.response


def test_v1_does_not_exist_in_words_that_no_sdk_takes_for_a_refusal() -> None:
    status, headers, body = validate_v1({}, b"")
    assert status == 404
    assert headers["Access-Control-Allow-Origin"] == "*"
    assert b"requested room does not exist" not in body


def test_what_the_query_says() -> None:
    query = read(parse(b"access_token=t&auto_subscribe=0&reconnect=1&sid=PA_1&sdk=js&version=2.23.0"))
    assert (query.client.auto_subscribe, query.resume, query.client.sdk) == (False, "PA_1", "js")
    assert read(parse(b"sid=PA_1")).resume == ""
    assert read({}).client.auto_subscribe


def test_the_header_comes_first() -> None:
    assert find_token({b"authorization": b"Bearer  abc "}, {"access_token": "x"}) == "abc"
    assert find_token({b"authorization": b"bearer abc"}, {}) == "abc"
    assert find_token({}, {"access_token": "x"}) == "x"
