"""The auth service on a real database: rotation, revocation, what strangers may learn."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import bcrypt
import pytest

from hubbub.errors import Refused
from hubbub.ids import Snowflakes
from hubbub.infra.database.sqlite import SqliteDatabase
from hubbub.services.auth import signing_key, store
from hubbub.services.auth.api import Device, Principal, Registration
from hubbub.services.auth.register import Policy
from hubbub.services.auth.service import AuthService
from hubbub.services.auth.setup_token import SetupToken
from hubbub.services.channel.service import ChannelService
from hubbub.services.user.service import UserService
from tests.contract.hand_clock import HandClock

PASSWORD = "a long enough one"
HERE = Device("Test on Linux", "192.0.2.1")
ELSEWHERE = Device("Test on Linux", "198.51.100.7")


class World:
    def __init__(self, database: SqliteDatabase, folder: Path, policy: Policy) -> None:
        self.clock, self.database = HandClock(), database
        ids = Snowflakes(0, self.clock)
        self.users = UserService(database, self.clock)
        self.channels = ChannelService(database, self.users, ids, self.clock)
        key = signing_key.load(None, folder / "jwt.pem")
        self.setup = SetupToken(folder / "setup-token")
        self.auth = AuthService(database, self.users, self.channels, ids, self.clock, key, self.setup, policy)

    def registration(self, username: str, **more: str) -> Registration:
        fields: dict[str, str | None] = dict.fromkeys(("email", "display_name", "invite", "setup_token"))
        return Registration(username=username, password=PASSWORD, **{**fields, **more})


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    clock = HandClock()
    database = await SqliteDatabase.open(str(tmp_path / "db"), clock=clock)
    made = World(database, tmp_path, "open")
    await made.auth.start()
    yield made
    await database.close()


async def refused(awaitable: object, code: str) -> Refused:
    with pytest.raises(Refused) as caught:
        await awaitable  # pyright: ignore
    assert caught.value.code == code
    return caught.value


async def test_a_token_names_its_account_and_session(world: World) -> None:
    tokens = await world.auth.register("k1", world.registration("Mira"), HERE)
    principal = await world.auth.authenticate(tokens.access_token)
    assert (principal.user_id, principal.session_id) == (tokens.user_id, tokens.session_id)
    found = await world.users.find("MIRA")
    assert found is not None
    assert found.id == principal.user_id


async def test_an_access_token_lives_an_hour(world: World) -> None:
    tokens = await world.auth.register("k1", world.registration("mira"), HERE)
    world.clock.forward(3_599)
    await world.auth.authenticate(tokens.access_token)
    world.clock.forward(2)
    await refused(world.auth.authenticate(tokens.access_token), "auth.token_expired")


@pytest.mark.parametrize(
    "damage", [lambda t: t[:-2], lambda t: "", lambda t: "a.b.c", lambda t: t.replace(".", "..", 1)]
)
async def test_a_forged_token_is_refused(world: World, damage) -> None:
    tokens = await world.auth.register("k1", world.registration("mira"), HERE)
    await refused(world.auth.authenticate(damage(tokens.access_token)), "auth.token_invalid")


async def test_a_token_signed_with_nothing_or_by_another_key_is_refused(world: World, tmp_path: Path) -> None:
    from joserfc import jwt
    from joserfc.jwk import OctKey, RSAKey

    claims = {"sub": "1", "sid": "1", "exp": world.clock.now_ms() // 1000 + 60}
    other = RSAKey.generate_key(2048)
    forged = jwt.encode({"alg": "RS256"}, claims, other)
    confused = jwt.encode({"alg": "HS256"}, claims, OctKey.import_key("x" * 40))
    for token in (forged, confused, "eyJhbGciOiJub25lIn0.eyJzdWIiOiIxIn0."):
        await refused(world.auth.authenticate(token), "auth.token_invalid")


async def test_refreshing_rotates_and_a_second_tab_gets_the_same_answer(world: World) -> None:
    first = await world.auth.register("k1", world.registration("mira"), HERE)
    second = await world.auth.refresh(first.refresh_token, HERE)
    world.clock.forward(9)
    assert await world.auth.refresh(first.refresh_token, HERE) == second
    third = await world.auth.refresh(second.refresh_token, HERE)
    assert third.refresh_token not in (first.refresh_token, second.refresh_token)


@pytest.mark.parametrize(("later", "device"), [(11, HERE), (1, ELSEWHERE)])
async def test_a_used_token_later_or_elsewhere_ends_the_session(world: World, later: int, device: Device) -> None:
    first = await world.auth.register("k1", world.registration("mira"), HERE)
    second = await world.auth.refresh(first.refresh_token, HERE)
    world.clock.forward(later)
    await refused(world.auth.refresh(first.refresh_token, device), "auth.refresh_invalid")
    await refused(world.auth.authenticate(second.access_token), "auth.session_revoked")
    await refused(world.auth.refresh(second.refresh_token, HERE), "auth.refresh_invalid")


async def test_a_refresh_token_lives_seven_days_from_its_last_use(world: World) -> None:
    tokens = await world.auth.register("k1", world.registration("mira"), HERE)
    world.clock.forward(6 * 86_400)
    tokens = await world.auth.refresh(tokens.refresh_token, HERE)
    world.clock.forward(7 * 86_400 + 1)
    await refused(world.auth.refresh(tokens.refresh_token, HERE), "auth.refresh_invalid")


async def test_logging_out_ends_this_session_alone_also_after_a_restart(world: World, tmp_path: Path) -> None:
    here = await world.auth.register("k1", world.registration("mira"), HERE)
    there = await world.auth.login("mira", PASSWORD, ELSEWHERE)
    principal = await world.auth.authenticate(here.access_token)
    await world.auth.logout(principal)
    await refused(world.auth.authenticate(here.access_token), "auth.session_revoked")
    await world.auth.authenticate(there.access_token)
    again = World(world.database, tmp_path, "open")
    await again.auth.start()
    await refused(again.auth.authenticate(here.access_token), "auth.session_revoked")


async def test_a_device_is_called_what_its_client_says(world: World) -> None:
    mira = await world.auth.register("k1", world.registration("mira"), HERE)
    wren = await world.auth.register("k2", world.registration("wren"), Device("a\0b\u202e \ud800 c" + "x" * 200, "::1"))
    me, other = [await world.auth.authenticate(each.access_token) for each in (mira, wren)]

    async def called(who: Principal) -> str:
        (session,) = await world.auth.sessions(who)
        return session.device.name

    assert await called(me) == "Test on Linux"
    assert await called(other) == "a b c" + "x" * 95
    for said, shown in (
        ("Lantern 2.1,\n Linux", "Lantern 2.1, Linux"),
        ("", "Lantern 2.1, Linux"),
        (" \0\x7f", "Lantern 2.1, Linux"),
        ("é" * 200, "é" * 100),
    ):
        await world.auth.name_device(me, said)
        assert await called(me) == shown
    await world.auth.name_device(Principal("person", other.user_id, me.session_id), "of somebody else")
    assert await called(me) == "é" * 100


async def test_sessions_are_listed_and_only_ones_own_can_be_ended(world: World) -> None:
    mira = await world.auth.register("k1", world.registration("mira"), HERE)
    wren = await world.auth.register("k2", world.registration("wren"), ELSEWHERE)
    me = await world.auth.authenticate(mira.access_token)
    assert [each.id for each in await world.auth.sessions(me)] == [mira.session_id]
    await refused(world.auth.revoke(me, wren.session_id), "auth.session_not_found")
    await world.auth.revoke(me, mira.session_id)
    assert await world.auth.sessions(me) == ()


async def test_a_new_password_ends_every_session(world: World) -> None:
    old = await world.auth.register("k1", world.registration("mira"), HERE)
    me = await world.auth.authenticate(old.access_token)
    await refused(world.auth.change_password(me, "not this one", "another long one", HERE), "auth.wrong_credentials")
    new = await world.auth.change_password(me, PASSWORD, "another long one", HERE)
    await refused(world.auth.authenticate(old.access_token), "auth.session_revoked")
    await world.auth.authenticate(new.access_token)
    await refused(world.auth.login("mira", PASSWORD, HERE), "auth.wrong_credentials")
    await world.auth.login("mira", "another long one", HERE)


async def test_a_stranger_learns_nothing_from_login(world: World) -> None:
    await world.auth.register("k1", world.registration("mira"), HERE)
    unknown = await refused(world.auth.login("nobody", PASSWORD, HERE), "auth.wrong_credentials")
    wrong = await refused(world.auth.login("mira", "wrong password", HERE), "auth.wrong_credentials")
    assert unknown.data == wrong.data


async def test_names_are_one_in_every_spelling(world: World) -> None:
    await world.auth.register("k1", world.registration("Mira"), HERE)
    for spelling in ("mira", "MIRA", "ｍｉｒａ", " mira "):
        await refused(world.auth.register(f"k-{spelling}", world.registration(spelling), HERE), "user.username_taken")
    for impossible in ("m", "mi ra", "mïra", "a" * 33, "мира", "mira\u200b"):
        await refused(world.auth.register("k", world.registration(impossible), HERE), "user.username_invalid")


async def test_a_repeated_registration_is_one_account(world: World) -> None:
    first = await world.auth.register("same", world.registration("mira"), HERE)
    again = await world.auth.register("same", world.registration("mira"), HERE)
    assert again.user_id == first.user_id
    other = Registration(
        username="x1", password="something else", email=None, display_name=None, invite=None, setup_token=None
    )
    await refused(world.auth.register("same", other, HERE), "request.key_reused")


async def test_a_refused_registration_leaves_nothing(world: World) -> None:
    await world.auth.register("k1", world.registration("mira"), HERE)
    await refused(world.auth.register("k2", world.registration("mira"), HERE), "user.username_taken")
    assert not await world.database.fetch(store.CREDENTIAL_BY_KEY, key="k2")


async def test_only_the_set_up_token_makes_the_owner_and_only_once(tmp_path: Path) -> None:
    database = await SqliteDatabase.open(str(tmp_path / "db"), clock=HandClock())
    world = World(database, tmp_path, "invite")
    token = await world.auth.start()
    assert token is not None
    assert (tmp_path / "setup-token").stat().st_mode & 0o777 == 0o600
    await refused(world.auth.register("k0", world.registration("eve"), HERE), "auth.invite_required")
    await refused(
        world.auth.register("k1", world.registration("eve", setup_token="guess"), HERE), "auth.setup_token_invalid"
    )
    both = await asyncio.gather(
        world.auth.register("k2", world.registration("mira", setup_token=token), HERE),
        world.auth.register("k3", world.registration("wren", setup_token=token), HERE),
        return_exceptions=True,
    )
    assert sum(isinstance(each, Refused) for each in both) == 1
    assert not (tmp_path / "setup-token").exists()
    assert not await world.auth.setup_needed()
    await database.close()


async def test_a_closed_instance_takes_nobody(tmp_path: Path) -> None:
    database = await SqliteDatabase.open(str(tmp_path / "db"), clock=HandClock())
    world = World(database, tmp_path, "closed")
    await refused(world.auth.register("k", world.registration("eve", invite="x"), HERE), "auth.registration_closed")
    await database.close()


async def test_an_imported_bcrypt_hash_logs_in_once_and_becomes_argon2(world: World) -> None:
    tokens = await world.auth.register("k1", world.registration("mira"), HERE)
    imported = bcrypt.hashpw(b"from another system", bcrypt.gensalt(4)).decode()

    async def put(tx) -> None:
        await tx.execute(store.PUT_SECRET, user=tokens.user_id, of_kind="password", new_secret=imported)

    await world.database.write(put)
    await refused(world.auth.login("mira", "wrong password", HERE), "auth.wrong_credentials")
    await world.auth.login("mira", "from another system", HERE)
    (secret,) = (await world.database.fetch(store.CREDENTIAL, user=tokens.user_id, kind="password"))[0]
    assert secret.startswith("$argon2id$")
    await world.auth.login("mira", "from another system", HERE)


async def test_short_passwords_are_refused_by_length_alone(world: World) -> None:
    short = Registration(
        username="mira", password="123456789", email=None, display_name=None, invite=None, setup_token=None
    )
    assert (await refused(world.auth.register("k", short, HERE), "auth.password_short")).data == {"limit": 10}
