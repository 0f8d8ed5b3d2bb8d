"""An order, as the guest who placed it sees it.

Nobody may learn from it whether the guest's address has an account. So an order that was linked to
an account looks as if it was not.
"""

from typing import Any, TypeVar

from pydantic import Field

from orders.lifecycle.buyers import find_guest_id, is_guest
from orders.views import OrderView, buyer_history
from shared.storage.models.orders import Order

View = TypeVar("View", bound=OrderView)


class GuestOrderView(OrderView):
    order_token: str = Field(
        description="Grants access to this order for 90 days. Keep it as secret as a password."
    )


def to_guest_view(view: type[View], order: Order, **more: Any) -> View:
    """`more` has the fields that the view adds to OrderView's."""
    guest_id = find_guest_id(order) or order.buyer_id
    is_linked = not is_guest(order.buyer_id)
    return view.from_model(
        order,
        history=list(buyer_history(order, guest_id)),
        version=int(order.version) - is_linked,  # linking is a change that the guest does not see
        **more,
    )
