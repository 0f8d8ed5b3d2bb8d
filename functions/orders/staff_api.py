"""The staff's API: orders of all buyers, exports, promotions, and tax and shipping rates."""

from orders.exports.routes import routes as export_routes
from orders.fulfilment.routes import routes as fulfilment_routes
from orders.pricing.promotions.routes import routes as promotion_routes
from orders.pricing.rates.routes import routes as rate_routes
from shared.config import CursorSettings, UploadSettings
from shared.http.api import create_api

api = create_api(CursorSettings, UploadSettings)
api.include_router(export_routes)
api.include_router(fulfilment_routes)
api.include_router(promotion_routes)
api.include_router(rate_routes)
handler = api.resolve
