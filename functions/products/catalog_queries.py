"""CatalogQuery: the lists of products that clients can ask for. An index answers each of them.

A query becomes one DynamoDB Query for each partition, and their pages are merged in order. Each
reads as many items as the page is long, so a page costs the same with a hundred products and with
a million.
"""

from collections.abc import Callable, Sequence
from typing import Literal, Self

from pynamodb.indexes import GlobalSecondaryIndex

from products import listing_keys
from products.index_queries import QueryPage, merge_pages, prepare_query
from products.listing_keys import ListedProduct
from products.named_products import ProductName, list_names
from shared.errors.requests import UnsupportedQuery
from shared.money import AMOUNT_MINOR_MAX
from shared.records import Record
from shared.storage import cursors
from shared.storage.models.listings import Listing
from shared.storage.transactions import Condition

CATEGORIES_MAX = 10  # Queries a page; each is one more that must answer before the page is complete
NAMES_MAX = 50  # one BatchGetItem reads their products, and another one their stock
PAGE_LIMIT = 20  # without a limit
_Position = dict[str, str]
Sort = Literal["newest", "price_asc", "price_desc", "name"]
SUPPORTED = {
    "where": [
        f"one to {NAMES_MAX} SKUs or ids, without a filter or a sort",
        "no filter: the whole shop",
        f"one to {CATEGORIES_MAX} categories, each with everything below it",
        "one tag",
    ],
    "and": ["in_stock", "min_price and max_price in one currency, with a sort by price"],
    "sort": ["newest", "price_asc", "price_desc", "name"],
}


class CatalogPage(Record):
    products: list[ListedProduct]
    next_cursor: str | None


class _Order(Record):
    """An order of the listings: its index, and a sparse index with only what is in stock."""

    all: GlobalSecondaryIndex[Listing]
    stocked: GlobalSecondaryIndex[Listing]
    key: str
    ascending: bool
    partition: str = "partition"  # the index's hash key; in the sparse index stocked_<partition>

    @property
    def is_by_price(self) -> bool:
        return self.partition == "price_partition"


_CHEAPEST = _Order(
    Listing.by_price,
    Listing.stocked_by_price,
    "price_key",
    ascending=True,
    partition="price_partition",
)
_ORDERS: dict[Sort, _Order] = {
    "newest": _Order(Listing.by_newest, Listing.stocked_by_newest, "newest_key", ascending=False),
    "name": _Order(Listing.by_name, Listing.stocked_by_name, "name_key", ascending=True),
    "price_asc": _CHEAPEST,
    "price_desc": _CHEAPEST.replace(ascending=False),
}


class CatalogQuery(Record):
    """Products on sale, one of each group. Each method returns a narrower query.

    The methods raise UnsupportedQuery for a query that no index answers.
    """

    categories: tuple[str, ...] = ()
    tag: str | None = None
    in_stock: bool = False
    prices: tuple[int, int] | None = None  # both included
    currency: str = "EUR"
    sort: Sort | None = None
    names: tuple[ProductName, ...] = ()
    limit: int = 20
    cursor: str | None = None

    def __post_init__(self) -> None:
        if self.names and (
            self.categories or self.tag is not None or self.in_stock or self.prices or self.sort
        ):
            raise _unsupported("sku and id name the products themselves. Remove filters and sort.")
        if self.categories and self.tag is not None:
            raise _unsupported("Filter by category or by tag, not by both. Remove one of them.")
        if self.prices and not self._order.is_by_price:
            raise _unsupported(
                "A price range needs a sort by price. Set sort to price_asc or price_desc."
            )

    def named(self, skus: Sequence[str] | None, product_ids: Sequence[str] | None) -> Self:
        """The products with these SKUs or ids, in this order. Without both, all products."""
        names = list_names(skus, product_ids)
        if names is None:
            raise _unsupported("Ask by sku or by id, not by both. Remove one of them.")
        return self.replace(names=names)

    def where(
        self, *, category: str | None = None, tag: str | None = None, in_stock: bool = False
    ) -> Self:
        """Products in that category or below it, or with that tag, and only those in stock."""
        if category is not None:
            return self.where_in([category]).where(tag=tag, in_stock=in_stock)
        return self.replace(tag=tag or self.tag, in_stock=in_stock or self.in_stock)

    def where_in(self, categories: Sequence[str]) -> Self:
        """Products in any of these categories or below."""
        if self.categories:
            raise _unsupported("The query already has categories. Pass all categories at once.")
        distinct = sorted(set(categories))
        if len(distinct) > CATEGORIES_MAX:
            raise _unsupported(f"Too many categories. Filter by at most {CATEGORIES_MAX}.")
        # Nothing is left out: a path does not tell what a category is below, for it may have moved.
        return self.replace(categories=tuple(distinct))

    def price_between(self, low: int | None, high: int | None, currency: str) -> Self:
        """In minor units of that currency, both included. None is no bound."""
        if low is None and high is None:
            return self.replace(currency=currency)
        prices = (low or 0, AMOUNT_MINOR_MAX if high is None else high)
        if prices[0] > prices[1]:
            raise _unsupported("min_price is higher than max_price. Swap them.")
        return self.replace(prices=prices, currency=currency)

    def order_by(self, sort: Sort | None) -> Self:
        """None means the cheapest first with a price range, and else the newest first."""
        return self.replace(sort=sort)

    def page(self, limit: int | None, cursor: str | None = None) -> Self:
        """None means 20 products, or all that the query names."""
        default = NAMES_MAX if self.names else PAGE_LIMIT
        return self.replace(limit=limit or default, cursor=cursor)

    def run(self) -> CatalogPage:
        """One Query for each partition, whatever the size of the catalog. Raises InvalidCursor.

        A product that stays on sale appears once, even if others come and go while a client follows
        the pages: a cursor is a position in the order, not an item. By price, the Queries also read
        the other prices of variants. If these take more than half of the page, it reads once more.
        """
        page, end = self._read(cursors.decode(self.cursor, query=self._signature))
        if end is not None and len(page) < self.limit / 2:
            more, end = self._read(end)
            if len(page) + len(more) > self.limit:
                more = more[: self.limit - len(page)]
                end = self._position_of(more[-1])
            page += more
        next_cursor = cursors.encode(end, query=self._signature)
        return CatalogPage(_distinct_products(page), next_cursor)

    def _read(self, position: cursors.Position | None) -> tuple[list[Listing], _Position | None]:
        """The entries among the next `limit` listings, and where they end if there are more."""
        order = self._order
        found, has_more = merge_pages(
            [self._prepare_query(partition, position) for partition in self._partitions],
            key=lambda listing: str(getattr(listing, order.key)),
            ascending=order.ascending,
            limit=self.limit,
        )
        low, high = self.prices or (0, AMOUNT_MINOR_MAX)
        page = [
            listing
            for listing in found
            if not order.is_by_price or listing_keys.is_shown_price(listing.price_key, low, high)
        ]
        return page, self._position_of(found[-1]) if has_more else None

    def _position_of(self, listing: Listing) -> _Position:
        return {"key": getattr(listing, self._order.key), "entry_id": listing.entry_id}

    @property
    def _order(self) -> _Order:
        return _ORDERS[self.sort or ("price_asc" if self.prices else "newest")]

    @property
    def _partitions(self) -> tuple[str, ...]:
        if self.tag is not None:
            return (listing_keys.tag_partition(self.tag),)
        categories = tuple(map(listing_keys.category_partition, self.categories))
        return categories or listing_keys.shop_partitions()

    @property
    def _signature(self) -> str:
        """What a cursor is valid for: everything but the length of the pages."""
        order = self._order
        currency = self.currency if order.is_by_price else None
        parts = (self._partitions, self.in_stock, self.prices, currency)
        return repr((*parts, order.key, order.ascending))

    def _prepare_query(
        self, partition: str, position: cursors.Position | None
    ) -> Callable[[], QueryPage[Listing]]:
        order = self._order
        by_price = order.is_by_price
        hash_key = listing_keys.price_partition(partition, self.currency) if by_price else partition
        hash_name = f"stocked_{order.partition}" if self.in_stock else order.partition
        if position and by_price:
            partition = listing_keys.stored_partition(partition, position["key"])
        return prepare_query(
            (order.stocked if self.in_stock else order.all).query,
            hash_key,
            self._price_condition,
            after=position
            and {
                hash_name: hash_key,
                order.key: position["key"],
                "partition": partition,
                "entry_id": position["entry_id"],
            },
            ascending=order.ascending,
            limit=self.limit,
        )

    @property
    def _price_condition(self) -> Condition | None:
        if self.prices is None:
            return None
        between: Condition = Listing.price_key.between(*listing_keys.price_range(*self.prices))
        return between


def _unsupported(message: str) -> UnsupportedQuery:
    return UnsupportedQuery(message, can_be_asked=SUPPORTED)


def _distinct_products(page: list[Listing]) -> list[ListedProduct]:
    """One product for each entry. An entry in two partitions has the same position in both."""
    listings = {listing.entry_id: listing for listing in reversed(page)}  # keeps the first
    return [
        ListedProduct(listings[entry_id].product_id, int(listings[entry_id].stock_shards))
        for entry_id in dict.fromkeys(listing.entry_id for listing in page)
    ]
