"""Everyone's accounts, as admins see and change them."""

from collections.abc import Set as AbstractSet

from auth.accounts import repository as accounts
from auth.api_keys import repository as api_keys
from auth.second_factor import codes
from shared.errors.accounts import Forbidden
from shared.events.accounts import SecondFactorChanged
from shared.security.permissions import Role
from shared.storage import cursors, outbox
from shared.storage.cursors import ItemPage
from shared.storage.models.accounts import Login, User
from shared.storage.transactions import Transaction

_LISTING = "users"  # the one partition of the index


def newest(*, limit: int, cursor: str | None, for_admin: str) -> ItemPage[User]:
    """Newest first. Raises InvalidCursor."""
    return cursors.query_page(
        User.by_newest, _LISTING, query="users", owner=for_admin, limit=limit, cursor=cursor
    )


def change(
    user: User,
    roles: AbstractSet[Role],
    status: str,
    *,
    by_admin: str | None,
    only_if_suits_staff: bool,
) -> None:
    """And end all sessions, with the same write. Raises ConcurrentModification, and Forbidden.

    `by_admin` must be one still: two admins who dismiss each other at once do not both succeed.
    """
    transaction = Transaction()
    if by_admin is not None:
        _require_admin(transaction, by_admin)
    accounts.amend(
        transaction,
        user,
        # What was read of the password may be older than what was read of the profile.
        still_holds=(Login.suits_staff == True) if only_if_suits_staff else None,  # noqa: E712
        roles={role.value for role in roles},
        status=status,
        access_epoch=int(user.access_epoch) + 1,
    )
    transaction.commit()


def end_sessions(user: User, *, by_admin: str) -> None:
    """And revoke the keys. Raises ConcurrentModification; Forbidden when that is no admin any more."""
    transaction = Transaction()
    _require_admin(transaction, by_admin)
    accounts.amend(transaction, user, access_epoch=int(user.access_epoch) + 1)
    api_keys.drop_all(transaction, user.user_id)
    transaction.commit()


def remove_second_factor(user: User, *, by_admin: str, told: SecondFactorChanged) -> None:
    """And end all sessions. Raises ConcurrentModification, and Forbidden as above."""
    transaction = Transaction()
    _require_admin(transaction, by_admin)
    accounts.amend(
        transaction,
        user,
        login_actions=codes.removal(),
        second_factor=False,
        access_epoch=int(user.access_epoch) + 1,
    )
    outbox.stage_event(transaction, told)
    transaction.commit()


def _require_admin(transaction: Transaction, user_id: str) -> None:
    """What the authorizer found may be a minute old."""
    transaction.check(
        User,
        user_id,
        only_if=User.roles.contains(Role.ADMIN.value) & (User.status == "active"),
        otherwise=Forbidden("You are no admin any more."),
    )
