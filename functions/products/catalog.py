"""CatalogQuery: what can be asked of the catalog, which is what an index answers with one Query."""

from dataclasses import dataclass

from shared import cursors
from shared.models import Product

SHOP_LISTING = "shop"  # the one partition of the whole shop's listing


@dataclass(frozen=True, slots=True)
class CatalogPage:
    products: list[Product]
    next_cursor: str | None


@dataclass(frozen=True, slots=True)
class CatalogQuery:
    """Active products, newest first: the whole shop, or one category."""

    limit: int
    category: str | None = None
    cursor: str | None = None

    def run(self) -> CatalogPage:
        """One Query, whatever the size of the catalog. Raises InvalidCursor."""
        index = Product.by_newest if self.category is None else Product.by_category_newest
        found = index.query(
            SHOP_LISTING if self.category is None else self.category,
            scan_index_forward=False,
            limit=self.limit,
            page_size=self.limit,
            last_evaluated_key=cursors.decode(self.cursor, query=self._name),
        )
        products = list(found)
        return CatalogPage(products, cursors.encode(found.last_evaluated_key, query=self._name))

    @property
    def _name(self) -> str:
        return f"catalog by newest in {self.category or '*'}"


def list_product(product: Product) -> None:
    """Give an active product the keys that the browse indexes look for."""
    product.shop_listing = SHOP_LISTING
    product.category_listing = product.category
    product.listed_at = (
        f"{product.created_at.isoformat(timespec='microseconds')}#{product.product_id}"
    )
