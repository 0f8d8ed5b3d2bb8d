from typing import Annotated

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.event_handler.openapi.params import Query

from products import service as catalog
from products.catalog import CatalogQuery
from products.schemas import Category, NewProduct, ProductView, StockCount, StockView
from shared.api import PageCursor, PageLimit, create_api, created
from shared.auth import Permission
from shared.callers import anyone, requires
from shared.config import CursorSettings
from shared.schemas import Page

api = create_api(CursorSettings)
handler = api.resolve

InCategory = Annotated[
    Category | None, Query(description="Only products filed under exactly this category.")
]


@api.get("/v1/products", tags=["Catalog"])
@anyone
def list_products(
    limit: PageLimit = 20, cursor: PageCursor = None, category: InCategory = None
) -> Page[ProductView]:
    """Browse the catalog, newest first."""
    return catalog.browse(CatalogQuery(limit=limit, category=category, cursor=cursor))


@api.get("/v1/products/<product_id>", tags=["Catalog"])
@anyone
def get_product(product_id: str) -> ProductView:
    """One product, with how many can be sold."""
    return catalog.view(product_id)


@api.post("/v1/products", status_code=201, tags=["Catalog"])
@requires(Permission.WRITE_PRODUCTS)
def create_product(new: NewProduct) -> Response[ProductView]:
    """Add a product. Its SKU is its identity: it must be new and never changes."""
    product = catalog.create(new)
    return created(product, location=f"/v1/products/{product.id}")


@api.put("/v1/products/<product_id>/stock", tags=["Stock"])
@requires(Permission.WRITE_STOCK)
def set_stock(product_id: str, count: StockCount) -> StockView:
    """Say how many units were counted."""
    return catalog.count_stock(product_id, count)
