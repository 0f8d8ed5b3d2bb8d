"""The accounts: Users and Logins, which hold the same profile and are written together."""

from collections.abc import Callable, Iterable
from contextlib import suppress
from typing import Any

from shared.errors.accounts import EmailTaken
from shared.errors.requests import ConcurrentModification
from shared.events.accounts import UserRegistered
from shared.storage import outbox
from shared.storage.models.accounts import Login, Profile, User
from shared.storage.transactions import Action, Condition, Transaction

TRIES = 4  # at an edit that others get in the way of


class AddressKnown(Exception):
    """There is an account with this address: `login` is its. For this function's ears only."""

    def __init__(self, login: Login) -> None:
        self.login = login


def add(transaction: Transaction, login: Login, user: User, event: UserRegistered) -> None:
    """Login, profile and event, and whatever else is in that transaction. Raises AddressKnown."""
    transaction.put(login, only_if=Login.email.does_not_exist(), otherwise=AddressKnown)
    transaction.put(user)
    outbox.stage_event(transaction, event)
    transaction.commit()


def find_user(user_id: str) -> User | None:
    return User.find(user_id, consistent=True)


def find_login(email: str) -> Login | None:
    return Login.find(email, consistent=True)


def amend(
    transaction: Transaction,
    user: Profile,
    *,
    login_actions: Iterable[Action] = (),
    still_holds: Condition | None = None,
    **changes: Any,
) -> None:
    """Change the profile, in both tables, if nobody has changed it since `user` was read.

    `changes` are attributes of Profile; `login_actions` and `still_holds` concern the login alone.
    Its refusal is ConcurrentModification.
    """
    unchanged = Login.version == user.version
    transaction.update(
        User(user.user_id),
        [*_set(User, changes), User.version.set(User.version + 1)],
        only_if=User.version == user.version,
        otherwise=_changed(),
    )
    transaction.update(
        Login(user.email),
        [*_set(Login, changes), Login.version.set(Login.version + 1), *login_actions],
        only_if=unchanged & still_holds if still_holds is not None else unchanged,
        otherwise=_changed(),
    )


def persistently(edit: Callable[[], User]) -> User:
    """Try it again when somebody was faster.

    It must read the account at each try, and refuse what others have made of it meanwhile. Raises
    ConcurrentModification when others were faster each time.
    """
    for _ in range(TRIES - 1):
        with suppress(ConcurrentModification):
            return edit()
    return edit()


def move(transaction: Transaction, user: User, login: Login, new_email: str) -> None:
    """The account to another address. Its refusals are ConcurrentModification and EmailTaken."""
    moved = Login(**login.attribute_values | {"email": new_email, "email_verified": True})
    moved.version = user.version + 1
    transaction.delete(Login(login.email), only_if=_is_as_read(login), otherwise=_changed())
    transaction.put(
        moved, only_if=Login.email.does_not_exist(), otherwise=EmailTaken("Taken meanwhile.")
    )
    transaction.update(
        User(user.user_id),
        [
            User.email.set(new_email),
            User.previous_email.set(user.email),
            User.new_email.remove(),
            User.email_verified.set(True),
            User.version.set(User.version + 1),
        ],
        only_if=User.version == user.version,
        otherwise=_changed(),
    )


def _is_as_read(login: Login) -> Condition:
    """Codes are used up, and hashes renewed, without a new version."""
    is_it: Condition = Login.version == login.version
    for name in ("password_hash", "totp_seed", "totp_step", "recovery_hashes"):
        attribute, value = getattr(Login, name), getattr(login, name)
        is_it &= attribute.does_not_exist() if value is None else attribute == value
    return is_it


def remember_new_email(transaction: Transaction, user: User, new_email: str) -> None:
    transaction.update(
        User(user.user_id),
        [User.new_email.set(new_email)],
        only_if=User.version == user.version,
        otherwise=_changed(),
    )


def _set(table: type[User] | type[Login], changes: dict[str, Any]) -> list[Action]:
    return [getattr(table, name).set(value) for name, value in changes.items()]


def _changed() -> ConcurrentModification:
    return ConcurrentModification("The account was changed meanwhile. Read it again.")
