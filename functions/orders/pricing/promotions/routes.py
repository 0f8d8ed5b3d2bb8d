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


@routes.post("/v1/promotions", status_code=201, tags=["Terms"])
@requires(Permission.WRITE_PRICING)
def create_promotion(new: NewPromotion) -> Response[PromotionView]:
    """Add a promotion code. It is an order's to use from then on, or from `starts_at`."""
    view = PromotionView.from_model(promotions.create(new, by=routes.caller.user_id))
    return created_response(view, version=view.version, location=f"/v1/promotions/{view.code}")


@routes.get("/v1/promotions", tags=["Terms"])
@requires(Permission.WRITE_PRICING)
def list_promotions(limit: PageLimit = 20, cursor: PageCursor = None) -> Page[PromotionView]:
    """All promotions, those that are over too, newest first."""
    page = promotions.browse(limit=limit, cursor=cursor, staff_id=routes.caller.user_id)
    return Page(
        items=[PromotionView.from_model(it) for it in page.items], next_cursor=page.next_cursor
    )


@routes.get("/v1/promotions/<code>", tags=["Terms"])
@requires(Permission.WRITE_PRICING)
def get_promotion(code: str, if_none_match: IfNoneMatch = None) -> Response[PromotionView]:
    """One promotion, with how often it was used. Its ETag changes with each use, too."""
    view = PromotionView.from_model(promotions.find(code))
    return ok_response(view, version=view.version, if_none_match=if_none_match)


@routes.patch("/v1/promotions/<code>", tags=["Terms"])
@requires(Permission.WRITE_PRICING)
def patch_promotion(
    code: str, changes: PromotionPatch, if_match: IfMatch
) -> Response[PromotionView]:
    """Change some of a promotion: a JSON merge patch (RFC 7396). Its code and kind never change.

    What is left out stays, null removes, `amount` and `minimum` are merged. Nothing is deleted:
    with `is_active` false it is over. A `uses_max` where there was none counts orders from then on;
    one below what is used already lets nobody use it any more. Orders that are placed keep their
    discount. `If-Match` asks for the version alone, so uses in the meantime do not matter.
    """
    changed = promotions.patch(
        code, changes, ExpectedVersion.parse(if_match), by=routes.caller.user_id
    )
    view = PromotionView.from_model(changed)
    return ok_response(view, version=view.version)
