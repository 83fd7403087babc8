"""Tokens, grants, and how long they are worth something."""

from __future__ import annotations

import json
from base64 import urlsafe_b64decode, urlsafe_b64encode

import pytest
from hypothesis import given
from hypothesis import strategies as st
from joserfc import jws
from joserfc.jwk import OctKey
from tests.fakes.clock import HandClock

from hubbub.errors import Refused
from hubbub.services.media import rights
from hubbub.services.media.access_token import LIFETIME, AccessTokens
from hubbub.services.media.admissions import EXPECTED, Admissions
from hubbub.services.media.api import Grants
from hubbub.services.media.events import ParticipantLeft
from hubbub.services.media.rights import VideoGrant

SECRET, OTHERS = "s" * 32, "o" * 32
GRANTS = Grants(speak=True, camera=False, screen=False, data=True, muted=False, deafened=False)
ROOM = VideoGrant(room_join=True, room="1:2")


@pytest.fixture
def clock() -> HandClock:
    return HandClock()


@pytest.fixture
def tokens(clock: HandClock) -> AccessTokens:
    return AccessTokens({"own": SECRET, "ops": OTHERS}, "own", clock)


def refusal(tokens: AccessTokens, token: str) -> str:
    with pytest.raises(Refused) as refused:
        tokens.read(token)
    assert not refused.value.data  # what goes into logs and answers does not hold the token
    return refused.value.code


def test_what_is_minted_is_read(tokens: AccessTokens) -> None:
    read = tokens.read(tokens.mint(jti="AD_1", identity="10", name="Ann", grant=ROOM))
    assert read.own
    assert (read.claims.sub, read.claims.name, read.claims.jti, read.claims.video) == ("10", "Ann", "AD_1", ROOM)


def test_the_claims_have_livekits_names(tokens: AccessTokens) -> None:
    body = tokens.mint(jti="AD_1", identity="10", name="Ann", grant=rights.to_token(rights.of_grants(GRANTS), "1:2"))
    payload = json.loads(urlsafe_b64decode(body.split(".")[1] + "=="))
    assert payload["iss"] == "own"
    assert payload["video"] == {
        "roomJoin": True,
        "room": "1:2",
        "canPublish": True,
        "canSubscribe": True,
        "canPublishData": True,
        "canPublishSources": ["microphone"],
        "canUpdateOwnMetadata": False,
    }


def test_a_token_ends(tokens: AccessTokens, clock: HandClock) -> None:
    token = tokens.mint(jti="AD_1", identity="10", name="Ann", grant=ROOM)
    clock.now += LIFETIME - 1
    tokens.read(token)
    clock.now += 2
    assert refusal(tokens, token) == "media.token_expired"


def test_keys_do_not_sign_for_each_other(tokens: AccessTokens, clock: HandClock) -> None:
    ops = AccessTokens({"ops": OTHERS}, "ops", clock).mint(jti="", identity="10", name="", grant=ROOM)
    assert not tokens.read(ops).own
    forged = AccessTokens({"own": OTHERS}, "own", clock).mint(jti="AD_1", identity="10", name="", grant=ROOM)
    assert refusal(tokens, forged) == "media.token_invalid"
    unknown = AccessTokens({"who": SECRET}, "who", clock).mint(jti="AD_1", identity="10", name="", grant=ROOM)
    assert refusal(tokens, unknown) == "media.token_invalid"


@pytest.mark.parametrize("algorithm", ["none", "HS384", "HS512", "RS256"])
def test_no_other_algorithm_counts(tokens: AccessTokens, algorithm: str) -> None:
    _, body, signature = tokens.mint(jti="AD_1", identity="10", name="Ann", grant=ROOM).split(".")
    header = urlsafe_b64encode(json.dumps({"alg": algorithm}).encode()).rstrip(b"=").decode()
    assert refusal(tokens, f"{header}.{body}.{signature}") == "media.token_invalid"
    assert refusal(tokens, f"{header}.{body}.") == "media.token_invalid"
    if algorithm.startswith("HS"):
        claims = urlsafe_b64decode(body + "==")
        token = jws.serialize_compact({"alg": algorithm}, claims, OctKey.import_key(SECRET), [algorithm])
        assert refusal(tokens, token) == "media.token_invalid"


@given(st.text(max_size=200) | st.binary(max_size=200).map(lambda b: b.decode("latin-1")))
def test_rubbish_is_refused(text: str) -> None:
    code = refusal(AccessTokens({"own": SECRET}, "own", HandClock()), text)
    assert code in ("media.token_invalid", "media.token_missing")


@given(st.integers(0, 400), st.integers(0, 255))
def test_a_changed_token_is_refused(at: int, value: int) -> None:
    clock = HandClock()
    tokens = AccessTokens({"own": SECRET}, "own", clock)
    token = tokens.mint(jti="AD_1", identity="10", name="Ann", grant=ROOM).encode()
    at %= len(token)
    changed = token[:at] + bytes([value]) + token[at + 1 :]
    try:
        read = tokens.read(changed.decode("latin-1"))
    except Refused:
        return
    assert read.claims.jti == "AD_1"  # base64 has spare bits in its last character


def test_grants_become_rights() -> None:
    granted = rights.of_grants(GRANTS)
    assert granted.sources == {"microphone"}
    assert rights.may_publish(granted, "microphone", "audio")
    assert rights.may_publish(granted, "unknown", "audio")
    assert not rights.may_publish(granted, "unknown", "video")
    assert not rights.may_publish(granted, "microphone", "video")
    assert not rights.may_publish(granted, "screen_audio", "audio")


def test_an_operators_grant_has_livekits_defaults() -> None:
    granted = rights.of_token(VideoGrant(room_join=True, room="r"))
    assert (granted.subscribe, granted.data, granted.update_profile) == (True, True, False)
    assert granted.sources == rights.SOURCES
    assert not rights.of_token(VideoGrant(can_publish=False)).sources
    assert not rights.of_token(VideoGrant(can_publish=False)).data
    assert rights.of_token(VideoGrant(can_publish_sources=("camera",))).sources == {"camera"}
    assert not rights.of_token(VideoGrant(can_publish_sources=("telepathy",))).sources


def test_nobody_listens_unseen() -> None:
    assert not rights.of_token(VideoGrant(hidden=True)).hidden
    assert rights.of_token(VideoGrant(hidden=True, can_subscribe=False)).hidden


def spent(admissions: Admissions, jti: str) -> bool:
    try:
        admissions.find(jti)
    except Refused as refused:
        return refused.code == "media.token_spent"
    return False


def test_an_admission_waits_for_its_join_and_lives_with_its_seat(clock: HandClock) -> None:
    admissions = Admissions(clock)
    entry = admissions.add("a", "1:2", "10", "Ann", rights.of_grants(GRANTS))
    clock.now += LIFETIME
    assert admissions.find("a") is entry
    clock.now += 1
    assert spent(admissions, "a")
    entry = admissions.add("b", "1:2", "10", "Ann", rights.of_grants(GRANTS))
    admissions.seat(entry, "PA_1")
    clock.now += 10 * LIFETIME
    assert admissions.find("b") is entry
    admissions.end(entry)
    assert spent(admissions, "b")


def test_the_newest_admission_that_connects_ends_the_older_ones(clock: HandClock) -> None:
    admissions = Admissions(clock)
    first, second, third = (
        admissions.add(jti, "1:2", "10", "Ann", rights.of_grants(GRANTS)) for jti in ("a", "b", "c")
    )
    other = admissions.add("d", "1:2", "11", "Bob", rights.of_grants(GRANTS))
    admissions.seat(first, "PA_1")
    admissions.seat(second, "PA_2")
    assert spent(admissions, "a")
    assert admissions.find("c") is third
    assert admissions.find("d") is other


def test_whoever_is_expected_back_is_given_up_in_the_end(clock: HandClock) -> None:
    admissions = Admissions(clock)
    entry = admissions.add("a", "1:2", "10", "Ann", rights.of_grants(GRANTS))
    admissions.seat(entry, "PA_1")
    admissions.expect(entry, ParticipantLeft(room="1:2", identity="10", sid="PA_1", reason="lost"))
    clock.now += EXPECTED
    assert admissions.find("a") is entry
    assert admissions.expire() == ()
    clock.now += 1
    assert admissions.expire() == (entry,)
    assert spent(admissions, "a")
