"""What staff correct in an order before it is shipped."""

from functools import partial

from orders.fulfilment.service import update_as_staff
from orders.lifecycle import readdress
from orders.lifecycle.effects import Effects
from orders.pricing import readdressing
from orders.pricing import repository as pricing
from orders.pricing.rate_tables import ShipTo
from shared.addresses.checks import check_address
from shared.addresses.schemas import Address
from shared.http.etags import ExpectedVersion
from shared.security.permissions import Principal
from shared.storage.models.orders import Order, ShippingAddress


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
