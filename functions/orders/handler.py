"""The shoppers' API: orders of accounts and of guests."""

from orders.checkout.routes import routes as order_routes
from orders.guests.routes import routes as guest_routes
from shared.config import CursorSettings, GuestSettings
from shared.http.api import create_api

api = create_api(CursorSettings, GuestSettings)
api.include_router(order_routes)
api.include_router(guest_routes)
handler = api.resolve
