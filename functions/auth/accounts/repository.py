"""Accounts. Users and Logins store the same profile, and one transaction always writes both."""

from collections.abc import Iterable
from typing import Any

from shared.errors.requests import ConcurrentModification
from shared.events.accounts import UserRegistered
from shared.storage import outbox
from shared.storage.models.accounts import Login, Profile, User
from shared.storage.transactions import Action, Condition, Transaction


class AccountExists(Exception):
    """An account has this address; `login` is its login. No client may learn this."""

    def __init__(self, login: Login) -> None:
        self.login = login


def create_account(
    transaction: Transaction, login: Login, user: User, event: UserRegistered
) -> None:
    """Add the account and its event to the transaction, and commit it. Raises AccountExists."""
    transaction.put(login, only_if=Login.email.does_not_exist(), otherwise=AccountExists)
    transaction.put(user)
    outbox.stage_event(transaction, event)
    transaction.commit()


def find_user(user_id: str) -> User | None:
    return User.find(user_id, consistent=True)


def find_login(email: str) -> Login | None:
    return Login.find(email, consistent=True)


def stage_profile_update(
    transaction: Transaction,
    profile: Profile,
    *,
    login_actions: Iterable[Action] = (),
    login_condition: Condition | None = None,
    **changes: Any,
) -> None:
    """Change the profile in both tables, if nobody has changed it since `profile` was read.

    `changes` are attributes of Profile. `login_actions` and `login_condition` apply to the login
    alone. The transaction raises ConcurrentModification.
    """
    is_unchanged = Login.version == profile.version
    transaction.update(
        User(profile.user_id),
        [*_set_actions(User, changes), User.version.set(User.version + 1)],
        only_if=User.version == profile.version,
        otherwise=ConcurrentModification(),
    )
    transaction.update(
        Login(profile.email),
        [*_set_actions(Login, changes), Login.version.set(Login.version + 1), *login_actions],
        only_if=is_unchanged if login_condition is None else is_unchanged & login_condition,
        otherwise=ConcurrentModification(),
    )


def _set_actions(table: type[User] | type[Login], changes: dict[str, Any]) -> list[Action]:
    return [getattr(table, name).set(value) for name, value in changes.items()]
