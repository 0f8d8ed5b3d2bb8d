"""Prices and terms as they stand, and the uses of promotions that orders are counted in."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from orders.pricing.discounts import AppliedCode, used_up, used_up_by_customer
from orders.pricing.quotes import Terms
from orders.pricing.rates.schemas import ShippingRates, TaxRates
from shared.storage.dynamo import batch_get
from shared.storage.models.catalog import Product
from shared.storage.models.orders import Order
from shared.storage.models.pricing import PROMOTIONS, Promotion, PromotionUse, RateTable
from shared.storage.transactions import Transaction


class PromotionChanged(Exception):
    """Staff have changed the promotion since it was read: price the order again."""


@dataclass(frozen=True, slots=True)
class PricingInputs:
    """Those products that exist, and the terms that they are sold at."""

    products: dict[str, Product]
    terms: Terms


def get_pricing_inputs(
    product_ids: Sequence[str], code: str | None, customer_id: str | None
) -> PricingInputs:
    """As it all is now: a price must not come from a stale replica. One BatchGetItem.

    `code` is a promotion's, if one was sent; `customer_id` is whose uses of it count, if known.
    """
    keys: list[Any] = [(Product, it) for it in product_ids]
    keys += [(RateTable, TaxRates.sheet), (RateTable, ShippingRates.sheet)]
    if code:
        keys.append((Promotion, PROMOTIONS, code))
    if code and customer_id:
        keys.append((PromotionUse, customer_id, code))
    found = [it for it in batch_get(*keys) if it is not None]
    products = {it.product_id: it for it in found if isinstance(it, Product)}
    sheets = {it.name: it.document for it in found if isinstance(it, RateTable)}
    terms = Terms(
        tax=_tax_rates(sheets.get(TaxRates.sheet, _NO_TAX)),
        shipping=_shipping_rates(sheets.get(ShippingRates.sheet, _NO_ZONES)),
        presented=_presented(code, found) if code else None,
    )
    return PricingInputs(products, terms)


_NO_TAX = '{"destinations": []}'
_NO_ZONES = '{"zones": []}'


# Of each the last: parsing a thousand destinations takes longer than all else of an order.
@lru_cache(maxsize=1)
def _tax_rates(document: str) -> TaxRates:
    return TaxRates.model_validate_json(document)


@lru_cache(maxsize=1)
def _shipping_rates(document: str) -> ShippingRates:
    return ShippingRates.model_validate_json(document)


def _presented(code: str, found: Sequence[object]) -> AppliedCode:
    promotion = next((it for it in found if isinstance(it, Promotion)), None)
    used = sum(int(it.used) for it in found if isinstance(it, PromotionUse))
    return AppliedCode(code, promotion, used)


def stage_use(transaction: Transaction, order: Order, promotion: Promotion) -> None:
    """Count it where there is a limit: one without is no item that all its orders wait for."""

    def refusal(found: Promotion | None) -> Exception:
        is_as_read = found is not None and found.version == promotion.version
        return used_up(promotion) if is_as_read else PromotionChanged()

    use = order.promotion
    if use and use.is_counted:
        transaction.update(
            Promotion(PROMOTIONS, promotion.code),
            [Promotion.used.add(1)],
            only_if=(Promotion.version == promotion.version)
            & (Promotion.used < promotion.uses_max),
            otherwise=refusal,
        )
    if use and use.counted_for:
        is_left = PromotionUse.used < promotion.uses_per_customer_max
        transaction.update(
            PromotionUse(use.counted_for, promotion.code),
            [PromotionUse.used.add(1)],
            only_if=PromotionUse.used.does_not_exist() | is_left,
            otherwise=used_up_by_customer(promotion),
        )
