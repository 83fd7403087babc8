"""Accounts as people see them: names and profiles. All that other packages may import of this service."""

from __future__ import annotations

from typing import Literal, Protocol

import msgspec
from msgspec import UNSET, UnsetType

from hubbub.services.auth.api import Principal

UserKind = Literal["person", "guest", "bot", "webhook", "system"]


class User(msgspec.Struct, frozen=True, kw_only=True):
    """Public. `username` is unique on the instance ([a-z0-9_.]{2,32}); `display_name` is free text of 1 to 32."""

    id: int
    username: str
    display_name: str
    avatar: str | None
    kind: UserKind


class Account(msgspec.Struct, frozen=True, kw_only=True):
    """Private: for its owner only. `created_at` in milliseconds UTC."""

    user: User
    email: str | None
    created_at: int
    instance_owner: bool


class NewUser(msgspec.Struct, frozen=True, kw_only=True):
    id: int
    username: str
    display_name: str | None
    email: str | None
    instance_owner: bool


class ProfilePatch(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    display_name: str | UnsetType = UNSET
    email: str | None | UnsetType = UNSET


class UserApi(Protocol):
    async def create(self, new: NewUser) -> Account:
        """The same id again gives the same account. Refused: user.username_taken, user.username_invalid,
        user.display_name_invalid, user.email_invalid, user.owner_exists."""
        ...

    async def get(self, ids: tuple[int, ...]) -> tuple[User, ...]:
        """Those that exist, in any order; at most 1,000 ids."""
        ...

    async def find(self, username: str) -> User | None:
        """By name in any spelling that normalises to it (NFKC, lower case)."""
        ...

    async def account(self, principal: Principal) -> Account: ...

    async def update(self, principal: Principal, patch: ProfilePatch) -> Account:
        """Refused: user.display_name_invalid, user.email_invalid."""
        ...

    async def owner_exists(self) -> bool: ...
