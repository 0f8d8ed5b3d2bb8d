"""The catalog: what shoppers see of it, and the edits of staff."""

from collections.abc import Callable, Sequence
from typing import get_args

from products import browse_cache, repository
from products.browse_cache import browse_cached
from products.catalog_queries import CatalogQuery
from products.fields import Status
from products.groups.repository import GroupChanged
from products.listing_keys import ListedProduct
from products.named_products import cut_page
from products.product_edits import (
    apply_changes,
    changed_fields,
    product_created_event,
    product_from_request,
    product_updated_event,
)
from products.repository import StockedProduct
from products.schemas import (
    NewProduct,
    ProductPatch,
)
from products.view_parts import other_variants
from products.views import (
    ProductDetail,
    ProductView,
    StaffProductDetail,
    StaffProductView,
)
from shared.catalog_names import sku_key
from shared.errors.catalog import ProductNotFound, SkuImmutable
from shared.http.etags import ExpectedVersion
from shared.http.schemas import Page, fit_view
from shared.retries import retry_on_stale_version
from shared.storage.models.catalog import Product
from shared.storage.stock import StockChanged
from shared.storage.stock_shards import StockSnapshot


def get_product(product_id: str) -> ProductDetail:
    """A product as anyone sees it. Raises ProductNotFound if it is not on sale."""
    product = repository.get_product(product_id)
    if product.status != "active":
        raise ProductNotFound
    found = repository.get_stock_and_group(product)
    return ProductDetail.from_model(
        product,
        found.stock.available,
        variants=other_variants(product, found.group, only_active=True),
    )


def list_products(query: CatalogQuery) -> Page[ProductView]:
    """Raises InvalidCursor."""

    def load(limit: int) -> Page[ProductView]:
        if query.names:
            named, next_cursor = _read_named(query, limit)
            items = [
                ProductView.from_model(found.product, found.stock.available)
                for found in named
                if found.product.status == "active"
            ]
            return Page(items=items, next_cursor=next_cursor)
        page = query.page(limit, query.cursor).run()
        return Page(items=list_views(page.products), next_cursor=page.next_cursor)

    return fit_view(load, query.limit)


def _read_named(
    query: CatalogQuery, limit: int, *, owner: str = ""
) -> tuple[list[StockedProduct], str | None]:
    names, next_cursor = cut_page(query.names, limit, query.cursor, owner=owner)
    found = [product for product in repository.find_stocked_products(names) if product]
    return list({each.product.product_id: each for each in found}.values()), next_cursor


get_cached_product = browse_cached(megabytes=8)(get_product)
list_cached_products = browse_cached(megabytes=16)(list_products)


def list_views(listed: Sequence[ListedProduct]) -> list[ProductView]:
    """The products that are still on sale, with their stock, in the same order."""
    return [
        ProductView.from_model(product, available)
        for product, available in repository.list_products_on_sale(listed)
    ]


def get_staff_product(product_id: str) -> StaffProductDetail:
    """A product as staff see it, whatever its status. Raises ProductNotFound."""
    return _staff_view(repository.get_product(product_id))


def list_staff_products(
    query: CatalogQuery, statuses: Sequence[str] | None, *, staff_id: str
) -> Page[StaffProductView]:
    """The products that the query names, or all, newest first.

    Without `statuses` those with any status. Raises InvalidCursor.
    """

    def load(limit: int) -> Page[StaffProductView]:
        found, next_cursor = (
            _read_named(query, limit, owner=staff_id)
            if query.names
            else _read_by_status(statuses or get_args(Status), limit, query.cursor, owner=staff_id)
        )
        items = [
            StaffProductView.from_stock(each.product, each.stock)
            for each in found
            if not statuses or each.product.status in statuses
        ]
        return Page(items=items, next_cursor=next_cursor)

    return fit_view(load, query.limit)


def _read_by_status(
    statuses: Sequence[str], limit: int, cursor: str | None, *, owner: str
) -> tuple[list[StockedProduct], str | None]:
    page = repository.list_products_by_status(statuses, limit=limit, cursor=cursor, owner=owner)
    return page.products, page.next_cursor


def create_product(new: NewProduct) -> StaffProductDetail:
    """Add a product without stock.

    Raises CurrencyNotAccepted, SkuTaken, OptionsTaken, MixedCurrencies and GroupFull.
    """
    product = product_from_request(new)
    event = product_created_event(product)
    group = retry_on_stale_version(
        lambda: repository.create_product(product, event), also_on=(GroupChanged,)
    )
    browse_cache.forget()
    return StaffProductDetail.from_group(product, StockSnapshot.empty(product.product_id), group)


def replace_product(
    product_id: str, new: NewProduct, expected: ExpectedVersion
) -> StaffProductDetail:
    """Reset the fields that `new` omits to their defaults, but keep an omitted status.

    Raises ProductNotFound, StaleVersion, SkuImmutable, CurrencyInUse, CurrencyNotAccepted,
    OptionsTaken, MixedCurrencies, GroupFull and ConcurrentModification.
    """
    return _edit(product_id, expected, lambda _: new)


def update_product(
    product_id: str, changes: ProductPatch, expected: ExpectedVersion
) -> StaffProductDetail:
    """Merge a patch (RFC 7396) into a product.

    Raises InvalidFields when the merged product breaks a rule, and what `replace_product` raises.
    """
    patch = changes.model_dump(exclude_unset=True)
    return _edit(product_id, expected, lambda before: apply_changes(before, patch))


def archive_product(product_id: str, expected: ExpectedVersion) -> None:
    """Take a product off sale. Raises what `replace_product` raises."""
    _edit(product_id, expected, lambda before: apply_changes(before, {"status": "archived"}))


def _edit(
    product_id: str, expected: ExpectedVersion, revise: Callable[[Product], NewProduct]
) -> StaffProductDetail:
    after = retry_on_stale_version(
        lambda: _edit_once(product_id, expected, revise),
        expected,
        also_on=(GroupChanged, StockChanged),
    )
    browse_cache.forget()
    return _staff_view(after)


def _edit_once(
    product_id: str, expected: ExpectedVersion, revise: Callable[[Product], NewProduct]
) -> Product:
    before = repository.get_product(product_id)
    expected.check(before.version)
    new = revise(before)
    if sku_key(new.sku) != sku_key(before.sku):
        raise SkuImmutable(sku=before.sku)
    after = product_from_request(new, before)
    changed = changed_fields(before, after)
    if not changed:
        return before
    repository.update_product(before, after, product_updated_event(before, after, changed))
    return after


def _staff_view(product: Product) -> StaffProductDetail:
    found = repository.get_stock_and_group(product)
    return StaffProductDetail.from_group(product, found.stock, found.group)
