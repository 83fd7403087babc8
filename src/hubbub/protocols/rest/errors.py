"""Codes into status and words: the only place that knows both. RFC 9457, `application/problem+json`.

A sentence says what happened and what to do; `{names}` are filled from the refusal's data. A code that is not listed
here gets the status of its family and a plain sentence; tests/architecture checks that every code raised is listed.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from hubbub.errors import HubbubError, Limited, Refused, Unavailable
from hubbub.protocols.wire.things import FieldError, Problem


class Words(NamedTuple):
    status: int
    title: str
    detail: str


CODES: dict[str, Words] = {
    # who you are
    "auth.token_missing": Words(401, "Not logged in", "Send an access token: Authorization: Bearer …"),
    "auth.token_invalid": Words(401, "Not logged in", "This access token is not one of ours. Log in again."),
    "auth.token_expired": Words(401, "Token expired", "Get a new access token with your refresh token."),
    "auth.session_revoked": Words(401, "Session ended", "This session was ended. Log in again."),
    "auth.refresh_invalid": Words(401, "Session ended", "This refresh token is used up or ended. Log in again."),
    "auth.wrong_credentials": Words(401, "Wrong name or password", "Check both and try again."),
    "auth.session_not_found": Words(404, "No such session", "It may have ended already."),
    "auth.registration_closed": Words(403, "Registration is closed", "Whoever runs this server makes accounts here."),
    "auth.invite_required": Words(403, "An invite is needed", "Ask a member for an invite link and open it."),
    "auth.setup_token_invalid": Words(
        403, "Set-up link not valid", "Use the link that the terminal showed; once an owner exists it is used up."
    ),
    "auth.password_short": Words(422, "Password too short", "Use at least {limit} characters."),
    "auth.password_long": Words(422, "Password too long", "Use at most {limit} characters."),
    "user.username_taken": Words(409, "Name taken", "Somebody here has this username. Choose another."),
    "user.username_invalid": Words(
        422, "Name not possible", "A username has 2 to 32 of these: a to z, 0 to 9, _ and the dot."
    ),
    "user.display_name_invalid": Words(422, "Name not possible", "A display name has 1 to 32 visible characters."),
    "user.email_invalid": Words(422, "Address not possible", "This does not look like an e-mail address."),
    "user.owner_exists": Words(403, "Set up already", "This instance has its owner. Log in, or ask for an invite."),
    "user.not_found": Words(404, "No such person", "Nobody here has this id."),
    # places
    "server.not_found": Words(404, "No such server", "It does not exist, or you are not a member."),
    "server.name_invalid": Words(422, "Name not possible", "A server's name has 1 to 100 visible characters."),
    "server.too_many": Words(403, "Too many servers", "You own {limit} servers, which is the limit. Delete one first."),
    "server.owner_stays": Words(403, "The owner stays", "Hand the server over or delete it; its owner cannot leave."),
    "channel.not_found": Words(404, "No such room", "It does not exist, or you may not see it."),
    "channel.name_invalid": Words(422, "Name not possible", "A room's name has 1 to 100 visible characters."),
    "channel.topic_invalid": Words(422, "Topic not possible", "A topic has at most 1,024 characters and no controls."),
    "channel.parent_invalid": Words(422, "Not possible there", "A room cannot be inside that one."),
    "channel.too_many": Words(403, "Too many rooms", "A server holds at most {limit} rooms."),
    "channel.too_deep": Words(422, "Too deep", "Rooms can be nested {limit} deep."),
    "channel.not_text": Words(400, "Not a room for text", "Messages cannot be written here."),
    "channel.not_voice": Words(400, "Not a voice room", "Choose a voice room of this server."),
    "role.not_found": Words(404, "No such role", "It does not exist on this server."),
    "role.name_invalid": Words(422, "Name not possible", "A role's name has 1 to 100 visible characters."),
    "role.too_many": Words(403, "Too many roles", "A server holds at most {limit} roles."),
    "role.outranked": Words(403, "Not yours to change", "This role is at or above your own."),
    "role.everybody_stays": Words(403, "Not possible", "Everybody's role cannot be deleted, renamed or moved."),
    "member.not_found": Words(404, "Not a member", "This person is not on this server."),
    "member.outranked": Words(403, "Not yours to change", "This person's role is at or above yours."),
    "member.nick_invalid": Words(422, "Name not possible", "A nickname has 1 to 32 visible characters."),
    "member.banned": Words(403, "Banned", "You may not join this server."),
    "overwrite.invalid": Words(
        422, "Entry not possible", "An entry allows or denies existing rights, not both at once."
    ),
    "overwrite.not_found": Words(404, "No such entry", "This room has no entry for it."),
    "permission.denied": Words(403, "Not allowed", "You lack a right that this needs. Ask whoever runs this server."),
    "permission.unknown": Words(422, "No such permission", "Name one existing permission bit."),
    "invite.not_found": Words(404, "Invite unknown", "Check the link, or ask for a new one."),
    "invite.expired": Words(410, "Invite expired", "Ask whoever sent it for a new link."),
    "invite.used_up": Words(410, "Invite used up", "It was good for a limited number of people. Ask for a new link."),
    # messages
    "message.not_found": Words(404, "No such message", "It does not exist, was deleted, or you may not see it."),
    "message.empty": Words(422, "Nothing written", "A message needs at least one character."),
    "message.too_long": Words(422, "Too long", "A message has at most {limit} characters; this has {length}."),
    "message.invalid_text": Words(
        422, "Not possible", "Neither a message nor its nonce can contain the character NUL."
    ),
    "message.reply_invalid": Words(422, "Cannot answer that", "The answered message is not in this room any more."),
    "message.not_yours": Words(403, "Not yours", "Only its author can change a message."),
    "message.page_invalid": Words(400, "Page not possible", "Give one of before, after, around; limit 1 to 100."),
    # voice
    "voice.full": Words(403, "Room full", "{limit} people fit in here. Wait for a seat."),
    "voice.not_connected": Words(409, "Not in voice", "This person is in no voice room of this server."),
    "voice.overruled": Words(409, "Moved or put out", "A moderator has moved you or put you out."),
    "voice.cannot_see_room": Words(403, "Not allowed", "This person may not see that room."),
    "media.hook_unsigned": Words(401, "Not signed", "This is not signed by the LiveKit that this instance uses."),
    "media.hook_stale": Words(401, "Too old", "This was signed too long ago, or the clocks differ."),
    "media.hook_malformed": Words(400, "Not understood", "This is no webhook of LiveKit."),
    # requests
    "request.invalid": Words(400, "Request not understood", "{reason}"),
    "request.empty": Words(400, "Nothing to do", "Name at least one change."),
    "request.too_large": Words(413, "Too large", "A request's body has at most {limit} bytes."),
    "request.too_many_ids": Words(400, "Too many", "Name at most {limit} ids."),
    "request.key_reused": Words(409, "Key used before", "This Idempotency-Key belongs to another request."),
    "request.in_progress": Words(409, "In progress", "The same request is being worked on. Try again in a moment."),
    "request.not_found": Words(404, "Nothing here", "There is nothing at this address."),
    "request.method": Words(405, "Not possible", "This address does not know that method."),
    "request.media_type": Words(415, "Not understood", "Send JSON: Content-Type: application/json."),
    "origin.refused": Words(
        403,
        "Page not allowed",
        "Pages of {origin} may not use this instance. Its operator can add it to HUBBUB_ORIGINS.",
    ),
    "metrics.refused": Words(
        403,
        "Not for you",
        "Numbers are for this machine and for whoever has HUBBUB_METRICS_TOKEN (HUBBUB_METRICS_FROM names networks).",
    ),
    "rate.limited": Words(429, "Too fast", "Try again in {retry_after} seconds."),
    "unavailable": Words(503, "Not available", "The server cannot answer right now. Try again in a moment."),
    "internal": Words(500, "Something broke", "This is a defect of the server; its log says more."),
}


def problem(error: HubbubError) -> Problem:
    """What a client is told of a refusal."""
    if isinstance(error, Unavailable):
        return named("unavailable", {}, retry_after=1.0)
    if isinstance(error, Limited):
        return named(error.code, error.data, retry_after=error.retry_after)
    if isinstance(error, Refused):
        return named(error.code, error.data)
    return named("internal", {})


def named(
    code: str, data: dict[str, Any], errors: tuple[FieldError, ...] = (), retry_after: float | None = None
) -> Problem:
    words = CODES.get(code) or Words(400, "Not possible", "This was refused.")
    return Problem(
        type=f"urn:hubbub:problem:{code}",
        title=words.title,
        status=words.status,
        code=code,
        detail=words.detail.format_map(_Filled(data)),
        errors=errors,
        retry_after=retry_after,
    )


class _Filled(dict[str, Any]):
    def __missing__(self, key: str) -> str:
        return f"({key})"
