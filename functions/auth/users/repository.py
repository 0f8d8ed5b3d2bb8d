"""Everyone's accounts, as admins list and change them."""

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

_LISTING = "users"  # the only partition of the index


def list_users(*, limit: int, cursor: str | None, for_admin: str) -> ItemPage[User]:
    """Newest first. Raises InvalidCursor."""
    return cursors.query_page(
        User.by_newest, _LISTING, query="users", owner=for_admin, limit=limit, cursor=cursor
    )


def update_user(
    user: User,
    roles: AbstractSet[str],
    status: str,
    *,
    by_admin: str | None,
    only_if_suits_staff: bool,
) -> None:
    """Change roles and status, and end all sessions. Raises ConcurrentModification and Forbidden.

    `by_admin` must still be an admin: two admins who remove each other at once must not both
    succeed.
    """
    transaction = Transaction()
    if by_admin is not None:
        _stage_admin_check(transaction, by_admin)
    accounts.stage_profile_update(
        transaction,
        user,
        # The profile does not contain the password, which may have changed since it was read.
        login_condition=(Login.suits_staff == True) if only_if_suits_staff else None,  # noqa: E712
        roles=roles,
        status=status,
        access_epoch=int(user.access_epoch) + 1,
    )
    transaction.commit()


def end_user_sessions(user: User, *, by_admin: str) -> None:
    """End all sessions and delete the API keys. Raises ConcurrentModification and Forbidden."""
    transaction = Transaction()
    _stage_admin_check(transaction, by_admin)
    accounts.stage_profile_update(transaction, user, access_epoch=int(user.access_epoch) + 1)
    api_keys.stage_deletion_of_all(transaction, user.user_id)
    transaction.commit()


def disable_user_second_factor(user: User, *, by_admin: str, event: SecondFactorChanged) -> None:
    """Disable the second factor and end all sessions.

    Raises ConcurrentModification and Forbidden.
    """
    transaction = Transaction()
    _stage_admin_check(transaction, by_admin)
    accounts.stage_profile_update(
        transaction,
        user,
        login_actions=codes.removal_actions(),
        second_factor=False,
        access_epoch=int(user.access_epoch) + 1,
    )
    outbox.stage_event(transaction, event)
    transaction.commit()


def _stage_admin_check(transaction: Transaction, user_id: str) -> None:
    """API Gateway may use an authorizer's answer that is a minute old."""
    transaction.check(
        User,
        user_id,
        only_if=User.roles.contains(Role.ADMIN.value) & (User.status == "active"),
        otherwise=Forbidden("You are no longer an admin. Ask another admin."),
    )
