"""The promotions that staff keep, and the list of the automatic ones.

Orders count the uses, in `orders.checkout.repository`.
"""

from collections.abc import Iterable

from orders.pricing.promotions import automatic
from shared import clock
from shared.errors.promotions import PromotionCodeTaken, PromotionNotFound
from shared.errors.requests import ConcurrentModification, StaleVersion
from shared.http.etags import stale_version
from shared.storage import cursors
from shared.storage.cursors import ItemPage
from shared.storage.models.pricing import AUTOMATIC_PROMOTIONS, PROMOTIONS, Promotion, RateTable
from shared.storage.transactions import Action, Transaction

_CHANGEABLE = (
    "name",
    "percent",
    "amount_minor",
    "minimum_minor",
    "currency",
    "applies_to_json",
    "starts_at",
    "ends_at",
    "is_active",
    "uses_max",
    "uses_per_customer_max",
    "description",
)


def get_promotion(code: str) -> Promotion:
    """A consistent read. Raises PromotionNotFound."""
    promotion = Promotion.find(PROMOTIONS, code, consistent=True)
    if promotion is None:
        raise PromotionNotFound
    return promotion


def list_promotions(*, limit: int, cursor: str | None, staff_id: str) -> ItemPage[Promotion]:
    """All promotions, newest first, read consistently. Raises InvalidCursor."""
    return cursors.query_page(
        Promotion.by_newest,
        PROMOTIONS,
        query="promotions",
        owner=staff_id,
        limit=limit,
        cursor=cursor,
        consistent=True,
    )


def create_promotion(promotion: Promotion, *, by: str) -> None:
    """Raises PromotionCodeTaken, AutomaticPromotionLimit, and ConcurrentModification if somebody
    else changed an automatic promotion at the same moment.
    """
    # A transaction, because its token tells a retry after a lost reply from a code that is taken.
    transaction = Transaction()
    transaction.put(
        promotion,
        only_if=Promotion.code.does_not_exist(),
        otherwise=PromotionCodeTaken(code=promotion.code),
    )
    if promotion.is_automatic:
        _stage_automatic(transaction, promotion, by=by)
    transaction.commit()


def changed_fields(before: Promotion, after: Promotion) -> list[str]:
    return [name for name in _CHANGEABLE if getattr(before, name) != getattr(after, name)]


def update_promotion(before: Promotion, after: Promotion, *, by: str) -> None:
    """Write only the fields that differ, never `used`: orders count it.

    Raises StaleVersion, AutomaticPromotionLimit and ConcurrentModification, as `create_promotion`.
    """
    transaction = Transaction()
    transaction.update(
        Promotion(PROMOTIONS, before.code),
        [*_changes(before, after), Promotion.version.set(after.version)],
        only_if=Promotion.version == before.version,
        otherwise=_stale,
    )
    if after.is_automatic:
        _stage_automatic(transaction, after, by=by)
    transaction.commit()


def _stage_automatic(transaction: Transaction, promotion: Promotion, *, by: str) -> None:
    """Put the promotion into the list that orders read, or take it out if it is not active."""
    before = RateTable.find(AUTOMATIC_PROMOTIONS, consistent=True)
    now = clock.utc_now()
    document = before.document if before else automatic.EMPTY
    listed = RateTable(
        AUTOMATIC_PROMOTIONS,
        document=automatic.replace_in_document(document, promotion, now),
        version=int(before.version) + 1 if before else 1,
        updated_at=now,
        updated_by=by,
    )
    listed.keep_unknown_of(before)
    is_unchanged = (
        RateTable.version == before.version if before else RateTable.name.does_not_exist()
    )
    transaction.put(listed, only_if=is_unchanged, otherwise=ConcurrentModification())


def _changes(before: Promotion, after: Promotion) -> Iterable[Action]:
    for name in changed_fields(before, after):
        attribute, value = getattr(Promotion, name), getattr(after, name)
        yield attribute.remove() if value is None else attribute.set(value)


def _stale(found: Promotion | None) -> StaleVersion:
    return stale_version(found.version if found else 0)
