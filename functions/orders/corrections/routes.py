from aws_lambda_powertools.event_handler import Response

from orders.corrections import service as corrections
from orders.corrections.schemas import BuyerRequest
from orders.fulfilment.views import StaffOrderDetail
from shared.addresses.schemas import Address
from shared.http.api import Routes
from shared.http.authorization import requires
from shared.http.etags import ExpectedVersion
from shared.http.parameters import IfMatch
from shared.http.responses import ok_response
from shared.security.permissions import Permission

routes = Routes()


@routes.put("/v1/staff/orders/<order_id>/shipping-address", tags=["Fulfilment"])
@requires(Permission.MANAGE_ORDERS)
def change_order_address(
    order_id: str, request: Address, if_match: IfMatch
) -> Response[StaffOrderDetail]:
    """Send an order to another address. It is possible until a parcel has left.

    The tax becomes that of the new address. If the order would cost another amount there, you get
    409 `total_changed` with both totals, and nothing changes. The shop mails the buyer that the
    address was changed. `history` says who changed it and when, without the addresses.
    """
    order = corrections.change_address(
        routes.caller, order_id, request, ExpectedVersion.parse(if_match)
    )
    view = StaffOrderDetail.from_model(order)
    return ok_response(view, version=view.version)


@routes.put("/v1/staff/orders/<order_id>/buyer", tags=["Fulfilment"])
@requires(Permission.MANAGE_ORDERS)
def change_order_buyer(
    order_id: str, request: BuyerRequest, if_match: IfMatch
) -> Response[StaffOrderDetail]:
    """Give an order to another buyer: an account, or a guest. It is possible until it is paid.

    The new buyer gets a mail and sees the order; the buyer before no longer does, and links of a
    guest before stop working. The address stays: change it with its own route. While a payment is
    started you get 409 `payment_started`. If the new buyer's unpaid orders hold too many units
    with this one, you get 409 `held_stock_limit_reached`.
    """
    order = corrections.change_buyer(
        routes.caller, order_id, request, ExpectedVersion.parse(if_match)
    )
    view = StaffOrderDetail.from_model(order)
    return ok_response(view, version=view.version)
