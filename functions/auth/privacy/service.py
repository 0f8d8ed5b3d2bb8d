"""Privacy: a user may see all that is held on them, and may have it erased."""

from dataclasses import dataclass

from auth.accounts import service as accounts
from auth.credentials import service as credentials
from auth.privacy import repository
from auth.privacy.repository import Held
from auth.privacy.schemas import Deletion
from shared import observability
from shared.errors.accounts import CannotModifyOwnAccount
from shared.errors.base import Unavailable
from shared.events.accounts import UserData, UserDeleted
from shared.http.authorization import Client
from shared.security import permissions
from shared.security.permissions import Principal
from shared.storage import outbox
from shared.storage.models.accounts import User
from shared.storage.transactions import Transaction


@dataclass(frozen=True, slots=True)
class Export:
    user: User
    held: Held


def export(caller: Principal, *, cursor: str | None) -> Export:
    """A page of it. Raises SessionEnded and InvalidCursor."""
    user = accounts.whoami(caller)
    held = repository.held_on(user.user_id, cursor=cursor)
    observability.audit("export_account", "done", user_id=user.user_id)
    return Export(user, held)


def delete(caller: Principal, deletion: Deletion, client: Client) -> None:
    """The account is gone and its address free; orders are kept, and lose theirs within minutes.

    Raises CannotModifyOwnAccount for staff, WrongPassword, WrongCode, TooManyAttempts and ConcurrentModification.
    """
    user = accounts.whoami(caller)
    if permissions.is_staff(permissions.roles_named(user.roles)):
        raise CannotModifyOwnAccount(
            "Staff cannot delete their accounts: have an admin take your roles first."
        )
    proof = credentials.confirm(user, deletion.password, deletion.code, client)
    transaction = Transaction()
    proof.guard.forget(transaction)
    repository.remove(transaction, user, still_holds=proof.still_holds)
    outbox.stage_event(transaction, UserDeleted(data=UserData(user_id=user.user_id)))
    transaction.commit()
    observability.audit("delete_account", "done", user_id=user.user_id)
    _remove_access(user)


def _remove_access(user: User) -> None:
    """It opens nothing any more, so that not to get to it is no failure: it has a TTL too."""
    try:
        repository.remove_access(user.user_id)
    except Unavailable:
        observability.logger.warning("access not removed", user_id=user.user_id)
