"""Lambda's entry point for uploads and saved mappings."""

from shared.config import UploadSettings
from shared.http.api import create_api
from shared.http.routers import Routers

ROUTERS = Routers({"/v1/import-mappings": "files.mappings.routes"}, at_once=["files.routes"])

api = create_api(UploadSettings, routers=ROUTERS)
handler = api.resolve
