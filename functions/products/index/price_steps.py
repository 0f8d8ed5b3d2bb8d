"""The other prices of an entry: what a list shows of it where a price range excludes its own. Pure.

A list shows an entry once, and by its own price: that of the cheapest variant in stock. A price
range shows it as the cheapest variant in stock within the range, or the cheapest there if none is
in stock. So each other price of an entry is stored too, with the prices that come before it: if one
of those is in the range, the range shows the entry with that price.
"""

from collections.abc import Iterator, Mapping, Sequence

from products import listing_keys
from shared.records import Record
from shared.storage.models.catalog import Product
from shared.storage.models.listings import Listing


class PriceStep(Record):
    """A price of an entry, and the variant that has it: in stock if one of these is."""

    variant: Product
    is_stocked: bool
    below: int | None  # a lower price that comes before this one; None: no lower one does
    above: int | None = None  # a higher price that does, because it is in stock

    @property
    def amount_minor(self) -> int:
        return int(self.variant.price_minor)


def list_price_steps(variants: Sequence[Product], available: Mapping[str, int]) -> list[PriceStep]:
    """All prices of these variants, the lowest first."""
    best: dict[int, Product] = {}
    for variant in sorted(variants, key=lambda each: (each.created_at, each.product_id)):
        known = best.setdefault(int(variant.price_minor), variant)
        if available[known.product_id] == 0 < available[variant.product_id]:
            best[int(variant.price_minor)] = variant
    prices = sorted(best)
    stocked = [price for price in prices if available[best[price].product_id] > 0]
    steps = []
    for price in prices:
        is_stocked = price in stocked
        lower = [each for each in (stocked if is_stocked else prices) if each < price]
        higher = [] if is_stocked else [each for each in stocked if each > price]
        steps.append(
            PriceStep(best[price], is_stocked, max(lower, default=None), min(higher, default=None))
        )
    return steps


def build_other_prices(
    shown: Listing, variants: Sequence[Product], available: Mapping[str, int]
) -> Iterator[Listing]:
    """The listings of the prices that the entry's own listing in this list does not show."""
    for step in list_price_steps(variants, available):
        if step.below is None and step.above is None:
            continue  # this is what the list shows
        key = listing_keys.price_key(step.amount_minor, shown.entry_id, step.below, step.above)
        yield Listing(
            listing_keys.price_step_partition(shown.partition, step.amount_minor),
            shown.entry_id,
            product_id=step.variant.product_id,
            stock_shards=step.variant.stock_shards,
            price_key=key,
            price_partition=shown.price_partition,
            stocked_price_partition=shown.price_partition if step.is_stocked else None,
        )
