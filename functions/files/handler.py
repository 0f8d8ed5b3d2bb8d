"""Lambda's entry point for uploads, saved mappings and exports of products."""

from shared.config import CursorSettings, UploadSettings
from shared.http.api import create_api
from shared.http.routers import Routers

ROUTERS = Routers(
    {
        "/v1/import-mappings": "files.mappings.routes",
        "/v1/product-exports": "files.exports.routes",
    },
    at_once=["files.routes"],
)

api = create_api(CursorSettings, UploadSettings, routers=ROUTERS)
handler = api.resolve
