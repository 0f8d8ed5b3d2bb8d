"""Limits that keep one buyer from taking the shop's stock without paying. Pure.

- An order has at most so many units of one product.
- The unpaid orders of one account, one guest's address and one network hold so many units at most.
- An order that leaves few units of a product has less time to pay.
"""

from collections.abc import Mapping
from datetime import timedelta

from orders.lifecycle.buyers import Buyer
from shared.config import HeldStockSettings, OrderSettings, QuantitySettings
from shared.email_addresses import mailbox_of
from shared.errors.orders import HeldStockLimitReached, QuantityLimitExceeded
from shared.storage.held_stock import Holder
from shared.storage.models.catalog import Product

NETWORK_SHARDS = 8  # many buyers of one network may order at the same moment


def require_allowed_quantities(
    quantities: Mapping[str, int],
    products: Mapping[str, Product],
    limits: QuantitySettings,
    *,
    is_guest: bool,
) -> None:
    """Raises QuantityLimitExceeded with every line that has too many units.

    A product's own limit replaces both defaults, whether it is higher or lower.
    """
    default = limits.guest_order_quantity_max if is_guest else limits.order_quantity_max
    exceeded = [
        {"product_id": product_id, "quantity": quantity, "limit": limit}
        for product_id, quantity in quantities.items()
        if quantity > (limit := products[product_id].quantity_max(default))
    ]
    if exceeded:
        names = ", ".join(str(products[str(line["product_id"])].name) for line in exceeded)
        raise QuantityLimitExceeded(
            f"The order has too many units of: {names}. Order at most `limit` of each line in "
            "`details.lines`.",
            lines=exceeded,
        )


def require_holdable(
    quantities: Mapping[str, int], limits: HeldStockSettings, *, is_guest: bool
) -> None:
    """Raises HeldStockLimitReached if the order alone has more units than may be held.

    It could never be placed, so its quote is refused too.
    """
    units, limit = sum(quantities.values()), limits.order_units_max(is_guest=is_guest)
    if units > limit:
        own = "guest" if is_guest else "account"
        holder = own if limit < limits.held_units_per_network else "network"
        raise HeldStockLimitReached(holder=holder, limit=limit, quantity=units)


def holders_of(buyer: Buyer, limits: HeldStockSettings) -> list[Holder]:
    """Whose held stock the buyer's order counts as. Accounts and guests share their network.

    A guest's addresses with different tags are one mailbox.
    """
    own = (
        Holder("guest", mailbox_of(buyer.guest_email), limits.held_units_per_guest)
        if buyer.guest_email
        else Holder("account", buyer.buyer_id, limits.held_units_per_account)
    )
    if buyer.network is None:
        return [own]
    limit = limits.held_units_per_network
    return [own, Holder("network", buyer.network, limit, NETWORK_SHARDS)]


def hold_time(
    quantities: Mapping[str, int],
    products: Mapping[str, Product],
    available: Mapping[str, int],
    times: OrderSettings,
) -> timedelta:
    """How long the order keeps its stock unpaid: less if it leaves few units of a product.

    Few are `scarce_stock_units`, or the product's `low_stock_at` if that is more. Units that may be
    back-ordered are left too; a product that is not counted always has enough.
    """

    def is_scarce(product_id: str) -> bool:
        product = products[product_id]
        few = max(times.scarce_stock_units, int(product.low_stock_at or 0))
        return product.orderable(available.get(product_id, 0)) - quantities[product_id] <= few

    normal, scarce = times.payment_hold_minutes, times.scarce_payment_hold_minutes
    minutes = min(normal, scarce) if any(map(is_scarce, quantities)) else normal
    return timedelta(minutes=minutes)
