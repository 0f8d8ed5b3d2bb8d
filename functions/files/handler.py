"""Lambda's entry point for uploads."""

from files.routes import routes
from shared.config import UploadSettings
from shared.http.api import create_api

api = create_api(UploadSettings)
api.include_router(routes)
handler = api.resolve
