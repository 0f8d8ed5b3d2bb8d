"""Lambda's entry point for the catalog: routes of products, their search, categories and stock."""

from shared.config import CatalogSettings, CursorSettings, PictureQueueSettings, PictureSettings
from shared.http.api import create_api
from shared.http.routers import Routers

ROUTERS = Routers(
    {
        "/v1/categories": "products.categories.routes",
        "/v1/products/search": "products.search.routes",
        "/v1/products/*/pictures": "products.pictures.routes",
        "/v1/picture-files": "products.pictures.routes",
    },
    at_once=["products.routes", "products.stock.routes"],
)

api = create_api(
    CursorSettings, CatalogSettings, PictureSettings, PictureQueueSettings, routers=ROUTERS
)
handler = api.resolve
