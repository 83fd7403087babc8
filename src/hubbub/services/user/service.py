"""The user service: accounts as people see them."""

from __future__ import annotations

from hubbub.clock import Clock
from hubbub.errors import Refused
from hubbub.events import Event
from hubbub.infra.database.base import Conflict, Database, Transaction
from hubbub.services.auth.api import Principal
from hubbub.services.user import names, store
from hubbub.services.user.api import Account, NewUser, ProfilePatch, User
from hubbub.services.user.events import ProfileUpdated

_CACHED = 20_000  # about 8 MB; the least recently used half goes when it is full


class UserService:
    """Implements UserApi. Public profiles are cached in process; every change goes through `update` here."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock
        self._cache: dict[int, User] = {}
        self._changes = 0

    async def create(self, new: NewUser) -> Account:
        username = names.username(new.username)
        values = {
            "id": new.id,
            "kind": "person",
            "username": username,
            "display_name": names.display_name(new.display_name or username),
            "avatar": None,
            "email": names.email(new.email),
            "instance_owner": int(new.instance_owner),
            "created_at": self._clock.now_ms(),
        }

        async def body(tx: Transaction) -> Account:
            if known := await tx.fetch(store.BY_IDS, ids=[new.id]):
                return store.account(known[0])
            if new.instance_owner and await tx.fetch(store.OWNER):
                raise Refused("user.owner_exists")
            await tx.execute(store.INSERT, **values)
            return store.account((await tx.fetch(store.BY_IDS, ids=[new.id]))[0])

        try:
            return await self._database.write(body)
        except Conflict:
            raise Refused("user.username_taken", username=username) from None

    async def get(self, ids: tuple[int, ...]) -> tuple[User, ...]:
        if len(ids) > 1_000:
            raise Refused("request.too_many_ids", limit=1_000)
        missing = [each for each in set(ids) if each not in self._cache]
        if not missing:
            return tuple(self._cache[each] for each in dict.fromkeys(ids))
        known = {each: self._cache[each] for each in ids if each in self._cache}
        changes = self._changes
        read = [store.user(row) for row in await self._database.fetch(store.BY_IDS, ids=missing)]
        if changes == self._changes:  # what was read before a change is not kept after it
            self._remember(*read)
        known.update((each.id, each) for each in read)
        return tuple(known[each] for each in dict.fromkeys(ids) if each in known)

    async def find(self, username: str) -> User | None:
        try:
            name = names.username(username)
        except Refused:
            return None
        rows = await self._database.fetch(store.BY_USERNAME, name=name)
        return store.user(rows[0]) if rows else None

    async def account(self, principal: Principal) -> Account:
        rows = await self._database.fetch(store.BY_IDS, ids=[principal.user_id])
        if not rows:
            raise Refused("user.not_found")
        return store.account(rows[0])

    async def update(self, principal: Principal, patch: ProfilePatch) -> Account:
        async def body(tx: Transaction) -> Account:
            rows = await tx.fetch(store.BY_IDS, ids=[principal.user_id])
            if not rows:
                raise Refused("user.not_found")
            old = store.account(rows[0])
            shown = names.display_name(patch.display_name) if isinstance(patch.display_name, str) else None
            mail = names.email(patch.email) if isinstance(patch.email, str) or patch.email is None else old.email
            changed = await tx.fetch(
                store.UPDATE,
                user=principal.user_id,
                new_display_name=shown or old.user.display_name,
                new_email=mail,
            )
            new = store.account(changed[0])
            if new.user != old.user:
                await tx.emit(f"user:{new.user.id}", ProfileUpdated(user=new.user))
            return new

        account = await self._database.write(body)
        self._changes += 1
        self._remember(account.user)
        return account

    async def on_event(self, event: Event) -> None:
        """Facts of other processes of this service, if there are any (assembly subscribes)."""
        if isinstance(event, ProfileUpdated):
            self._changes += 1
            self._remember(event.user)

    async def on_gap(self) -> None:
        """Facts may have been lost on the way here."""
        self._changes += 1
        self._cache.clear()

    async def owner_exists(self) -> bool:
        return bool(await self._database.fetch(store.OWNER))

    def _remember(self, *found: User) -> None:
        if len(self._cache) + len(found) > _CACHED:
            for key in list(self._cache)[: _CACHED // 2]:
                del self._cache[key]
        for each in found:
            self._cache.pop(each.id, None)  # re-inserted last: the dictionary's order is the order of use
            self._cache[each.id] = each
