"""The stock of a product: for staff, and always current."""

from aws_lambda_powertools.event_handler import Response

from products.stock import service as stock
from products.stock.schemas import MovementView, StockAdjustment, StockCount, StockView
from shared.http.api import Routes
from shared.http.authorization import requires
from shared.http.etags import ExpectedVersion
from shared.http.parameters import (
    IdempotencyKey,
    IfMatch,
    IfNoneMatch,
    OptionalIfMatch,
    PageCursor,
    PageLimit,
)
from shared.http.responses import ok_response
from shared.http.schemas import Page
from shared.security.permissions import Permission

routes = Routes()


@routes.get("/v1/products/<product_id>/stock", tags=["Stock"])
@requires(Permission.WRITE_STOCK)
def get_stock(product_id: str, if_none_match: IfNoneMatch = None) -> Response[StockView]:
    """Get how many units of a product are for sale, and how many are allocated to orders.

    The answer is current. Shoppers can see a number that is some seconds old.
    """
    view = StockView.from_model(stock.get_stock(product_id))
    return ok_response(view, version=view.version, if_none_match=if_none_match)


@routes.put("/v1/products/<product_id>/stock", tags=["Stock"])
@requires(Permission.WRITE_STOCK)
def set_stock(product_id: str, count: StockCount, if_match: IfMatch) -> Response[StockView]:
    """Set the stock of a product to the number of units that you counted.

    In `If-Match`, send the ETag that you got when you read the stock. If units were sold since
    then, you get 412, because your count may still include the sold units. `If-Match: *` skips the
    check.
    """
    updated = stock.set_stock(
        product_id, count, ExpectedVersion.parse(if_match), by=routes.caller.user_id
    )
    view = StockView.from_model(updated)
    return ok_response(view, version=view.version)


@routes.patch("/v1/products/<product_id>/stock", tags=["Stock"])
@requires(Permission.WRITE_STOCK)
def adjust_stock(
    product_id: str,
    adjustment: StockAdjustment,
    idempotency_key: IdempotencyKey,
    if_match: OptionalIfMatch = None,
) -> Response[StockView]:
    """Add units to the stock of a product, or remove units from it.

    `If-Match` is optional, because the result is correct even if units are sold at the same time.
    If you send the same `Idempotency-Key` again, nothing more changes and you get the current
    stock. The response header `Idempotency-Replayed` is then `true`.
    """
    expected = None if if_match is None else ExpectedVersion.parse(if_match)
    adjusted = stock.adjust_stock(
        product_id, adjustment, idempotency_key, expected, by=routes.caller.user_id
    )
    view = StockView.from_model(adjusted.stock)
    return ok_response(
        view,
        version=view.version,
        idempotency_replayed="true" if adjusted.is_replay else "false",
    )


@routes.get("/v1/products/<product_id>/stock/movements", tags=["Stock"])
@requires(Permission.WRITE_STOCK)
def list_stock_movements(
    product_id: str, limit: PageLimit = 20, cursor: PageCursor = None
) -> Page[MovementView]:
    """List the changes that staff made to the stock of a product, newest first.

    Sales are not in this list: orders record them.
    """
    page = stock.list_movements(
        product_id, limit=limit, cursor=cursor, staff_id=routes.caller.user_id
    )
    return Page(
        items=[MovementView.from_model(movement) for movement in page.items],
        next_cursor=page.next_cursor,
    )
