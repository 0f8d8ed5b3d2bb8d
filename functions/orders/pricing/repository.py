"""Reads everything that an order's price depends on."""

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any

from orders.pricing.inputs import AppliedCode, PricingInputs, PricingRules, SentCode
from orders.pricing.promotions import automatic, guesses
from orders.pricing.rate_tables import ShippingRates, TaxRates
from shared.storage.dynamo import batch_get
from shared.storage.models.accounts import Attempts
from shared.storage.models.catalog import Product, Stock
from shared.storage.models.pricing import (
    AUTOMATIC_PROMOTIONS,
    PROMOTIONS,
    SHIPPING_RATES,
    TAX_RATES,
    Promotion,
    PromotionUse,
    RateTable,
)

_NO_DESTINATIONS = '{"destinations": []}'
_NO_ZONES = '{"zones": []}'


def get_pricing_inputs(product_ids: Sequence[str], sent: SentCode | None) -> PricingInputs:
    """Read all of it consistently, in one BatchGetItem: a price must not come from a stale replica.

    More than 43 products take a second BatchGetItem. Raises TooManyAttempts for a code after too
    many unknown ones.
    """
    keys: list[Any] = [(Product, product_id) for product_id in product_ids]
    # The first shards, whose keys are those of the products.
    keys += [(Stock, product_id) for product_id in product_ids]
    keys += [(RateTable, name) for name in (TAX_RATES, SHIPPING_RATES, AUTOMATIC_PROMOTIONS)]
    if sent:
        keys.append((Promotion, PROMOTIONS, sent.code))
        keys += [(Attempts, subject) for subject in sent.guesses.subjects]
    if sent and sent.customer_id:
        keys.append((PromotionUse, sent.customer_id, sent.code))
    items = [item for item in batch_get(*keys) if item is not None]
    if sent:
        guesses.require_left(sent.guesses, [item for item in items if isinstance(item, Attempts)])
    products = {item.product_id: item for item in items if isinstance(item, Product)}
    documents = {item.name: item.document for item in items if isinstance(item, RateTable)}
    rules = PricingRules(
        tax_rates=_tax_rates(documents.get(TAX_RATES, _NO_DESTINATIONS)),
        shipping_rates=_shipping_rates(documents.get(SHIPPING_RATES, _NO_ZONES)),
        applied_code=_applied_code(sent.code, items) if sent else None,
        automatic=_automatic(documents.get(AUTOMATIC_PROMOTIONS, automatic.EMPTY)),
    )
    return PricingInputs(products, rules, _available(products, items))


def _available(products: Mapping[str, Product], items: Sequence[object]) -> dict[str, int]:
    """The shards of a stock are about equal: the first one stands for all."""
    return {
        item.product_id: int(item.available * products[item.product_id].stock_shards)
        for item in items
        if isinstance(item, Stock) and item.product_id in products
    }


# The latest document only. Without the cache, parsing 1,000 destinations would take longer than
# the rest of an order.
@lru_cache(maxsize=1)
def _tax_rates(document: str) -> TaxRates:
    return TaxRates.from_document(document)


@lru_cache(maxsize=1)
def _shipping_rates(document: str) -> ShippingRates:
    return ShippingRates.from_document(document)


@lru_cache(maxsize=1)
def _automatic(document: str) -> tuple[Promotion, ...]:
    return automatic.from_document(document)


def _applied_code(code: str, items: Sequence[object]) -> AppliedCode:
    promotion = next((item for item in items if isinstance(item, Promotion)), None)
    used = sum(int(item.used) for item in items if isinstance(item, PromotionUse))
    return AppliedCode(code, promotion, used)
