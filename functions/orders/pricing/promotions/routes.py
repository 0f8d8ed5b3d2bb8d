from aws_lambda_powertools.event_handler import Response

from orders.pricing.promotions import service as promotions
from orders.pricing.promotions.schemas import NewPromotion, PromotionPatch, PromotionView
from shared.http.api import Routes
from shared.http.authorization import requires
from shared.http.etags import ExpectedVersion
from shared.http.parameters import IfMatch, IfNoneMatch, PageCursor, PageLimit
from shared.http.responses import created_response, ok_response
from shared.http.schemas import Page
from shared.security.permissions import Permission

routes = Routes()


@routes.post("/v1/promotions", status_code=201, tags=["Pricing"])
@requires(Permission.WRITE_PRICING)
def create_promotion(request: NewPromotion) -> Response[PromotionView]:
    """Create a promotion code.

    Orders can use the code at once, or from `starts_at`.
    """
    promotion = promotions.create_promotion(request, by=routes.caller.user_id)
    view = PromotionView.from_model(promotion)
    return created_response(view, version=view.version, location=f"/v1/promotions/{view.code}")


@routes.get("/v1/promotions", tags=["Pricing"])
@requires(Permission.WRITE_PRICING)
def list_promotions(limit: PageLimit = 20, cursor: PageCursor = None) -> Page[PromotionView]:
    """List all promotions, newest first.

    Inactive and ended promotions are included.
    """
    page = promotions.list_promotions(limit=limit, cursor=cursor, staff_id=routes.caller.user_id)
    items = [PromotionView.from_model(promotion) for promotion in page.items]
    return Page(items=items, next_cursor=page.next_cursor)


@routes.get("/v1/promotions/<code>", tags=["Pricing"])
@requires(Permission.WRITE_PRICING)
def get_promotion(code: str, if_none_match: IfNoneMatch = None) -> Response[PromotionView]:
    """Read a promotion and how often orders have used it.

    The ETag changes with each counted use, too.
    """
    view = PromotionView.from_model(promotions.get_promotion(code))
    return ok_response(view, version=view.version, if_none_match=if_none_match)


@routes.patch("/v1/promotions/<code>", tags=["Pricing"])
@requires(Permission.WRITE_PRICING)
def update_promotion(
    code: str, changes: PromotionPatch, if_match: IfMatch
) -> Response[PromotionView]:
    """Change some fields of a promotion with a JSON merge patch (RFC 7396).

    Omitted fields stay, null removes a field, `amount` and `minimum` are merged. The code and the
    kind cannot change. A promotion cannot be deleted: set `is_active` to false to end it.

    If you add a `uses_max`, uses are counted from then on. If you set it below `used`, nobody can
    use the code again. Placed orders keep their discount. `If-Match` compares only the version,
    so uses in between do not matter.
    """
    promotion = promotions.update_promotion(
        code, changes, ExpectedVersion.parse(if_match), by=routes.caller.user_id
    )
    view = PromotionView.from_model(promotion)
    return ok_response(view, version=view.version)
