"""SQL of the user service."""

from __future__ import annotations

from typing import Any

from sqlalchemy import bindparam, select, update
from sqlalchemy.dialects.postgresql import insert

from hubbub.infra.database.statements import among
from hubbub.services.user.api import Account, User
from hubbub.services.user.tables import users

_c = users.c
_COLUMNS = (_c.id, _c.username, _c.display_name, _c.avatar, _c.kind, _c.email, _c.created_at, _c.instance_owner)

INSERT = insert(users).values({name: bindparam(name) for name in _c.keys()})
BY_IDS = select(*_COLUMNS).where(among(_c.id, "ids"))
BY_USERNAME = select(*_COLUMNS).where(_c.username == bindparam("name"))
OWNER = select(_c.id).where(_c.instance_owner == 1).limit(1)
UPDATE = (
    update(users)
    .where(_c.id == bindparam("user"))
    .values(display_name=bindparam("new_display_name"), email=bindparam("new_email"))
    .returning(*_COLUMNS)
)


def user(row: tuple[Any, ...]) -> User:
    return User(id=row[0], username=row[1], display_name=row[2], avatar=row[3], kind=row[4])


def account(row: tuple[Any, ...]) -> Account:
    return Account(user=user(row), email=row[5], created_at=row[6], instance_owner=bool(row[7]))
