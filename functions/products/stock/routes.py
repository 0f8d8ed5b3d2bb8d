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
    """Get the current stock of a product.

    What shoppers see may be some seconds older.
    """
    view = StockView.from_model(stock.get_stock(product_id))
    return ok_response(view, version=view.version, if_none_match=if_none_match)


@routes.put("/v1/products/<product_id>/stock", tags=["Stock"])
@requires(Permission.WRITE_STOCK)
def set_stock(product_id: str, count: StockCount, if_match: IfMatch) -> Response[StockView]:
    """Set the stock of a product to the number of units that you counted.

    Send the version you read in `If-Match`. If units were sold since, you get 412: your count would
    sell them twice. `If-Match: *` skips the check and sets the stock as of this moment.
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
    """Add units to the stock of a product, or remove them.

    The result is right whatever is sold at the same time, so `If-Match` is optional. A retry with
    the same `Idempotency-Key` changes nothing more and returns the current stock;
    `Idempotency-Replayed` says whether that was the case.
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

    Orders record what customers bought.
    """
    page = stock.list_movements(
        product_id, limit=limit, cursor=cursor, staff_id=routes.caller.user_id
    )
    return Page(
        items=[MovementView.from_model(movement) for movement in page.items],
        next_cursor=page.next_cursor,
    )
