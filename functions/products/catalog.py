"""CatalogQuery: what can be asked of the catalog, which is what an index answers.

It is compiled to Queries, one for each shelf, which are merged in order. Each reads as many items
as the page is long, so that a page costs the same in a shop of a hundred and of a million.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Literal, Self

from pynamodb.indexes import GlobalSecondaryIndex

from products import listing_keys
from products.index_queries import Found, merge_pages, prepare_query
from products.listing_keys import ListedProduct
from shared.errors.requests import UnsupportedQuery
from shared.money import AMOUNT_MINOR_MAX
from shared.storage import cursors
from shared.storage.models.listings import Listing
from shared.storage.transactions import Condition

CATEGORIES_MAX = 10
Sort = Literal["newest", "price_asc", "price_desc", "name"]
ANSWERABLE = {
    "where": [
        "nothing: the whole shop",
        f"one category, or up to {CATEGORIES_MAX}, each with all below it",
        "one tag",
    ],
    "and": ["in_stock", "min_price and max_price in one currency, with a sort by price"],
    "sort": ["newest", "price_asc", "price_desc", "name"],
}


@dataclass(frozen=True, slots=True)
class CatalogPage:
    shown: list[ListedProduct]
    next_cursor: str | None


@dataclass(frozen=True, slots=True)
class _Order:
    """An order of a shelf: the index that has it, and its sparse twin of what is in stock."""

    all: GlobalSecondaryIndex[Listing]
    stocked: GlobalSecondaryIndex[Listing]
    key: str
    ascending: bool
    shelf: str = "shelf"  # the attribute by which the index has shelves; in the twin, stocked_...

    @property
    def is_of_price(self) -> bool:
        return self.shelf == "price_shelf"


_NEWEST = _Order(Listing.by_newest, Listing.stocked_by_newest, "newest_key", ascending=False)
_NAME = _Order(Listing.by_name, Listing.stocked_by_name, "name_key", ascending=True)
_CHEAPEST = _Order(
    Listing.by_price, Listing.stocked_by_price, "price_key", ascending=True, shelf="price_shelf"
)
_ORDERS: dict[Sort, _Order] = {
    "newest": _NEWEST,
    "name": _NAME,
    "price_asc": _CHEAPEST,
    "price_desc": replace(_CHEAPEST, ascending=False),
}


@dataclass(frozen=True, slots=True)
class CatalogQuery:
    """Products on sale, one of each group. Each method gives a narrower query.

    They raise UnsupportedQuery for what no index answers.
    """

    categories: tuple[str, ...] = ()
    tag: str | None = None
    in_stock: bool = False
    prices: tuple[int, int] | None = None  # both included
    currency: str = "EUR"
    sort: Sort | None = None
    limit: int = 20
    cursor: str | None = None

    def __post_init__(self) -> None:
        if self.categories and self.tag is not None:
            raise _unanswerable("A category and a tag cannot be asked for together.")
        if self.prices and not self._order.is_of_price:
            raise _unanswerable("A price range is shown in the order of price.")

    def where(
        self, *, category: str | None = None, tag: str | None = None, in_stock: bool = False
    ) -> Self:
        """Under that category or below it; or with that tag; and, if so said, not sold out."""
        if category is not None:
            return self.where_in([category]).where(tag=tag, in_stock=in_stock)
        return replace(self, tag=tag or self.tag, in_stock=in_stock or self.in_stock)

    def where_in(self, categories: Sequence[str]) -> Self:
        """Under any of these."""
        if self.categories:
            raise _unanswerable("Name all categories at once: a product under any is shown.")
        distinct = sorted(set(categories))
        if len(distinct) > CATEGORIES_MAX:
            raise _unanswerable(f"At most {CATEGORIES_MAX} categories can be asked for at once.")
        # A parent shows its children: asked for beside it, they would be shown twice.
        roots = [it for it in distinct if not any(it.startswith(f"{its}/") for its in distinct)]
        return replace(self, categories=tuple(roots))

    def price_between(self, low: int | None, high: int | None, currency: str) -> Self:
        """In minor units of that currency, both included; None is no bound."""
        if low is None and high is None:
            return replace(self, currency=currency)
        prices = (low or 0, AMOUNT_MINOR_MAX if high is None else high)
        if prices[0] > prices[1]:
            raise _unanswerable("min_price is above max_price: nothing costs that.")
        return replace(self, prices=prices, currency=currency)

    def order_by(self, sort: Sort | None) -> Self:
        """None is by price where a price range is asked for, else newest first."""
        return replace(self, sort=sort)

    def page(self, limit: int, cursor: str | None = None) -> Self:
        return replace(self, limit=limit, cursor=cursor)

    def run(self) -> CatalogPage:
        """As many Queries as there are shelves, whatever the size of the catalog.

        Raises InvalidCursor. Products that exist throughout are shown once each, whatever comes
        and goes while the pages are followed: a cursor is a place in the order, not an item.
        """
        at = cursors.decode(self.cursor, query=self._name)
        order = self._order
        page, has_more = merge_pages(
            [self._asking(shelf, at) for shelf in self._shelves],
            key=lambda it: str(getattr(it, order.key)),
            ascending=order.ascending,
            limit=self.limit,
        )
        last = {"key": getattr(page[-1], order.key), "unit": page[-1].unit} if has_more else None
        return CatalogPage(_one_of_each_unit(page), cursors.encode(last, query=self._name))

    @property
    def _order(self) -> _Order:
        return _ORDERS[self.sort or ("price_asc" if self.prices else "newest")]

    @property
    def _shelves(self) -> tuple[str, ...]:
        if self.tag is not None:
            return (listing_keys.tag_shelf(self.tag),)
        return (
            tuple(map(listing_keys.category_shelf, self.categories)) or listing_keys.shop_shelves()
        )

    @property
    def _name(self) -> str:
        """What a cursor is bound to: everything but the length of its pages."""
        order = self._order
        currency = self.currency if order.is_of_price else None
        asked = (self._shelves, self.in_stock, self.prices, currency, order.key, order.ascending)
        return repr(asked)

    def _asking(self, shelf: str, at: cursors.Position | None) -> Callable[[], Found[Listing]]:
        order = self._order
        value = listing_keys.price_shelf(shelf, self.currency) if order.is_of_price else shelf
        hash_key = f"stocked_{order.shelf}" if self.in_stock else order.shelf
        index = order.stocked if self.in_stock else order.all
        return prepare_query(
            index.query,
            value,
            self._price_condition,
            after=at
            and {hash_key: value, order.key: at["key"], "shelf": shelf, "unit": at["unit"]},
            ascending=order.ascending,
            limit=self.limit,
        )

    @property
    def _price_condition(self) -> Condition | None:
        if self.prices is None:
            return None
        between: Condition = Listing.price_key.between(*listing_keys.price_range(*self.prices))
        return between


def _unanswerable(message: str) -> UnsupportedQuery:
    return UnsupportedQuery(message, can_be_asked=ANSWERABLE)


def _one_of_each_unit(page: list[Listing]) -> list[ListedProduct]:
    """A unit that stands on two of the shelves has the same place on both."""
    units = {it.unit: it for it in reversed(page)}  # the first of each
    return [
        ListedProduct(units[unit].product_id, int(units[unit].stock_shards))
        for unit in dict.fromkeys(it.unit for it in page)
    ]
