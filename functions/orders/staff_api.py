"""The staff's API: orders of all buyers, exports, promotions, and tax and shipping rates."""

from shared.config import CursorSettings, UploadSettings
from shared.http.api import create_api
from shared.http.routers import Routers

ROUTERS = Routers(
    {
        "/v1/exports": "orders.exports.routes",
        "/v1/orders": "orders.fulfilment.routes",
        "/v1/promotions": "orders.pricing.promotions.routes",
        "/v1/shipping-rates": "orders.pricing.rates.routes",
        "/v1/staff/orders": "orders.fulfilment.routes",
        "/v1/staff/orders/*/buyer": "orders.corrections.routes",
        "/v1/staff/orders/*/cancellations": "orders.shipments.routes",
        "/v1/staff/orders/*/shipments": "orders.shipments.routes",
        "/v1/staff/orders/*/shipping-address": "orders.corrections.routes",
        "/v1/tax-rates": "orders.pricing.rates.routes",
    },
    at_once=["orders.fulfilment.routes"],
)

api = create_api(CursorSettings, UploadSettings, routers=ROUTERS)
handler = api.resolve
