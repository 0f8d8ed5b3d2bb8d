"""The shoppers' API: orders of accounts and of guests."""

from shared.config import CursorSettings, GuestSettings
from shared.http.api import create_api
from shared.http.routers import Routers

ROUTERS = Routers(
    {
        "/v1/cart": "orders.carts.routes",
        "/v1/guest": "orders.guests.routes",
        "/v1/guest/cart": "orders.carts.routes",
    },
    at_once=["orders.checkout.routes"],
)

api = create_api(CursorSettings, GuestSettings, routers=ROUTERS)
handler = api.resolve
