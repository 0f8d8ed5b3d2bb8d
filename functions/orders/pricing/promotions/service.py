"""Promotions: staff create them and change them; placed orders count their uses."""

from typing import Any

from orders.pricing.promotions import repository
from orders.pricing.promotions.schemas import (
    ChangedPromotion,
    NewPromotion,
    PromotionPatch,
    to_request,
)
from shared import clock, ids, observability
from shared.errors.requests import ConcurrentModification
from shared.http.etags import ExpectedVersion
from shared.http.schemas import apply_merge_patch, validate
from shared.retries import EDIT_ATTEMPTS, retry, retry_on_stale_version
from shared.storage.cursors import ItemPage
from shared.storage.models.pricing import PROMOTIONS, Promotion


def get_promotion(code: str) -> Promotion:
    """The code may be in upper or lower case. Raises PromotionNotFound."""
    return repository.get_promotion(code.upper())


def list_promotions(*, limit: int, cursor: str | None, staff_id: str) -> ItemPage[Promotion]:
    """Newest first. Raises InvalidCursor."""
    return repository.list_promotions(limit=limit, cursor=cursor, staff_id=staff_id)


def create_promotion(request: NewPromotion, *, by: str) -> Promotion:
    """Raises PromotionCodeTaken, AutomaticPromotionLimit and ConcurrentModification."""
    promotion = _promotion_from(request)
    retry(
        lambda: repository.create_promotion(promotion, by=by),
        on=(ConcurrentModification,),
        attempts=EDIT_ATTEMPTS,
    )
    observability.audit("create_promotion", "done", user_id=by, promotion_code=promotion.code)
    return promotion


def update_promotion(
    code: str, changes: PromotionPatch, expected: ExpectedVersion, *, by: str
) -> Promotion:
    """Apply a JSON merge patch (RFC 7396). Uses that are counted at the same moment are kept.

    Raises PromotionNotFound, StaleVersion, ConcurrentModification, AutomaticPromotionLimit, and
    InvalidFields when the result is not a valid promotion.
    """
    patch = changes.model_dump(exclude_unset=True)
    return retry_on_stale_version(
        lambda: _update_once(code, patch, expected, by=by),
        expected,
        also_on=(ConcurrentModification,),
    )


def _update_once(
    code: str, patch: dict[str, object], expected: ExpectedVersion, *, by: str
) -> Promotion:
    before = get_promotion(code)
    expected.check(before.version)
    after = _promotion_from(
        validate(ChangedPromotion, apply_merge_patch(to_request(before), patch)), before
    )
    changed = repository.changed_fields(before, after)
    if not changed:
        return before
    repository.update_promotion(before, after, by=by)
    observability.audit(
        "update_promotion",
        "done",
        user_id=by,
        promotion_code=after.code,
        changed=" ".join(changed),
        version=str(after.version),
    )
    return after


def _promotion_from(request: NewPromotion, before: Promotion | None = None) -> Promotion:
    """The promotion to store: its first version, or the one after `before`."""
    created_at = before.created_at if before else clock.utc_now()
    in_currency = request.amount or request.minimum
    code = request.code or _new_code()
    promotion = Promotion(
        PROMOTIONS,
        code,
        listed_at=f"{created_at.isoformat(timespec='microseconds')}#{code}",
        kind=request.kind,
        name=request.name,
        is_automatic=request.is_automatic,
        percent=request.percent,
        amount_minor=request.amount.amount_minor if request.amount else None,
        minimum_minor=request.minimum.amount_minor if request.minimum else None,
        currency=in_currency.currency if in_currency else None,
        applies_to_json=_applies_to(request, before),
        starts_at=request.starts_at,
        ends_at=request.ends_at,
        is_active=request.is_active,
        uses_max=request.uses_max,
        uses_per_customer_max=request.uses_per_customer_max,
        used=before.used if before else 0,
        description=request.description,
        created_at=created_at,
        version=int(before.version) + 1 if before else 1,
    )
    promotion.keep_unknown_of(before)
    return promotion


def _new_code() -> str:
    """Of an automatic promotion, which nobody types."""
    return f"AUTO-{ids.new_id('auto')[5:15].upper()}"


def _applies_to(request: NewPromotion, before: Promotion | None) -> dict[str, Any] | None:
    """With what newer code has stored in it: otherwise the promotion would apply to more."""
    if request.applies_to is None:
        return None
    stored = (before.applies_to_json or {}) if before else {}
    return {**stored, **request.applies_to.model_dump()}
