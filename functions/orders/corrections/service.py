"""What staff correct in an order: its address before it is shipped, its buyer before it is paid."""

from functools import partial

from orders.checkout import limits
from orders.corrections import repository
from orders.corrections.schemas import BuyerRequest
from orders.fulfilment.service import update_as_staff
from orders.guests import repository as accounts
from orders.lifecycle import buyer_changes, readdress
from orders.lifecycle.buyer_changes import BuyerChange, NewBuyer
from orders.lifecycle.buyers import Buyer
from orders.lifecycle.effects import Effects
from orders.pricing import readdressing
from orders.pricing import repository as pricing
from orders.pricing.rate_tables import ShipTo
from shared.addresses.checks import check_address
from shared.addresses.schemas import Address
from shared.config import HeldStockSettings, settings
from shared.errors.accounts import UserNotFound
from shared.http.etags import ExpectedVersion
from shared.security.permissions import Principal
from shared.storage.models.orders import Order, ShippingAddress
from shared.storage.transactions import Transaction


def change_address(
    staff: Principal, order_id: str, address: Address, expected: ExpectedVersion
) -> Order:
    """Raises OrderNotFound, InvalidFields, StaleVersion, Unavailable, and what
    `readdress.change_address` does.
    """
    checked = check_address(address, ("body",))
    ship_to = ShipTo(checked.country, checked.region, checked.postal_code)
    rules = pricing.get_pricing_inputs([], None).rules

    def decide(order: Order) -> Effects | None:
        version = order.version
        effects = readdress.change_address(
            order,
            ShippingAddress(**checked.to_stored()),
            partial(readdressing.reprice, rules=rules, ship_to=ship_to),
            by=staff.user_id,
        )
        if effects is not None:  # a repetition has the answer of the first request
            expected.check(version)
        return effects

    return update_as_staff(staff, "change_order_address", order_id, decide).order


def change_buyer(
    staff: Principal, order_id: str, request: BuyerRequest, expected: ExpectedVersion
) -> Order:
    """Raises OrderNotFound, StaleVersion, Unavailable, and what `buyer_changes.change_buyer` and
    `repository.stage_buyer_change` do.
    """
    buyer = _find_buyer(request)
    changes: list[BuyerChange] = []  # of each attempt

    def decide(order: Order) -> Effects | None:
        version = order.version
        change = buyer_changes.change_buyer(order, buyer, by=staff.user_id)
        if change is None:
            return None
        expected.check(version)
        changes.append(change)
        return change.effects

    def stage_change(transaction: Transaction) -> None:
        repository.stage_buyer_change(
            transaction, changes[-1], buyer.user_id, staff_id=staff.user_id
        )

    return update_as_staff(staff, "change_order_buyer", order_id, decide, stage_change).order


def _find_buyer(request: BuyerRequest) -> NewBuyer:
    """Raises UserNotFound."""
    user_id, email = request.user_id, request.email
    if email and (owner := accounts.find_owner(email)):
        user_id, email = owner.user_id, None
    elif user_id and accounts.find_user(user_id) is None:
        raise UserNotFound(repository.NO_ACTIVE_ACCOUNT)
    holders = limits.holders_of(Buyer(user_id or "", email), settings(HeldStockSettings))
    return NewBuyer(holders[0], user_id, email)
