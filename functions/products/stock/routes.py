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
    """What there is, now. What shoppers see may be some seconds old."""
    view = StockView.from_model(stock.get_stock(product_id))
    return ok_response(view, version=view.version, if_none_match=if_none_match)


@routes.put("/v1/products/<product_id>/stock", tags=["Stock"])
@requires(Permission.WRITE_STOCK)
def set_stock(product_id: str, count: StockCount, if_match: IfMatch) -> Response[StockView]:
    """Say how many units were counted.

    Refused if some were sold since you read the stock: the count would sell them twice.
    `If-Match: *` takes the count for what there is at this moment.
    """
    held = stock.count(product_id, count, ExpectedVersion.parse(if_match), by=routes.caller.user_id)
    view = StockView.from_model(held)
    return ok_response(view, version=view.version)


@routes.patch("/v1/products/<product_id>/stock", tags=["Stock"])
@requires(Permission.WRITE_STOCK)
def adjust_stock(
    product_id: str,
    adjustment: StockAdjustment,
    idempotency_key: IdempotencyKey,
    if_match: OptionalIfMatch = None,
) -> Response[StockView]:
    """Say how many units came in, or went out.

    That is right whatever is sold meanwhile, so no version is asked for. Sent again with the same
    key, it changes nothing more and answers with the stock as it now stands.
    """
    expected = None if if_match is None else ExpectedVersion.parse(if_match)
    adjusted = stock.adjust(
        product_id, adjustment, idempotency_key, expected, by=routes.caller.user_id
    )
    view = StockView.from_model(adjusted.held)
    return ok_response(
        view,
        version=view.version,
        idempotency_replayed="true" if adjusted.is_replay else "false",
    )


@routes.get("/v1/products/<product_id>/stock/movements", tags=["Stock"])
@requires(Permission.WRITE_STOCK)
def list_movements(
    product_id: str, limit: PageLimit = 20, cursor: PageCursor = None
) -> Page[MovementView]:
    """Each change of the stock by staff, newest first. What was sold is in the orders."""
    page = stock.movements(product_id, limit=limit, cursor=cursor, staff_id=routes.caller.user_id)
    return Page(
        items=[MovementView.from_model(it) for it in page.items], next_cursor=page.next_cursor
    )
