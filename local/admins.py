"""Makes an account an admin's: the first has nobody else to do it."""

from local.targets import OperationFailed, Target, work_in
from shared.errors.accounts import UserNotFound


def make_admin(shop: Target, email: str) -> str:
    """By the very rule that the API has, on the tables of that stack.

    Raises OperationFailed and AppError.
    """
    if not email:
        raise OperationFailed("Whose account? `make admin EMAIL=ada@example.com`")
    work_in(shop)
    from auth.users.service import grant_admin  # noqa: PLC0415 (its tables are named above)

    try:
        user = grant_admin(email)
    except UserNotFound as error:
        raise OperationFailed(
            f"{email} has no account: register it first, then try again."
        ) from error
    return f"{user.email} is an admin now. Their sessions have ended: they log in again."
