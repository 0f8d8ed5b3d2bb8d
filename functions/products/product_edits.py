"""What an edit makes of a product: its next version, and the event that describes it."""

import json
from collections.abc import Mapping
from typing import Any

from products import identifiers, listing_keys
from products.schemas import STORED_AS, NewProduct, to_attributes, to_request
from shared import clock
from shared.config import CatalogSettings, settings
from shared.errors.catalog import CurrencyInUse, CurrencyNotAccepted
from shared.events.catalog import (
    ProductArchived,
    ProductCreated,
    ProductCreatedData,
    ProductUpdated,
    ProductUpdatedData,
)
from shared.http.schemas import apply_merge_patch, validate
from shared.storage.models.catalog import UNTRACKED, Product
from shared.storage.stock_shards import StockSnapshot


def product_from_request(new: NewProduct, before: Product | None = None) -> Product:
    """The item that `new` describes: the first version, or the one after `before`.

    Without a status, it keeps that of `before`, which may be one that only newer code knows. Raises
    CurrencyNotAccepted.
    """
    if before is None or before.currency != new.price.currency:
        _require_accepted_currency(new.price.currency)
    now = clock.utc_now()
    product = Product(
        product_id=before.product_id if before else identifiers.product_id_of(new.sku),
        **to_attributes(new),
        created_at=before.created_at if before else now,
        updated_at=now,
        version=int(before.version) + 1 if before else 1,
    )
    if before:
        product.pictures, product.pictures_version = before.pictures, before.pictures_version
        product.sku = before.sku  # in the spelling that it was created with
        if "status" not in new.model_fields_set:
            product.status = before.status
    set_status_keys(product)
    return product


def _require_accepted_currency(currency: str) -> None:
    accepted = settings(CatalogSettings).accepted_currencies
    if accepted is not None and currency not in accepted:
        raise CurrencyNotAccepted(
            f"The shop has no prices in {currency}. Use {' or '.join(accepted)}.",
            currency=currency,
            accepted=accepted,
        )


def apply_changes(before: Product, changes: Mapping[str, Any]) -> NewProduct:
    """The product after a merge patch of these fields. Raises InvalidFields."""
    fields = to_request(before)
    if "status" not in changes:
        del fields["status"]
    return validate(NewProduct, apply_merge_patch(fields, changes))


def set_status_keys(product: Product) -> None:
    """Set the keys of the index that staff list products by."""
    product_id = product.product_id
    shard = listing_keys.shard_of(product_id)
    product.status_shard = listing_keys.status_shard(product.status, shard)
    product.listed_at = listing_keys.newest_key(product.created_at, product_id)


def require_currency_unused(before: Product, after: Product, stock: StockSnapshot) -> None:
    """Refuse another currency while open orders have units allocated. Raises CurrencyInUse."""
    if before.currency != after.currency and stock.allocated:
        raise CurrencyInUse(currency=before.currency, product_id=before.product_id)


def changed_backorders_max(before: Product, after: Product) -> int | None:
    """The units that may be sold beyond the stock, if an edit changes what orders require of it.

    None if it does not, and for a product whose stock is not counted from now on: orders that are
    under way may still take units.
    """
    is_same = (before.stock_policy, before.backorders_max) == (
        after.stock_policy,
        after.backorders_max,
    )
    return None if is_same or after.stock_policy == UNTRACKED else after.backorders_max


def changed_fields(before: Product, after: Product) -> list[str]:
    """The names, as clients know them, of the fields that have new values."""
    return [name for name, attribute in STORED_AS.items() if _is_changed(before, after, attribute)]


def _is_changed(before: Product, after: Product, attribute: str) -> bool:
    old, new = getattr(before, attribute), getattr(after, attribute)
    if attribute == "attributes_json":  # in JSON, true differs from 1 and 1 from 1.0
        old, new = json.dumps(old, sort_keys=True), json.dumps(new, sort_keys=True)
    return bool(old != new)


def product_created_event(product: Product) -> ProductCreated:
    return ProductCreated(
        data=ProductCreatedData(product_id=product.product_id, sku=product.sku, group=product.group)
    )


def product_updated_event(
    before: Product, after: Product, changed: list[str]
) -> ProductUpdated | ProductArchived:
    data = ProductUpdatedData(
        product_id=after.product_id,
        sku=after.sku,
        group=after.group,
        changed=changed,
        previous_group=before.group if before.group != after.group else None,
    )
    if "status" in changed and after.status == "archived":
        return ProductArchived(data=data)
    return ProductUpdated(data=data)
