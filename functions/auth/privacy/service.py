"""Privacy: a user may see all that is held on them, and may have it erased."""

from dataclasses import dataclass

from auth.accounts import service as accounts
from auth.credentials import service as credentials
from auth.privacy import repository
from auth.privacy.repository import Held
from auth.privacy.schemas import Deletion
from shared import auth, observability, outbox
from shared.auth import Principal
from shared.callers import Client
from shared.errors import OwnAccount, Unavailable
from shared.events import AboutUser, UserDeleted
from shared.models import User
from shared.transactions import Transaction


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

    Raises OwnAccount for staff, WrongPassword, WrongCode, TooManyAttempts and ChangedMeanwhile.
    """
    user = accounts.whoami(caller)
    if auth.is_staff(auth.roles_named(user.roles)):
        raise OwnAccount("Staff cannot delete their accounts: have an admin take your roles first.")
    proof = credentials.confirm(user, deletion.password, deletion.code, client)
    transaction = Transaction()
    proof.guard.forget(transaction)
    repository.remove(transaction, user, still_holds=proof.still_holds)
    outbox.stage(transaction, UserDeleted(data=AboutUser(user_id=user.user_id)))
    transaction.commit()
    observability.audit("delete_account", "done", user_id=user.user_id)
    _remove_access(user)


def _remove_access(user: User) -> None:
    """It opens nothing any more, so that not to get to it is no failure: it has a TTL too."""
    try:
        repository.remove_access(user.user_id)
    except Unavailable:
        observability.logger.warning("access not removed", user_id=user.user_id)
