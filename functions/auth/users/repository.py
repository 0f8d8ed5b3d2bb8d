"""Everyone's accounts, as admins see and change them."""

from collections.abc import Set as AbstractSet

from auth.accounts import repository as accounts
from shared.auth import Role
from shared.models import Login, User
from shared.transactions import Transaction


def change(user: User, roles: AbstractSet[Role], status: str, *, only_if_suits_staff: bool) -> None:
    """And end all sessions, with the same write. Raises ChangedMeanwhile."""
    transaction = Transaction()
    accounts.amend(
        transaction,
        user,
        # What was read of the password is older than what was read of the profile.
        still_holds=(Login.suits_staff == True) if only_if_suits_staff else None,  # noqa: E712
        roles={role.value for role in roles},
        status=status,
        access_epoch=int(user.access_epoch) + 1,
    )
    transaction.commit()
