"""What staff and the clock do, each as one call."""

from contextlib import suppress
from typing import Any

from orders.checkout import service as checkout
from orders.corrections import service as corrections
from orders.corrections.schemas import BuyerRequest
from orders.fulfilment import service as fulfilment
from orders.fulfilment.schemas import RefundRequest, ReturnRequest, ShipRequest
from orders.shipments import service as shipments
from orders.shipments.schemas import CancellationRequest, NewShipment
from orders.workers.expire_orders import OrdersNotExpired
from products import service as products
from products.schemas import ProductPatch
from products.stock import service as stockroom
from products.stock.schemas import StockAdjustment, StockCount
from shared import ids
from shared.addresses.schemas import Address
from shared.http.etags import ExpectedVersion
from tests.histories.world import STAFF, World
from tests.support import shop
from tests.support.http import sample
from tests.support.imports import put_file, upload

ANY_VERSION = ExpectedVersion(None)
COLUMNS = "sku,name,price_minor,currency,available"


def mark_paid(world: World, order_id: str, reference: str = "cash") -> None:
    world.attempt("mark paid", lambda: fulfilment.mark_order_paid(STAFF, order_id, reference))


def ship(world: World, order_id: str, number: str = "1") -> None:
    request = ShipRequest(carrier="DHL", tracking_number=number)
    world.attempt("ship", lambda: fulfilment.ship_order(STAFF, order_id, request))


def ship_units(world: World, order_id: str, product_id: str, units: int, key: str) -> None:
    """Ship units in a parcel of their own."""
    lines = [{"product_id": product_id, "quantity": units}]
    request = NewShipment.model_validate({"carrier": "DHL", "tracking_number": key, "lines": lines})
    world.attempt("ship units", lambda: shipments.create_shipment(STAFF, order_id, request, key))


def cancel_units(world: World, order_id: str, product_id: str | None, units: int, key: str) -> None:
    """Cancel units that are not shipped; without a product, all of them."""
    lines = [{"product_id": product_id, "quantity": units}] if product_id else None
    request = CancellationRequest.model_validate({"lines": lines})
    world.attempt("cancel units", lambda: shipments.cancel_units(STAFF, order_id, request, key))


def change_address(world: World, order_id: str, line1: str) -> None:
    address = Address.model_validate(shop.ADDRESS | {"line1": line1})
    world.attempt(
        "change the address",
        lambda: corrections.change_address(STAFF, order_id, address, ANY_VERSION),
    )


def change_buyer(world: World, order_id: str, **buyer: str) -> None:
    """`user_id` or `email`."""
    request = BuyerRequest.model_validate(buyer)
    world.attempt(
        "change the buyer",
        lambda: corrections.change_buyer(STAFF, order_id, request, ANY_VERSION),
    )


def deliver(world: World, order_id: str) -> None:
    world.attempt("deliver", lambda: fulfilment.deliver_order(STAFF, order_id))


def cancel(world: World, order_id: str) -> None:
    world.attempt("staff cancel", lambda: checkout.cancel_order(STAFF, order_id, "broken"))


def refund(world: World, order_id: str, minor: int | None, key: str) -> None:
    amount = None if minor is None else {"amount_minor": minor, "currency": "EUR"}
    request = RefundRequest.model_validate({"amount": amount})
    world.attempt("refund", lambda: fulfilment.refund_order(STAFF, order_id, request, key))


def return_units(world: World, order_id: str, product_id: str, units: int, key: str) -> None:
    """The buyer returns units."""
    lines = [{"product_id": product_id, "quantity": units}]
    request = ReturnRequest.model_validate({"lines": lines})
    world.attempt("return", lambda: fulfilment.return_order(STAFF, order_id, request, key))


def add_note(world: World, order_id: str, text: str) -> None:
    if world.attempt("note", lambda: fulfilment.add_order_note(STAFF, order_id, text)):
        world.acknowledged.notes.setdefault(order_id, set()).add(text)


def resend_confirmation(world: World, order_id: str) -> None:
    world.attempt(
        "resend confirmation", lambda: fulfilment.resend_order_confirmation(STAFF, order_id)
    )


def count(world: World, product_id: str, units: int, *, exact: bool) -> None:
    """Set the stock to what was counted; `exact` refuses a count that others have overtaken."""

    def set_stock() -> Any:
        expected = ANY_VERSION
        if exact:
            version = stockroom.get_stock(product_id).version
            expected = ExpectedVersion(frozenset({version}))
        return stockroom.set_stock(
            product_id, StockCount(available=units), expected, by=STAFF.user_id
        )

    world.attempt("count", set_stock)


def adjust(world: World, product_id: str, change: int, key: str) -> None:
    adjustment = StockAdjustment(change=change)
    if world.attempt(
        "adjust",
        lambda: stockroom.adjust_stock(product_id, adjustment, key, None, by=STAFF.user_id),
    ):
        movement = ids.derived_id("mov", product_id, STAFF.user_id, key)
        world.acknowledged.movements.add((product_id, movement))


def edit(world: World, product_id: str, **changes: Any) -> None:
    """Patch a product: its name, price, currency, group, options, status or number of shards."""
    patch = ProductPatch.model_validate(changes)
    name = f"edit {' '.join(sorted(changes))}"
    world.attempt(name, lambda: products.update_product(product_id, patch, ANY_VERSION))


def reshard(world: World, product_id: str, shards: int) -> None:
    edit(world, product_id, stock_shards=shards)


def change_policy(world: World, product_id: str, policy: str, limit: int | None = None) -> None:
    """Sell it as long as units are left, beyond that, or without counting them."""
    edit(world, product_id, stock_policy=policy, backorder_limit=limit)


def archive(world: World, product_id: str) -> None:
    world.attempt("archive", lambda: products.archive_product(product_id, ANY_VERSION))


def import_file(world: World, rows: list[tuple[str, int, str, int]]) -> str:
    """Upload a file of SKU, price, currency and units; the import runs with the next events."""
    upload_id = f"upl_{len(world.acknowledged.uploads)}"
    lines = [f"{sku},The {sku},{price},{currency},{units}" for sku, price, currency, units in rows]
    if world.attempt("upload", lambda: upload(upload_id)) is None:
        return upload_id
    event = put_file("\n".join([COLUMNS, *lines, ""]), upload_id)
    world.acknowledged.uploads[upload_id] = len(rows)
    world.chain.invoke_later("FileImportFunction", event)
    return upload_id


def expire(world: World) -> None:
    """The schedule runs. What a fault keeps from expiring is due again at its next run."""
    with suppress(OrdersNotExpired):
        world.chain.invoke("ExpiryFunction", sample("orders.expire_orders"))


def pass_time(world: World, minutes: int) -> None:
    world.time.advance(minutes=minutes)
    expire(world)
