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
    """Create a promotion with the code that buyers type, or an automatic one.

    Orders can use it at once, or from `starts_at`. At most 20 automatic promotions can be active at
    a time. An automatic promotion has no limits of its uses.
    """
    promotion = promotions.create_promotion(request, by=routes.caller.user_id)
    view = PromotionView.from_model(promotion)
    return created_response(view, version=view.version, location=f"/v1/promotions/{view.code}")


@routes.get("/v1/promotions", tags=["Pricing"])
@requires(Permission.WRITE_PRICING)
def list_promotions(limit: PageLimit = 20, cursor: PageCursor = None) -> Page[PromotionView]:
    """List all promotions with their conditions and uses, newest first.

    The list includes inactive and ended promotions.
    """
    page = promotions.list_promotions(limit=limit, cursor=cursor, staff_id=routes.caller.user_id)
    items = [PromotionView.from_model(promotion) for promotion in page.items]
    return Page(items=items, next_cursor=page.next_cursor)


@routes.get("/v1/promotions/<code>", tags=["Pricing"])
@requires(Permission.WRITE_PRICING)
def get_promotion(code: str, if_none_match: IfNoneMatch = None) -> Response[PromotionView]:
    """Get a promotion, with the number of orders that have used it.

    Each counted use changes the ETag too. But `If-Match` compares only `version`, which a use does
    not change, so uses never cause a 412.
    """
    view = PromotionView.from_model(promotions.get_promotion(code))
    return ok_response(view, version=view.version, if_none_match=if_none_match)


@routes.patch("/v1/promotions/<code>", tags=["Pricing"])
@requires(Permission.WRITE_PRICING)
def update_promotion(
    code: str, changes: PromotionPatch, if_match: IfMatch
) -> Response[PromotionView]:
    """Change some fields of a promotion with a JSON merge patch (RFC 7396).

    Omitted fields keep their values. `null` removes a value. The objects `amount` and `minimum` are
    merged member by member. You cannot change the code, the kind and `is_automatic`, and you cannot
    delete a promotion: to end it, set `is_active` to false.

    If you add `uses_max`, the shop counts uses from then on. If you set `uses_max` to
    the current value of `used` or less, no more orders can use the code. Placed orders keep their
    discount.

    Each counted use changes the ETag too. But `If-Match` compares only `version`, which a use does
    not change, so uses never cause a 412.
    """
    promotion = promotions.update_promotion(
        code, changes, ExpectedVersion.parse(if_match), by=routes.caller.user_id
    )
    view = PromotionView.from_model(promotion)
    return ok_response(view, version=view.version)
