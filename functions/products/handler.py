from typing import Annotated

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.event_handler.openapi.params import Query

from products import service as products
from products.catalog import CATEGORIES_MAX, CatalogQuery, Sort
from products.fields import Category, Status, Tag
from products.schemas import (
    NewProduct,
    ProductDetail,
    ProductPatch,
    ProductView,
    StaffProductDetail,
    StaffProductView,
)
from products.search.routes import routes as search_routes
from products.stock.routes import routes as stock_routes
from shared.config import CatalogSettings, CursorSettings, settings
from shared.http.api import create_api
from shared.http.authorization import anyone, requires
from shared.http.etags import ExpectedVersion
from shared.http.parameters import IfMatch, IfNoneMatch, PageCursor, PageLimit
from shared.http.responses import (
    created_response,
    no_content_response,
    ok_response,
    public_response,
)
from shared.http.schemas import Page
from shared.money import AMOUNT_MINOR_MAX, Currency
from shared.security.permissions import Permission

api = create_api(CursorSettings, CatalogSettings)
api.include_router(search_routes)  # before /v1/products/<product_id>, which has it for an id
api.include_router(stock_routes)
handler = api.resolve

InCategories = Annotated[
    list[Category] | None,
    Query(
        alias="category",
        max_length=CATEGORIES_MAX,
        description="Only products in this category or below it. May be repeated: in any of them.",
    ),
]
WithTag = Annotated[Tag | None, Query(description="Only products with this tag.")]
InStock = Annotated[bool, Query(description="Only what is not sold out.")]
MinPrice = Annotated[
    int | None,
    Query(ge=0, le=AMOUNT_MINOR_MAX, description="In minor units; needs a sort by price."),
]
MaxPrice = Annotated[int | None, Query(ge=0, le=AMOUNT_MINOR_MAX, description="As above.")]
InCurrency = Annotated[
    Currency | None,
    Query(description="Of prices that are asked for or sorted by; else the shop's."),
]
SortedBy = Annotated[
    Sort | None,
    Query(description="`newest` if nothing is said, or `price_asc` where there is a price range."),
]
WithStatus = Annotated[Status, Query(description="Which products.")]


@api.get("/v1/products", tags=["Catalog"])
@anyone
def list_products(  # noqa: PLR0913 (each is a parameter of the query)
    *,
    category: InCategories = None,
    tag: WithTag = None,
    in_stock: InStock = False,
    min_price: MinPrice = None,
    max_price: MaxPrice = None,
    currency: InCurrency = None,
    sort: SortedBy = None,
    limit: PageLimit = 20,
    cursor: PageCursor = None,
    if_none_match: IfNoneMatch = None,
) -> Response[Page[ProductView]]:
    """Browse what is on sale, one of each group of variants: the cheapest that can be had.

    A new product is listed within seconds. What is shown may be some seconds old: `Cache-Control`
    says for how long it is good.
    """
    query = (
        CatalogQuery()
        .where(tag=tag, in_stock=in_stock)
        .where_in(category or [])
        .price_between(min_price, max_price, currency or settings(CatalogSettings).shop_currency)
        .order_by(sort)
        .page(limit, cursor)
    )
    return public_response(products.browse.entry(query), if_none_match=if_none_match)


@api.get("/v1/products/<product_id>", tags=["Catalog"])
@anyone
def get_product(product_id: str, if_none_match: IfNoneMatch = None) -> Response[ProductDetail]:
    """One product that is on sale, with how many there are and its siblings."""
    return public_response(products.view.entry(product_id), if_none_match=if_none_match)


@api.post("/v1/products", status_code=201, tags=["Catalog"])
@requires(Permission.WRITE_PRODUCTS)
def create_product(new: NewProduct) -> Response[StaffProductDetail]:
    """Add a product. Its SKU is its identity: it must be new and never changes."""
    product = products.create(new)
    return created_response(product, version=product.version, location=f"/v1/products/{product.id}")


@api.put("/v1/products/<product_id>", tags=["Catalog"])
@requires(Permission.WRITE_PRODUCTS)
def replace_product(
    product_id: str, new: NewProduct, if_match: IfMatch
) -> Response[StaffProductDetail]:
    """Say all of a product anew. What is left out is what it is by default, its group too.

    Only its status stays, if none is sent. To change some fields, use PATCH.
    """
    product = products.replace(product_id, new, ExpectedVersion.parse(if_match))
    return ok_response(product, version=product.version)


@api.patch("/v1/products/<product_id>", tags=["Catalog"])
@requires(Permission.WRITE_PRODUCTS)
def patch_product(
    product_id: str, changes: ProductPatch, if_match: IfMatch
) -> Response[StaffProductDetail]:
    """Change some of a product: a JSON merge patch (RFC 7396).

    What is left out stays, null removes, `attributes`, `options` and `price` are merged.
    """
    product = products.patch(product_id, changes, ExpectedVersion.parse(if_match))
    return ok_response(product, version=product.version)


@api.delete("/v1/products/<product_id>", status_code=204, tags=["Catalog"])
@requires(Permission.WRITE_PRODUCTS)
def archive_product(product_id: str, if_match: IfMatch) -> Response[None]:
    """Take a product off sale for good, or until its `status` is changed again.

    Nothing of it is deleted: orders and stock movements go on knowing it.
    """
    products.archive(product_id, ExpectedVersion.parse(if_match))
    return no_content_response()


@api.get("/v1/staff/products", tags=["Catalog"])
@requires(Permission.WRITE_PRODUCTS)
def list_products_for_staff(
    status: WithStatus = "draft", limit: PageLimit = 20, cursor: PageCursor = None
) -> Page[StaffProductView]:
    """All products of a status, each variant by itself, newest first, as they are now."""
    return products.inspect_all(status, limit=limit, cursor=cursor, staff_id=api.caller.user_id)


@api.get("/v1/staff/products/<product_id>", tags=["Catalog"])
@requires(Permission.WRITE_PRODUCTS)
def get_product_for_staff(
    product_id: str, if_none_match: IfNoneMatch = None
) -> Response[StaffProductDetail]:
    """One product as it is now, whatever its status, with what is the shop's own affair."""
    product = products.inspect(product_id)
    return ok_response(product, version=product.version, if_none_match=if_none_match)
