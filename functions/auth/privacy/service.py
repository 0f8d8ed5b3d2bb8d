"""Privacy: users can export everything that is stored about them, and delete their account."""

from auth.accounts import service as accounts
from auth.credentials import service as credentials
from auth.credentials.service import Authentication
from auth.privacy import repository
from auth.privacy.order_documents import Document, document_from_order
from auth.privacy.repository import OrderAdded, RecordsPage
from auth.privacy.schemas import AccountDeletion
from auth.sessions import limits
from shared import observability
from shared.errors.accounts import CannotModifyOwnAccount
from shared.errors.base import Unavailable
from shared.errors.requests import ConcurrentModification
from shared.events.accounts import UserDeleted, UserDeletedData
from shared.http.authorization import Client
from shared.records import Record
from shared.retries import EDIT_ATTEMPTS, retry
from shared.security import permissions
from shared.security.permissions import Principal
from shared.storage import outbox
from shared.storage.models.accounts import Attempts, User
from shared.storage.transactions import Transaction


class Export(Record):
    user: User
    records: RecordsPage

    @property
    def orders(self) -> list[Document]:
        return [document_from_order(order) for order in self.records.orders]


def export_me(caller: Principal, *, limit: int, cursor: str | None) -> Export:
    """Return one page of at most `limit` records. Raises SessionEnded and InvalidCursor."""
    user = accounts.get_me(caller)
    records = repository.list_records(user.user_id, limit=limit, cursor=cursor)
    observability.audit("export_me", "done", user_id=user.user_id)
    return Export(user, records)


def delete_me(caller: Principal, deletion: AccountDeletion, client: Client) -> None:
    """Delete the account and free its address. A worker removes the address from orders later.

    Raises CannotModifyOwnAccount for staff, WrongPassword, WrongCode, TooManyAttempts,
    ConcurrentModification, and Unavailable while the account keeps getting orders.
    """
    user = accounts.get_me(caller)
    if permissions.is_staff(permissions.roles_named(user.roles)):
        raise CannotModifyOwnAccount(
            "Staff cannot delete their own accounts. Ask an admin to remove your staff roles first."
        )
    authentication = credentials.reauthenticate(user, deletion.password, deletion.code, client)
    _delete_account(caller, user, authentication)
    observability.audit("delete_me", "done", user_id=user.user_id)
    _delete_sessions_and_keys(user)


def _delete_account(caller: Principal, user: User, authentication: Authentication) -> None:
    """Raises ConcurrentModification and Unavailable."""

    def delete() -> None:
        current = accounts.get_me(caller)
        if current.version != user.version:  # not the account whose password was checked
            raise ConcurrentModification
        transaction = Transaction()
        authentication.throttle.stage_deletion(transaction)
        transaction.delete(Attempts(limits.counter_subject(user.user_id)))
        repository.stage_account_deletion(
            transaction, current, login_condition=authentication.login_condition
        )
        data = UserDeletedData(user_id=user.user_id, order_count=int(current.order_count))
        outbox.stage_event(transaction, UserDeleted(data=data))
        transaction.commit()

    try:
        retry(delete, on=(OrderAdded,), attempts=EDIT_ATTEMPTS)
    except OrderAdded as error:
        raise Unavailable from error


def _delete_sessions_and_keys(user: User) -> None:
    """A failure is no error: without the account they are useless, and they have a TTL."""
    try:
        repository.delete_sessions_and_keys(user.user_id)
    except Unavailable:
        observability.logger.warning("sessions and keys not deleted", user_id=user.user_id)
