"""Products: as anyone browses them, and as staff edit them."""

from typing import Annotated, Any, get_args

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.event_handler.openapi.params import Query

from products import service as products
from products.catalog_queries import CATEGORIES_MAX, NAMES_MAX, PAGE_LIMIT, CatalogQuery, Sort
from products.fields import Category, Sku, Status, Tag
from products.schemas import (
    NewProduct,
    ProductPatch,
)
from products.views import (
    ProductDetail,
    ProductView,
    StaffProductDetail,
    StaffProductView,
)
from shared.config import CatalogSettings, settings
from shared.http.api import Routes
from shared.http.authorization import anyone, requires
from shared.http.etags import ExpectedVersion
from shared.http.parameters import PAGE_LIMIT_MAX, IfMatch, IfNoneMatch, PageCursor
from shared.http.responses import (
    created_response,
    no_content_response,
    ok_response,
    public_response,
)
from shared.http.schemas import Page
from shared.http.text_fields import ProductId
from shared.money import AMOUNT_MINOR_MAX, Currency
from shared.security.permissions import Permission

routes = Routes()


def _names(parameter: str, kind: str, how: str) -> Any:
    return Query(
        alias=parameter,
        max_length=NAMES_MAX,
        description=f"Only the products with these {kind}, in this order. Unknown {kind} are left "
        f"out. Repeat the parameter for several{how}.",
    )


_ENCODED = ", and encode each SKU for a URL: `+` is `%2B`"
WithSkus = Annotated[list[Sku] | None, _names("sku", "SKUs", _ENCODED)]
WithIds = Annotated[list[ProductId] | None, _names("id", "ids", "")]
ListLimit = Annotated[
    int | None,
    Query(
        ge=1,
        le=PAGE_LIMIT_MAX,
        description=f"Maximum number of items in the page. The default is {PAGE_LIMIT}. With `sku` "
        "or `id` the default is all of them.",
    ),
]
InCategories = Annotated[
    list[Category] | None,
    Query(
        alias="category",
        max_length=CATEGORIES_MAX,
        description="Only products in this category or below it. Repeat the parameter to list "
        "products of several categories.",
    ),
]
WithTag = Annotated[Tag | None, Query(description="Only products with this tag.")]
InStock = Annotated[
    bool,
    Query(
        description="Only products that can be ordered now: with available units, on back-order, "
        "or `untracked`."
    ),
]


def _price_bound(bound: str) -> Any:
    return Query(
        ge=0,
        le=AMOUNT_MINOR_MAX,
        description=f"Only products of this price or {bound}, in minor units of `currency`. "
        "`sort` must then be `price_asc`, which is the default, or `price_desc`.",
    )


MinPrice = Annotated[int | None, _price_bound("more")]
MaxPrice = Annotated[int | None, _price_bound("less")]
InCurrency = Annotated[
    Currency | None,
    Query(
        description="The currency of a price range and of a sort by price. The default is the "
        "shop's currency."
    ),
]
SortedBy = Annotated[
    Sort | None,
    Query(
        description="The order of the list. The default is `newest`; with a price range it is "
        "`price_asc`."
    ),
]
WithStatuses = Annotated[
    list[Status] | None,
    Query(
        alias="status",
        max_length=len(get_args(Status)),
        description="Only products with this status. Repeat the parameter to list products of "
        "several statuses. Without it you get all products.",
    ),
]


@routes.get("/v1/products", tags=["Catalog"])
@anyone
def list_products(  # noqa: PLR0913 (each is a parameter of the query)
    *,
    sku: WithSkus = None,
    product_id: WithIds = None,
    category: InCategories = None,
    tag: WithTag = None,
    in_stock: InStock = False,
    min_price: MinPrice = None,
    max_price: MaxPrice = None,
    currency: InCurrency = None,
    sort: SortedBy = None,
    limit: ListLimit = None,
    cursor: PageCursor = None,
    if_none_match: IfNoneMatch = None,
) -> Response[Page[ProductView]]:
    """List the products on sale, with filters and in the order that you choose.

    A group of variants appears once, as its cheapest variant that can be ordered. With a price
    range, it appears if one of its variants has such a price, as the cheapest of these that can be
    ordered. A new product appears within seconds. The answer can be some seconds old:
    `Cache-Control` says how long you may keep it.

    `sku` and `id` name the products instead: each variant is an item of its own, and no other
    filter or sort applies.
    """
    query = (
        CatalogQuery()
        .named(sku, product_id)
        .where(tag=tag, in_stock=in_stock)
        .where_in(category or [])
        .price_between(min_price, max_price, currency or settings(CatalogSettings).shop_currency)
        .order_by(sort)
        .page(limit, cursor)
    )
    return public_response(products.list_cached_products.entry(query), if_none_match=if_none_match)


@routes.get("/v1/products/<product_id>", tags=["Catalog"])
@anyone
def get_product(product_id: str, if_none_match: IfNoneMatch = None) -> Response[ProductDetail]:
    """Get a product on sale, with its stock and the other variants of its group.

    The answer can be some seconds old: `Cache-Control` says how long you may keep it.
    """
    return public_response(
        products.get_cached_product.entry(product_id), if_none_match=if_none_match
    )


@routes.post("/v1/products", status_code=201, tags=["Catalog"])
@requires(Permission.WRITE_PRODUCTS)
def create_product(new: NewProduct) -> Response[StaffProductDetail]:
    """Add a product to the catalog, and get it with its id.

    Its SKU must be new and can never change. The product has no stock until you set it.
    """
    product = products.create_product(new)
    return created_response(product, version=product.version, location=f"/v1/products/{product.id}")


@routes.put("/v1/products/<product_id>", tags=["Catalog"])
@requires(Permission.WRITE_PRODUCTS)
def replace_product(
    product_id: str, new: NewProduct, if_match: IfMatch
) -> Response[StaffProductDetail]:
    """Replace all fields of a product, and get the changed product.

    Omitted fields, including `group`, are reset to their defaults. Only an omitted `status` keeps
    its value. To change some fields, use PATCH.
    """
    product = products.replace_product(product_id, new, ExpectedVersion.parse(if_match))
    return ok_response(product, version=product.version)


@routes.patch("/v1/products/<product_id>", tags=["Catalog"])
@requires(Permission.WRITE_PRODUCTS)
def update_product(
    product_id: str, changes: ProductPatch, if_match: IfMatch
) -> Response[StaffProductDetail]:
    """Change some fields of a product with a JSON merge patch (RFC 7396).

    Omitted fields keep their values. `null` removes a value. The objects `attributes`, `options`
    and `price` are merged member by member.
    """
    product = products.update_product(product_id, changes, ExpectedVersion.parse(if_match))
    return ok_response(product, version=product.version)


@routes.delete("/v1/products/<product_id>", status_code=204, tags=["Catalog"])
@requires(Permission.WRITE_PRODUCTS)
def archive_product(product_id: str, if_match: IfMatch) -> Response[None]:
    """Take a product off sale without deleting it.

    Orders and stock movements keep their reference to the product. To sell it again, set its
    `status` to `active`.
    """
    products.archive_product(product_id, ExpectedVersion.parse(if_match))
    return no_content_response()


@routes.get("/v1/staff/products", tags=["Catalog"])
@requires(Permission.WRITE_PRODUCTS)
def list_staff_products(
    *,
    sku: WithSkus = None,
    product_id: WithIds = None,
    status: WithStatuses = None,
    limit: ListLimit = None,
    cursor: PageCursor = None,
) -> Page[StaffProductView]:
    """List all products, or those that have one of the given statuses, newest first.

    Each variant of a group is an item of its own. The answer is current, not cached. `sku` and `id`
    name the products instead, which come in the order of the names.
    """
    query = CatalogQuery().named(sku, product_id).page(limit, cursor)
    return products.list_staff_products(query, status, staff_id=routes.caller.user_id)


@routes.get("/v1/staff/products/<product_id>", tags=["Catalog"])
@requires(Permission.WRITE_PRODUCTS)
def get_staff_product(
    product_id: str, if_none_match: IfNoneMatch = None
) -> Response[StaffProductDetail]:
    """Get a product with any status, and the fields that only staff see.

    The answer is current, not cached.
    """
    product = products.get_staff_product(product_id)
    return ok_response(product, version=product.version, if_none_match=if_none_match)
