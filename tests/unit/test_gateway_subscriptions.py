"""Groups of equal rights say the same as asking every session."""

from __future__ import annotations

from typing import Any, cast

from hypothesis import given, settings
from hypothesis import strategies as st

from hubbub.services.auth.api import Principal
from hubbub.services.gateway.session import GatewaySession
from hubbub.services.gateway.subscriptions import Rights, ServerMembers, Subscriptions

Bits = st.dictionaries(st.integers(1, 4), st.integers(1, 3), max_size=4)
Step = st.one_of(
    st.tuples(st.just("join"), st.integers(1, 5), Bits),
    st.tuples(st.just("change"), st.integers(1, 5), Bits),
    st.tuples(st.just("leave"), st.integers(0, 9), st.just({})),
    st.tuples(st.just("forget"), st.integers(1, 4), st.just({})),
    st.tuples(st.just("look"), st.integers(1, 4), st.just({})),
)


def session_of(user_id: int) -> GatewaySession:
    nothing = cast(Any, None)
    return GatewaySession(f"{user_id}", Principal("person", user_id, 1), nothing, nothing)


@settings(deadline=None)
@given(st.lists(Step, max_size=40))
def test_groups_equal_asking_everybody(steps: list[tuple[str, int, dict[int, int]]]) -> None:
    members, sessions, rights = ServerMembers(1), list[GatewaySession](), dict[int, dict[int, int]]()
    for what, number, bits in steps:
        match what:
            case "join":
                session = session_of(number)
                sessions.append(session)
                rights.setdefault(number, bits)
                members.join(session, Rights(7, bits))
                members.join(session, Rights(7, bits))
            case "change" if number in rights:
                rights[number] = bits
                members.change({number: Rights(7, bits)})
            case "leave" if number < len(sessions):
                gone = sessions.pop(number)
                members.leave(gone)
                members.leave(gone)
                if not any(each.principal.user_id == gone.principal.user_id for each in sessions):
                    del rights[gone.principal.user_id]
            case "forget":
                members.forget_channel(number)
                for each in rights.values():
                    each.pop(number, None)
            case _:
                pass
        _compare(members, sessions, rights)


def _compare(members: ServerMembers, sessions: list[GatewaySession], rights: dict[int, dict[int, int]]) -> None:
    assert set(members.everybody()) == set(sessions)
    assert set(members.users()) == set(rights)
    for channel in range(1, 5):
        for permission in (1, 2, 3):
            expected = {
                each for each in sessions if rights[each.principal.user_id].get(channel, 0) & permission == permission
            }
            found = members.readers(channel, permission)
            assert len(found) == len(expected)
            assert set(found) == expected
            apart = members.by_bits(channel, permission)
            assert {each for some in apart.values() for each in some} == expected
            for bits, some in apart.items():
                assert all(rights[each.principal.user_id][channel] == bits for each in some)
    for user_id in rights:
        mine = {each for each in sessions if each.principal.user_id == user_id}
        assert set(members.sessions_of((user_id,))) == mine


def test_tuples_stay_the_same_object_while_nothing_changes() -> None:
    """A burst is joined only for one and the same tuple."""
    members = ServerMembers(1)
    members.join(session_of(1), Rights(1, {5: 1}))
    assert members.readers(5, 1) is members.readers(5, 1)
    before = members.readers(5, 1)
    members.join(session_of(2), Rights(1, {5: 1}))
    assert members.readers(5, 1) is not before


def test_an_ended_session_is_not_subscribed_again() -> None:
    subscriptions, session = Subscriptions(), session_of(1)
    subscriptions.add(session)
    subscriptions.subscribe(session, 7, Rights(1, {}))
    assert subscriptions.of_servers((7, 8), 1) == (session,)
    subscriptions.remove(session)
    session.end()
    subscriptions.subscribe(session, 7, Rights(1, {}))
    assert not subscriptions.servers
    assert subscriptions.of_user(1) == ()
