"""The catalog: what is sold, and how many there are."""

from products import repository
from products.catalog import CatalogQuery, list_product
from products.schemas import Available, NewProduct, ProductView, StockCount, StockView
from shared import clock, ids
from shared.errors import ProductNotFound
from shared.models import Product
from shared.schemas import Page
from shared.transactions import Transaction

ACTIONS_PER_IMPORTED_PRODUCT = 2  # of the 100 that a transaction may have: catalog item and stock


class ImportedProduct(NewProduct):
    """A row of an import: a product under the rules of the API, and how many of it there are."""

    available: Available


def create(new: NewProduct) -> ProductView:
    """Raises SkuTaken. The product has no stock until it is set."""
    product = _product_of(new)
    repository.add(product)
    return ProductView.of(product, available=0)


def stage_import(transaction: Transaction, row: ImportedProduct) -> None:
    """Upsert by SKU, in the caller's transaction. What the row leaves out is left as it is."""
    unsaid = NewProduct.model_fields.keys() - row.model_fields_set
    repository.stage_upsert(transaction, _product_of(row), row.available, unsaid=unsaid)


def view(product_id: str) -> ProductView:
    """Raises ProductNotFound."""
    product = repository.find(product_id)
    if product is None:
        raise ProductNotFound("There is no such product.")
    return ProductView.of(product, repository.available(product_id))


def browse(query: CatalogQuery) -> Page[ProductView]:
    """Raises InvalidCursor."""
    page = query.run()
    available = repository.available_of([product.product_id for product in page.products])
    views = [ProductView.of(product, available[product.product_id]) for product in page.products]
    return Page(items=views, next_cursor=page.next_cursor)


def count_stock(product_id: str, count: StockCount) -> StockView:
    """Raises ProductNotFound."""
    stock = repository.set_stock(product_id, count.available, reason=count.reason)
    return StockView(
        product_id=product_id, available=int(stock.available), version=int(stock.version)
    )


def _product_of(new: NewProduct) -> Product:
    now = clock.utc_now()
    product = Product(
        product_id=ids.derived_id("prd", new.sku),
        sku=new.sku,
        name=new.name,
        description=new.description,
        category=new.category,
        price_minor=new.price.amount_minor,
        currency=new.price.currency,
        status="active",
        tags=new.tags,
        attributes_json=new.attributes,
        created_at=now,
        updated_at=now,
        version=1,
    )
    list_product(product)
    return product
