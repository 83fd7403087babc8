"""What a client knows, and how each event changes it: READY plus all events since must equal a fresh READY.

Kept in the shape of READY, keyed by id where READY lists. Used to hold the gateway to that promise.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

State = dict[str, Any]


def state_of(ready: State) -> State:
    """READY, keyed by ids."""
    return {
        "user": ready["user"],
        "servers": {each["id"]: _server(each) for each in ready["servers"]},
        "read_states": {each["channel_id"]: each for each in ready["read_states"]},
        "presences": {each["user_id"]: each for each in ready["presences"]},
        "users": {each["id"]: each for each in ready["users"]},
    }


def apply(state: State, event: State) -> None:
    """Change the state by one DISPATCH frame. Events that change nothing that is kept are ignored."""
    name, data = event["t"], event["d"]
    if (change := _CHANGES.get(name)) is not None:
        change(state, data)


def comparable(state: State) -> State:
    """Without what a client may know more of than READY says: people it has met, and heads, which rooms that became
    visible do not bring along."""
    return {
        "user": state["user"],
        "servers": {
            id: {name: value for name, value in server.items() if name != "heads"}
            for id, server in state["servers"].items()
        },
        "read_states": state["read_states"],
    }


def wrong_presences(state: State, fresh: State) -> State:
    """Presences that a fresh READY shows otherwise. People whom one shares no server with any more may be stale."""
    here = {id: each for id, each in fresh["presences"].items() if each["status"] != "offline"}
    return {id: state["presences"].get(id) for id, each in here.items() if state["presences"].get(id) != each}


def _server(data: State) -> State:
    return {
        **data,
        "channels": {each["id"]: each for each in data["channels"]},
        "roles": {each["id"]: each for each in data["roles"]},
        "voice_states": {each["user_id"]: each for each in data["voice_states"]},
    }


def _server_create(state: State, data: State) -> None:
    state["servers"][data["server"]["id"]] = _server(data["server"])


def _server_update(state: State, data: State) -> None:
    state["servers"][data["server"]["id"]].update(data["server"])


def _server_delete(state: State, data: State) -> None:
    state["servers"].pop(data["server_id"], None)


def _channel_put(state: State, data: State) -> None:
    channel = data["channel"]
    known = state["servers"][channel["server_id"]]["channels"]
    old = known.get(channel["id"], {}).get("last_message_id")
    newest = max((int(each) for each in (old, channel["last_message_id"]) if each), default=None)
    known[channel["id"]] = {**channel, "last_message_id": None if newest is None else str(newest)}


def _channel_delete(state: State, data: State) -> None:
    server = state["servers"][data["server_id"]]
    server["channels"].pop(data["channel_id"], None)
    server["voice_states"] = {
        id: each for id, each in server["voice_states"].items() if each["channel_id"] != data["channel_id"]
    }


def _permissions(state: State, data: State) -> None:
    server = state["servers"][data["server_id"]]
    server["permissions"] = data["permissions"]
    for id, bits in data["channels"].items():
        if id in server["channels"]:
            server["channels"][id] = {**server["channels"][id], "permissions": bits}


def _member(state: State, data: State) -> None:
    server = state["servers"][data["server_id"]]
    if "member_count" in data:
        server["member_count"] = data["member_count"]
    if "member" in data and data["member"]["user"]["id"] == state["user"]["id"]:
        server["me"] = data["member"]


def _role_put(state: State, data: State) -> None:
    state["servers"][data["role"]["server_id"]]["roles"][data["role"]["id"]] = data["role"]


def _role_delete(state: State, data: State) -> None:
    state["servers"][data["server_id"]]["roles"].pop(data["role_id"], None)


def _message_create(state: State, data: State) -> None:
    channel = state["servers"][data["server_id"]]["channels"][data["channel_id"]]
    newest = max(int(channel["last_message_id"] or 0), int(data["message"]["id"]))
    channel["last_message_id"] = str(newest)


def _user_update(state: State, data: State) -> None:
    user = data["user"]
    state["users"][user["id"]] = user
    if user["id"] == state["user"]["id"]:
        state["user"] = {**state["user"], **user}
    for server in state["servers"].values():
        if server["me"]["user"]["id"] == user["id"]:
            server["me"] = {**server["me"], "user": user}


def _presence_update(state: State, data: State) -> None:
    state["presences"][data["user_id"]] = data


def _voice_state_update(state: State, data: State) -> None:
    state["users"][data["user"]["id"]] = data["user"]
    voice = {name: value for name, value in data.items() if name != "user"}
    known = state["servers"][data["server_id"]]["voice_states"]
    if known.get(data["user_id"], {}).get("seq", 0) > data["seq"]:
        return
    if data["channel_id"] is None:
        known.pop(data["user_id"], None)
    else:
        known[data["user_id"]] = voice


def _read_state_update(state: State, data: State) -> None:
    state["read_states"][data["channel_id"]] = data


_CHANGES: dict[str, Callable[[State, State], None]] = {
    "SERVER_CREATE": _server_create,
    "SERVER_UPDATE": _server_update,
    "SERVER_DELETE": _server_delete,
    "CHANNEL_CREATE": _channel_put,
    "CHANNEL_UPDATE": _channel_put,
    "CHANNEL_DELETE": _channel_delete,
    "PERMISSIONS_UPDATE": _permissions,
    "MEMBER_ADD": _member,
    "MEMBER_UPDATE": _member,
    "MEMBER_REMOVE": _member,
    "ROLE_UPDATE": _role_put,
    "ROLE_DELETE": _role_delete,
    "MESSAGE_CREATE": _message_create,
    "USER_UPDATE": _user_update,
    "PRESENCE_UPDATE": _presence_update,
    "VOICE_STATE_UPDATE": _voice_state_update,
    "READ_STATE_UPDATE": _read_state_update,
}
