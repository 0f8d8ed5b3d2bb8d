"""The promotions that staff keep. How often they are used is counted by the orders."""

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


def find(code: str) -> Promotion:
    """As it is now. Raises PromotionNotFound."""
    promotion = Promotion.find(PROMOTIONS, code, consistent=True)
    if promotion is None:
        raise PromotionNotFound("There is no such promotion.")
    return promotion


def newest(*, limit: int, cursor: str | None, for_staff: str) -> ItemPage[Promotion]:
    """All of them, newest first, as they are now. Raises InvalidCursor."""
    return cursors.query_page(
        Promotion.by_newest,
        PROMOTIONS,
        query="promotions",
        owner=for_staff,
        limit=limit,
        cursor=cursor,
        consistent=True,
    )


def add(promotion: Promotion) -> None:
    """Raises PromotionCodeTaken."""
    transaction = Transaction()  # its token tells a lost reply from a code that is taken
    transaction.put(
        promotion,
        only_if=Promotion.code.does_not_exist(),
        otherwise=PromotionCodeTaken("There is a promotion with this code.", code=promotion.code),
    )
    transaction.commit()


def changed_fields(before: Promotion, after: Promotion) -> list[str]:
    return [name for name in _CHANGEABLE if getattr(before, name) != getattr(after, name)]


def change(before: Promotion, after: Promotion) -> None:
    """What differs alone: `used` is the orders' to count. Raises StaleVersion."""
    transaction = Transaction()
    transaction.update(
        Promotion(PROMOTIONS, before.code),
        [*_differences(before, after), Promotion.version.set(after.version)],
        only_if=Promotion.version == before.version,
        otherwise=_stale,
    )
    transaction.commit()


def _differences(before: Promotion, after: Promotion) -> Iterable[Action]:
    for name in changed_fields(before, after):
        attribute, value = getattr(Promotion, name), getattr(after, name)
        yield attribute.remove() if value is None else attribute.set(value)


def _stale(found: Promotion | None) -> StaleVersion:
    return stale_version(found.version if found else 0)
