"""Operations of buyers, staff, clock and provider on one order or one product, in each start."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from tests.histories import buying, carts, selling
from tests.histories.world import World, create_product
from tests.support.events import queue_event
from tests.support.imports import put_file, upload

PAYMENT_REQUESTS = ("order.refund_requested", "order.void_requested", "order.capture_requested")


@dataclass
class Subject:
    """What the two operations act on."""

    product_id: str
    order_id: str = ""
    payment_id: str = ""
    files: dict[str, Any] = field(default_factory=dict)  # S3 events of uploaded files, by name


Operation = Callable[[World, Subject], None]
Start = Callable[[World], Subject]


# Starts


def _subject(world: World, *, shards: int = 3, units: int | None = 6) -> Subject:
    product_id = create_product("TEA", shards, units, None)
    world.product_ids.append(product_id)
    subject = Subject(product_id)
    for name, price, currency, count in (
        ("more", 1000, "EUR", 9),
        ("dollars", 1000, "USD", 4),
    ):
        upload(f"upl_{name}")
        line = f"TEA,Tea,{price},{currency},{count}\n"
        subject.files[name] = put_file(f"{selling.COLUMNS}\n{line}", f"upl_{name}")
    return subject


def _unpaid(world: World, *, guest: bool = False) -> Subject:
    """No payment is started."""
    subject = _subject(world)
    place = buying.place_as_guest if guest else buying.place
    buyer = "usr_bob@example.com" if guest else "usr_ada"
    order_id = place(world, buyer, {subject.product_id: 2}, "key")
    assert order_id
    subject.order_id = order_id
    return subject


def _order(world: World, *, guest: bool = False) -> Subject:
    subject = _unpaid(world, guest=guest)
    subject.payment_id = buying.start_payment(world, subject.order_id) or ""
    return subject


def _backordered(world: World) -> Subject:
    """One order took all units, and another one more than there are."""
    subject = _subject(world, shards=2, units=2)
    selling.change_policy(world, subject.product_id, "backorder", 5)
    order_id = buying.place(world, "usr_ada", {subject.product_id: 2}, "key")
    assert order_id
    subject.order_id = order_id
    assert buying.place(world, "usr_eve", {subject.product_id: 2}, "late")
    return subject


def _paid(world: World, *, captures: bool, guest: bool = False) -> Subject:
    subject = _order(world, guest=guest)
    world.bank.pay(subject.payment_id, captures=captures)
    buying.deliver_webhook(world)
    return subject


def _shipped(world: World, *, captures: bool) -> Subject:
    subject = _paid(world, captures=captures)
    selling.ship(world, subject.order_id)
    return subject


def _partially_shipped(world: World, *, captures: bool) -> Subject:
    subject = _paid(world, captures=captures)
    selling.ship_units(world, subject.order_id, subject.product_id, 1, "first")
    return subject


def _refund_requested(world: World) -> Subject:
    subject = _paid(world, captures=True)
    selling.refund(world, subject.order_id, 500, "first")
    return subject


def _manually_paid(world: World) -> Subject:
    subject = _order(world)
    selling.mark_paid(world, subject.order_id)
    return subject


ORDERS: Mapping[str, Start] = {
    "unpaid": _unpaid,
    "unpaid of a guest": lambda world: _unpaid(world, guest=True),
    "pending": _order,
    "pending of a guest": lambda world: _order(world, guest=True),
    "captured": lambda world: _paid(world, captures=True),
    "captured of a guest": lambda world: _paid(world, captures=True, guest=True),
    "authorized": lambda world: _paid(world, captures=False),
    "shipped, authorized": lambda world: _shipped(world, captures=False),
    "shipped, captured": lambda world: _shipped(world, captures=True),
    "partially shipped, authorized": lambda world: _partially_shipped(world, captures=False),
    "partially shipped, captured": lambda world: _partially_shipped(world, captures=True),
    "refund requested": _refund_requested,
    "paid manually": _manually_paid,
}
PRODUCTS: Mapping[str, Start] = {
    "never stocked": lambda world: _subject(world, shards=8, units=None),
    "one shard": lambda world: _subject(world, shards=1),
    "with an open order": _order,
    "sold and shipped": lambda world: _shipped(world, captures=True),
    "back-ordered": _backordered,
}


def _carts(world: World) -> Subject:
    """An account and a guest have a cart with the product."""
    subject = _subject(world)
    carts.change_cart(world, "usr_ada", {subject.product_id: 2})
    carts.start_guest_cart(world, {subject.product_id: 3})
    return subject


CARTS: Mapping[str, Start] = {"two carts": _carts}

# Operations


def _pay(captures: bool) -> Operation:
    def pay(world: World, subject: Subject) -> None:
        world.bank.pay(subject.payment_id, captures=captures)
        buying.deliver_webhook(world, -1)

    return pay


def _release(world: World, subject: Subject) -> None:
    world.bank.release(subject.payment_id)
    buying.deliver_webhook(world, -1)


def _refund_in_dashboard(world: World, subject: Subject) -> None:
    world.bank.refund_in_dashboard(subject.payment_id, 700)
    buying.deliver_webhook(world, -1)


def _work(world: World, _: Subject) -> None:
    """The payment worker gets every request that was made so far, done or not."""
    requests = [event for event in world.chain.staged.values() if event["type"] in PAYMENT_REQUESTS]
    if requests:
        event = queue_event("orders.execute_payment_requests", *requests)
        world.chain.invoke("PaymentWorkerFunction", event)


def _anonymize(world: World, _: Subject) -> None:
    buying.delete_account(world, "usr_ada")
    for event in list(world.chain.staged.values()):
        if event["type"] == "user.deleted":
            message = queue_event("orders.anonymize_orders", event)
            world.chain.invoke("OrderAnonymizationFunction", message)


def _expire(world: World, _: Subject) -> None:
    selling.pass_time(world, 31)


def _import(name: str) -> Operation:
    return lambda world, subject: world.chain.invoke("FileImportFunction", subject.files[name])


ON_ORDERS: Mapping[str, Operation] = {
    "buyer cancels": lambda world, on: buying.cancel(world, on.order_id),
    "buyer starts a payment": lambda world, on: buying.pay(world, on.order_id),
    "provider captures": _pay(captures=True),
    "provider authorizes": _pay(captures=False),
    "provider voids": _release,
    "provider refunds": _refund_in_dashboard,
    "worker runs": _work,
    "buyer deletes the account": _anonymize,
    "time to pay ends": _expire,
    "staff mark it paid": lambda world, on: selling.mark_paid(world, on.order_id, "bank"),
    "staff ship": lambda world, on: selling.ship(world, on.order_id),
    "staff ship one": lambda world, on: selling.ship_units(
        world, on.order_id, on.product_id, 1, "one"
    ),
    "staff cancel one": lambda world, on: selling.cancel_units(
        world, on.order_id, on.product_id, 1, "one"
    ),
    "staff cancel the rest": lambda world, on: selling.cancel_units(
        world, on.order_id, None, 0, "rest"
    ),
    "staff change the address": lambda world, on: selling.change_address(
        world, on.order_id, "2 Other Street"
    ),
    "staff give it to an account": lambda world, on: selling.change_buyer(
        world, on.order_id, user_id="usr_eve"
    ),
    "staff give it to a guest": lambda world, on: selling.change_buyer(
        world, on.order_id, email="guest@example.com"
    ),
    "staff deliver": lambda world, on: selling.deliver(world, on.order_id),
    "staff cancel": lambda world, on: selling.cancel(world, on.order_id),
    "staff refund all": lambda world, on: selling.refund(world, on.order_id, None, "all"),
    "staff refund a part": lambda world, on: selling.refund(world, on.order_id, 600, "part"),
    "staff return one": lambda world, on: selling.return_units(
        world, on.order_id, on.product_id, 1, "one"
    ),
    "staff note": lambda world, on: selling.add_note(world, on.order_id, "seen"),
    "staff reshard": lambda world, on: selling.reshard(world, on.product_id, 1),
}
ON_PRODUCTS: Mapping[str, Operation] = {
    "buyer orders": lambda world, on: _buy(world, on, "usr_bob", "b"),
    "guest orders": lambda world, on: _buy(world, on, "usr_eve", "e"),
    "staff add": lambda world, on: selling.adjust(world, on.product_id, 80, "add"),
    "staff remove": lambda world, on: selling.adjust(world, on.product_id, -3, "remove"),
    "staff count": lambda world, on: selling.count(world, on.product_id, 5, exact=False),
    "staff count exactly": lambda world, on: selling.count(world, on.product_id, 4, exact=True),
    "staff make one shard": lambda world, on: selling.reshard(world, on.product_id, 1),
    "staff make five shards": lambda world, on: selling.reshard(world, on.product_id, 5),
    "staff change the currency": lambda world, on: selling.edit(
        world, on.product_id, price={"amount_minor": 900, "currency": "USD"}
    ),
    "staff allow back-orders": lambda world, on: selling.change_policy(
        world, on.product_id, "backorder", 3
    ),
    "staff end back-orders": lambda world, on: selling.change_policy(
        world, on.product_id, "tracked"
    ),
    "staff stop counting": lambda world, on: selling.change_policy(
        world, on.product_id, "untracked"
    ),
    "staff rename": lambda world, on: selling.edit(world, on.product_id, name="Green tea"),
    "staff archive": lambda world, on: selling.archive(world, on.product_id),
    "a file counts": _import("more"),
    "a file changes the currency": _import("dollars"),
    "its order is cancelled": lambda world, on: _on_order(world, on, selling.cancel),
    "its order is shipped": lambda world, on: _on_order(world, on, selling.ship),
    "its order comes back": lambda world, on: _on_order(
        world,
        on,
        lambda world, order_id: selling.return_units(world, order_id, on.product_id, 1, "r"),
    ),
}

ON_CARTS: Mapping[str, Operation] = {
    "buyer orders the cart": lambda world, _: _order_cart(world, "1"),
    "another tab orders it": lambda world, _: _order_cart(world, "2"),
    "buyer changes the cart": lambda world, on: carts.change_cart(
        world, "usr_ada", {on.product_id: 1}
    ),
    "buyer empties the cart": lambda world, _: carts.empty_cart(world, "usr_ada"),
    "guest logs in": lambda world, _: carts.merge_carts(world, "usr_ada", _token(world)),
    "guest orders the cart": lambda world, _: _order_guest_cart(world),
    "guest changes the cart": lambda world, on: carts.change_guest_cart(
        world, _token(world), {on.product_id: 1}
    ),
    "buyer deletes the account": _anonymize,
    "staff archive": lambda world, on: selling.archive(world, on.product_id),
}


def _token(world: World) -> str:
    return world.acknowledged.cart_tokens[-1]


def _order_cart(world: World, tab: str) -> None:
    carts.order_cart(world, "usr_ada", tab)


def _order_guest_cart(world: World) -> None:
    carts.order_guest_cart(world, _token(world), "1")


def _buy(world: World, on: Subject, user_id: str, key: str) -> None:
    buying.place(world, user_id, {on.product_id: 2}, key)


def _on_order(world: World, on: Subject, operation: Callable[[World, str], None]) -> None:
    if on.order_id:
        operation(world, on.order_id)
