"""Lambda's entry point for the catalog: routes of products, their search and their stock."""

from products.routes import routes as product_routes
from products.search.routes import routes as search_routes
from products.stock.routes import routes as stock_routes
from shared.config import CatalogSettings, CursorSettings
from shared.http.api import create_api

api = create_api(CursorSettings, CatalogSettings)
api.include_router(search_routes)  # before /v1/products/<product_id>, which matches its path too
api.include_router(product_routes)
api.include_router(stock_routes)
handler = api.resolve
