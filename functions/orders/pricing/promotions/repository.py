"""The promotions that staff keep. Orders count the uses, in `orders.checkout.repository`."""

from collections.abc import Iterable

from shared.errors.orders import PromotionCodeTaken, PromotionNotFound
from shared.errors.requests import StaleVersion
from shared.http.etags import stale_version
from shared.storage import cursors
from shared.storage.cursors import ItemPage
from shared.storage.models.pricing import PROMOTIONS, Promotion
from shared.storage.transactions import Action, Transaction

_CHANGEABLE = (
    "percent",
    "amount_minor",
    "minimum_minor",
    "currency",
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


def create_promotion(promotion: Promotion) -> None:
    """Raises PromotionCodeTaken."""
    # A transaction, because its token tells a retry after a lost reply from a code that is taken.
    transaction = Transaction()
    transaction.put(
        promotion,
        only_if=Promotion.code.does_not_exist(),
        otherwise=PromotionCodeTaken(code=promotion.code),
    )
    transaction.commit()


def changed_fields(before: Promotion, after: Promotion) -> list[str]:
    return [name for name in _CHANGEABLE if getattr(before, name) != getattr(after, name)]


def update_promotion(before: Promotion, after: Promotion) -> None:
    """Write only the fields that differ, never `used`: orders count it. Raises StaleVersion."""
    transaction = Transaction()
    transaction.update(
        Promotion(PROMOTIONS, before.code),
        [*_changes(before, after), Promotion.version.set(after.version)],
        only_if=Promotion.version == before.version,
        otherwise=_stale,
    )
    transaction.commit()


def _changes(before: Promotion, after: Promotion) -> Iterable[Action]:
    for name in changed_fields(before, after):
        attribute, value = getattr(Promotion, name), getattr(after, name)
        yield attribute.remove() if value is None else attribute.set(value)


def _stale(found: Promotion | None) -> StaleVersion:
    return stale_version(found.version if found else 0)
