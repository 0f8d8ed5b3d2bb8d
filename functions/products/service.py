"""The catalog as staff edit it, and as one product is shown."""

import json
from collections.abc import Callable, Sequence
from typing import TypeVar

from products import browse_cache, repository
from products.browse_cache import browse_cached
from products.catalog import CatalogQuery
from products.listing_keys import ListedProduct
from products.repository import GroupChanged
from products.schemas import (
    NewProduct,
    ProductDetail,
    ProductPatch,
    ProductView,
    StaffProductDetail,
    StaffProductView,
    siblings,
    to_request,
)
from shared import clock, ids
from shared.errors.catalog import ProductNotFound, SkuImmutable
from shared.errors.requests import ConcurrentModification, StaleVersion
from shared.events.catalog import (
    ProductArchived,
    ProductCreated,
    ProductCreatedData,
    ProductUpdated,
    ProductUpdatedData,
)
from shared.http.etags import ExpectedVersion
from shared.http.schemas import Page, apply_merge_patch, validate
from shared.storage.models.catalog import Product
from shared.storage.stock import StockChanged, StockSnapshot

TRIES = 5  # at an edit whose group or stock others write at the same time

# What staff say of a product, by the names that clients know.
_FIELDS = {
    "name": "name",
    "description": "description",
    "category": "category",
    "price": "price_minor",
    "currency": "currency",
    "status": "status",
    "tags": "tags",
    "attributes": "attributes_json",
    "group": "group",
    "options": "options_json",
    "stock_shards": "stock_shards",
    "low_stock_at": "low_stock_at",
    "tax_class": "tax_class",
}
Result = TypeVar("Result")


def look_up(product_id: str) -> ProductDetail:
    """As anyone may see it. Raises ProductNotFound for what is not on sale."""
    product = repository.find(product_id)
    if product.status != "active":
        raise ProductNotFound("There is no such product.")
    known = repository.with_stock(product)
    return ProductDetail.from_model(
        product,
        known.held.available,
        siblings=siblings(product, known.group, only_active=True),
    )


def list_page(query: CatalogQuery) -> Page[ProductView]:
    """Raises InvalidCursor."""
    page = query.run()
    return Page(items=shown(page.shown), next_cursor=page.next_cursor)


view = browse_cached(megabytes=8)(look_up)
browse = browse_cached(megabytes=16)(list_page)


def shown(found: Sequence[ListedProduct]) -> list[ProductView]:
    """Those of them that are on sale, with what is available, in that order."""
    return [ProductView.from_model(*it) for it in repository.read_shown(found)]


def inspect(product_id: str) -> StaffProductDetail:
    """As staff see it: as it is now, whatever its status. Raises ProductNotFound."""
    return _staff_view(repository.find(product_id))


def inspect_all(
    status: str, *, limit: int, cursor: str | None, staff_id: str
) -> Page[StaffProductView]:
    """All products of that status, newest first. Raises InvalidCursor."""
    page = repository.with_status(status, limit=limit, cursor=cursor, owner=staff_id)
    return Page(
        items=[StaffProductView.shown(it.product, it.held) for it in page.known],
        next_cursor=page.next_cursor,
    )


def create(new: NewProduct) -> StaffProductDetail:
    """Raises SkuTaken, OptionsTaken and GroupFull. It has no stock until that is set."""
    product = product_of(new)
    group = _persistently(lambda: repository.add(product, product_created_event(product)))
    browse_cache.forget()
    return StaffProductDetail.with_siblings(
        product, StockSnapshot.nothing(product.product_id), group
    )


def replace(product_id: str, new: NewProduct, expected: ExpectedVersion) -> StaffProductDetail:
    """What `new` leaves out becomes what it is by default; only the status stays.

    Raises ProductNotFound, StaleVersion, SkuImmutable, CurrencyInUse, OptionsTaken and GroupFull.
    """

    def replaced(before: Product) -> NewProduct:
        stays = "status" not in new.model_fields_set
        return new.model_copy(update={"status": before.status}) if stays else new

    return _edit(product_id, expected, replaced)


def patch(product_id: str, changes: ProductPatch, expected: ExpectedVersion) -> StaffProductDetail:
    """RFC 7396. Raises InvalidFields when the outcome would be no product, and as `replace`."""
    asked = changes.model_dump(exclude_unset=True)
    return _edit(
        product_id,
        expected,
        lambda before: validate(NewProduct, apply_merge_patch(to_request(before), asked)),
    )


def archive(product_id: str, expected: ExpectedVersion) -> None:
    """Take it off sale; orders and movements still know it. Raises as `replace`."""

    def archived(before: Product) -> NewProduct:
        return validate(NewProduct, {**to_request(before), "status": "archived"})

    _edit(product_id, expected, archived)


def product_of(new: NewProduct, before: Product | None = None) -> Product:
    """The item that `new` describes: a first version, or the one after `before`."""
    now = clock.utc_now()
    product_id = ids.derived_id("prd", new.sku)
    created_at = before.created_at if before else now
    product = Product(
        product_id=product_id,
        sku=new.sku,
        name=new.name,
        description=new.description,
        category=new.category,
        price_minor=new.price.amount_minor,
        currency=new.price.currency,
        status=new.status,
        tags=list(new.tags),
        attributes_json=dict(new.attributes),
        group=new.group,
        options_json=dict(new.options),
        stock_shards=new.stock_shards,
        low_stock_at=new.low_stock_at,
        tax_class=new.tax_class,
        created_at=created_at,
        updated_at=now,
        version=int(before.version) + 1 if before else 1,
    )
    repository.file_under_status(product)
    return product


def changed_fields(before: Product, after: Product) -> list[str]:
    """By the names that clients know."""
    return [name for name, field in _FIELDS.items() if _differ(before, after, field)]


def _differ(before: Product, after: Product, field: str) -> bool:
    one, other = getattr(before, field), getattr(after, field)
    if field == "attributes_json":  # for JSON true is not 1, nor 1.0; for Python they are equal
        one, other = (json.dumps(it, sort_keys=True) for it in (one, other))
    return bool(one != other)


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


def _edit(
    product_id: str, expected: ExpectedVersion, revise: Callable[[Product], NewProduct]
) -> StaffProductDetail:
    after = _persistently(
        lambda: _edit_once(product_id, expected, revise), whatever_it_was=expected.is_any
    )
    browse_cache.forget()
    return _staff_view(after)


def _edit_once(
    product_id: str, expected: ExpectedVersion, revise: Callable[[Product], NewProduct]
) -> Product:
    before = repository.find(product_id)
    expected.check(before.version)
    new = revise(before)
    if new.sku != before.sku:
        raise SkuImmutable("A product keeps its SKU. Create another product.", sku=before.sku)
    after = product_of(new, before)
    changed = changed_fields(before, after)
    if not changed:
        return before
    repository.change(before, after, product_updated_event(before, after, changed))
    return after


def _persistently(write: Callable[[], Result], *, whatever_it_was: bool = False) -> Result:
    """Raises ConcurrentModification when others were faster each time."""
    for _ in range(TRIES):
        try:
            return write()
        except (GroupChanged, StockChanged):
            continue
        except StaleVersion:
            if not whatever_it_was:
                raise
    raise ConcurrentModification("Others are editing this, or buying it by the hundred. Try again.")


def _staff_view(product: Product) -> StaffProductDetail:
    known = repository.with_stock(product)
    return StaffProductDetail.with_siblings(known.product, known.held, known.group)
