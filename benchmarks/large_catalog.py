"""A catalog of any size on moto: copies of one product, as the API and the index worker store it.

The copies go directly into moto's memory, because BatchWriteItem takes minutes for 100,000.
"""

import os
from collections.abc import Callable, Mapping
from typing import Any

from moto.core import DEFAULT_ACCOUNT_ID
from moto.dynamodb.models import dynamodb_backends
from moto.dynamodb.models.dynamo_type import DynamoType, Item, LimitedSizeDict

from products import listing_keys
from products.index.catalog_entries import build_listings
from products.index.repository import get_catalog_entries
from shared.storage.models.catalog import Product, Stock
from shared.storage.models.listings import Listing
from tests.support import shop

CATEGORY = "home"


def fill_catalog(count: int) -> None:
    """Stores this many products in one category, with stock and listings."""
    first = shop.product("TEA-0", available=5, category=CATEGORY)
    (entry,) = get_catalog_entries([first.product_id])
    put_product = _copier(Product, first)
    put_stock = _copier(Stock, Stock.get(first.product_id))
    put_listing = {
        partition.partition("#")[0]: _copier(Listing, listing)
        for partition, listing in build_listings(entry).items()
    }
    for number in range(1, count):
        product_id = f"prd_{number:032}"
        put_product({"product_id": product_id, "sku": f"TEA-{number}"})
        put_stock({"product_id": product_id})
        for partition in listing_keys.partitions_of(product_id, [CATEGORY]):
            put_listing[partition.partition("#")[0]](_listed(product_id, partition, number))


def _listed(product_id: str, partition: str, number: int) -> dict[str, str]:
    price_partition = listing_keys.price_partition(partition, "EUR")
    return {
        "partition": partition,
        "entry_id": product_id,
        "product_id": product_id,
        "newest_key": f"2026-01-01T00:{number:08}#{product_id}",
        "name_key": listing_keys.name_key(f"tea {number}", product_id),
        "price_key": listing_keys.price_key(number, product_id),
        "price_partition": price_partition,
        "stocked_partition": partition,
        "stocked_price_partition": price_partition,
    }


def _copier(
    table: type[Product] | type[Stock] | type[Listing], source: Product | Stock | Listing
) -> Callable[[Mapping[str, str]], None]:
    """A function that stores a copy of the item with other texts in some attributes."""
    backend = dynamodb_backends[DEFAULT_ACCOUNT_ID][os.environ["AWS_DEFAULT_REGION"]]
    stored = backend.get_table(table.Meta.table_name)
    common = {name: DynamoType(value) for name, value in source.to_dynamodb_dict().items()}

    def put(texts: Mapping[str, str]) -> None:
        changed = {name: DynamoType({"S": text}) for name, text in texts.items()}
        attributes: Any = LimitedSizeDict()
        dict.update(
            attributes, {**common, **changed}
        )  # like moto, without measuring the size again
        item = Item(attributes[stored.hash_key_attr], None, {})
        item.attrs = attributes
        if stored.range_key_attr is None:
            stored.items[item.hash_key] = item
            return
        item.range_key = attributes[stored.range_key_attr]
        stored.items[item.hash_key][item.range_key] = item

    return put
