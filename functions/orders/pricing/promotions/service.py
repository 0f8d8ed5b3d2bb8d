"""Promotion codes, as staff make and change them. Their use is the matter of orders."""

from orders.editing import persistently
from orders.pricing.promotions import repository
from orders.pricing.promotions.schemas import NewPromotion, PromotionPatch, to_request
from shared import clock, observability
from shared.http.etags import ExpectedVersion
from shared.http.schemas import apply_merge_patch, validate
from shared.storage.cursors import ItemPage
from shared.storage.models.pricing import PROMOTIONS, Promotion


def find(code: str) -> Promotion:
    """In upper or lower case. Raises PromotionNotFound."""
    return repository.find(code.upper())


def browse(*, limit: int, cursor: str | None, staff_id: str) -> ItemPage[Promotion]:
    """Newest first. Raises InvalidCursor."""
    return repository.newest(limit=limit, cursor=cursor, for_staff=staff_id)


def create(new: NewPromotion, *, by: str) -> Promotion:
    """Raises PromotionCodeTaken."""
    promotion = _promotion_of(new)
    repository.add(promotion)
    observability.audit("create_promotion", "done", user_id=by, promotion_code=promotion.code)
    return promotion


def patch(code: str, changes: PromotionPatch, expected: ExpectedVersion, *, by: str) -> Promotion:
    """RFC 7396. How often it was used stays as it is, whoever uses it at that moment.

    Raises PromotionNotFound, StaleVersion, ConcurrentModification, and InvalidFields when the outcome
    would be no promotion.
    """
    asked = changes.model_dump(exclude_unset=True)
    return persistently(lambda: _patch_once(code, asked, expected, by=by), expected)


def _patch_once(
    code: str, asked: dict[str, object], expected: ExpectedVersion, *, by: str
) -> Promotion:
    before = find(code)
    expected.check(before.version)
    after = _promotion_of(
        validate(NewPromotion, apply_merge_patch(to_request(before), asked)), before
    )
    changed = repository.changed_fields(before, after)
    if not changed:
        return before
    repository.change(before, after)
    observability.audit(
        "change_promotion",
        "done",
        user_id=by,
        promotion_code=after.code,
        changed=" ".join(changed),
        version=str(after.version),
    )
    return after


def _promotion_of(new: NewPromotion, before: Promotion | None = None) -> Promotion:
    """The item that `new` describes: a first version, or the one after `before`."""
    created_at = before.created_at if before else clock.utc_now()
    in_currency = new.amount or new.minimum
    return Promotion(
        PROMOTIONS,
        new.code,
        listed_at=f"{created_at.isoformat(timespec='microseconds')}#{new.code}",
        kind=new.kind,
        percent=new.percent,
        amount_minor=new.amount.amount_minor if new.amount else None,
        minimum_minor=new.minimum.amount_minor if new.minimum else None,
        currency=in_currency.currency if in_currency else None,
        starts_at=new.starts_at,
        ends_at=new.ends_at,
        is_active=new.is_active,
        uses_max=new.uses_max,
        uses_per_customer_max=new.uses_per_customer_max,
        used=before.used if before else 0,
        description=new.description,
        created_at=created_at,
        version=int(before.version) + 1 if before else 1,
    )
