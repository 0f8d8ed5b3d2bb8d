"""The accounts that an order leaves and joins when staff change its buyer."""

from orders.lifecycle.buyer_changes import BuyerChange
from orders.lifecycle.buyers import is_guest
from orders.lifecycle.repository import stage_account_check
from shared.errors.accounts import SessionEnded, UserNotFound
from shared.errors.requests import ConcurrentModification
from shared.storage.models.accounts import User
from shared.storage.transactions import Transaction

NO_ACTIVE_ACCOUNT = "No active account has this id. Check the id."


def stage_buyer_change(
    transaction: Transaction, change: BuyerChange, user_id: str | None, *, staff_id: str
) -> None:
    """Count the order for its new buyer's account, if it has one, and no more for the one before.

    An account that is deleted in the same moment tells how many orders it has: so it must have
    this one, or not. The transaction raises SessionEnded unless the member of staff is active,
    UserNotFound for the new buyer, HeldStockLimitReached, and ConcurrentModification while the
    account before is being deleted: that ends the order.
    """
    if staff_id not in (change.previous_id, user_id):  # a transaction names an item once
        stage_account_check(transaction, user_id=staff_id)
    if user_id is not None:
        is_own = user_id == staff_id
        transaction.update(
            User(user_id),
            [User.order_count.add(1)],
            only_if=User.status == "active",
            otherwise=SessionEnded() if is_own else UserNotFound(NO_ACTIVE_ACCOUNT),
        )
    if not is_guest(change.previous_id):
        is_own = change.previous_id == staff_id
        transaction.update(
            User(change.previous_id),
            [User.order_count.add(-1)],
            only_if=User.status == "active" if is_own else User.user_id.exists(),
            otherwise=SessionEnded() if is_own else ConcurrentModification(),
        )
    if change.hold:
        change.hold.stage(transaction)
