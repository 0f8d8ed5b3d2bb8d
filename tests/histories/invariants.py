"""What must hold when a history is over and everything was delivered.

Each function returns one sentence for each broken promise. They read the tables alone, and the
books of the provider and the inbox, so that a wrong model of the shop cannot hide a fault.
"""

import json
from collections import Counter
from collections.abc import Iterator, Mapping
from itertools import pairwise
from typing import Any

from local import order_checks
from local.reconciliation import reconcile
from orders.lifecycle.balances import (
    AUTHORIZED,
    CAPTURED,
    STARTED,
    VOID,
    has_lost_authorization,
    is_fully_claimed,
)
from orders.lifecycle.order_quantities import units_by_product
from orders.lifecycle.transitions import ANONYMIZED, FINISHED, SHIPPING, TRANSITIONS
from shared import aws, clock
from shared.storage.models.accounts import User
from shared.storage.models.catalog import Product, ProductGroup
from shared.storage.models.orders import Order
from shared.storage.models.uploads import Upload
from tests.histories import carts, promotions
from tests.histories.tables import peek, peek_all, plain_items, table_name
from tests.histories.world import World
from tests.local.shops import Shop

Item = Mapping[str, Any]
# How a fault ends that a person must put right: the provider has voided or refused something.
LEFT_TO_STAFF = ("no payment was received", "of the captured amount is not refunded")
EVENT_OF = {  # by status: the event that announces it
    "pending_payment": "order.placed",
    "paid": "order.paid",
    "partially_shipped": "order.partially_shipped",
    "shipped": "order.shipped",
    "delivered": "order.delivered",
    "cancelled": "order.cancelled",
    "expired": "order.expired",
}


class _Tables(Shop):
    """The clients of the functions: making others takes longer than the check."""

    def client(self, service: str) -> Any:
        return aws.client(service)


def list_broken(world: World, *, mails_max: int = 1) -> list[str]:
    """Every broken promise. `mails_max`: for one event, where SES's replies were lost."""
    checks = (
        stock,
        policies,
        held_units,
        orders,
        events,
        money,
        imports,
        groups,
        accounts,
        acknowledged,
        carts.list_broken,
        promotions.list_broken,
        letters,
    )
    broken = [fault for check in checks for fault in check(world)]
    return broken + list(mails(world, mails_max))


def list_broken_now(world: World) -> list[str]:
    """What must hold at any moment, also while events are under way."""
    return [
        fault
        for check in (
            stock,
            policies,
            held_units,
            orders,
            groups,
            acknowledged,
            carts.list_broken,
            promotions.list_broken,
        )
        for fault in check(world)
    ]


def stock(_: World) -> Iterator[str]:
    """I1: units are where movements and orders put them; below 0 only what is back-ordered."""
    stored, explained, missing = _stored_units(), _explained_units(), _missing_units()
    for key in stored.keys() | explained.keys():
        least = -missing.get(key[0], 0) if key[1] == "available" else 0
        if stored[key] != explained[key] or stored[key] < least:
            yield f"I1 {' '.join(key)} is {stored[key]}, explained are {explained[key]}"
    for shard in plain_items(table_name("StockTable")):
        product_id = shard["product_id"].partition("#")[0]
        if shard.get("available", 0) < 0 and product_id not in missing:
            yield f"I1 {shard['product_id']} has {shard['available']} units"


def _missing_units() -> dict[str, int]:
    """Of products that may have been sold beyond their stock: units that orders and staff took.

    At most: what came back since is not subtracted.
    """
    missing = {
        item["product_id"].partition("#")[0]: 0
        for name in ("ProductsTable", "StockTable")
        for item in plain_items(table_name(name))
        if item.get("stock_policy", "tracked") != "tracked" or "backorders_max" in item
    }
    for order in plain_items(table_name("OrdersTable")):
        for line in order["lines"]:
            if line.get("backordered"):
                missing[line["product_id"]] += line["backordered"]
    for movement in plain_items(table_name("StockMovementsTable")):
        if movement["product_id"] in missing and movement["change"] < 0:
            missing[movement["product_id"]] -= movement["change"]
    return missing


def policies(_: World) -> Iterator[str]:
    """A line takes and back-orders units as the policy says that it was placed under."""
    for order in plain_items(table_name("OrdersTable")):
        for line in order["lines"]:
            subject = f"policies: {order['order_id']} has {line['sku']}"
            policy, beyond = line.get("stock_policy", "tracked"), line.get("backordered", 0)
            if policy == "untracked" and json.loads(line.get("allocations", "{}")):
                yield f"{subject}, which took units"
            if not 0 <= beyond <= (line["quantity"] if policy == "backorder" else 0):
                yield f"{subject}, of which {beyond} are back-ordered"


def _stored_units() -> Counter[tuple[str, str]]:
    """By product, in the shards that it has."""
    counts = {
        product["product_id"]: int(product.get("stock_shards", 1))
        for product in plain_items(table_name("ProductsTable"))
    }
    stored = Counter[tuple[str, str]]()
    for shard in plain_items(table_name("StockTable")):
        product_id, _, number = shard["product_id"].partition("#")
        if number != "level" and int(number or 0) < counts[product_id]:
            stored[product_id, "available"] += shard["available"]
            stored[product_id, "allocated"] += shard.get("allocated", 0)
    return stored


def _explained_units() -> Counter[tuple[str, str]]:
    explained = Counter[tuple[str, str]]()
    for movement in plain_items(table_name("StockMovementsTable")):
        explained[movement["product_id"], "available"] += movement["change"]
    for order in plain_items(table_name("OrdersTable")):
        for line in order["lines"]:
            if line.get("stock_policy") == "untracked":
                continue
            kept = line["quantity"] - line.get("returned", 0)
            explained[line["product_id"], "available"] -= kept
            held = sum(json.loads(line.get("allocations", "{}")).values())
            explained[line["product_id"], "allocated"] += held
    return explained


def held_units(_: World) -> Iterator[str]:
    """Each counter of held stock is the sum of what orders have added to it."""
    counted = {
        counter["subject"]: int(counter["units"])
        for counter in plain_items(table_name("AttemptsTable"))
        if counter.get("units")
    }
    explained = Counter[str]()
    for order in plain_items(table_name("OrdersTable")):
        explained.update(json.loads(order.get("holds", "{}")))
    for counter in counted.keys() | explained.keys():
        if counted.get(counter, 0) != explained[counter]:
            yield f"held {counter} is {counted.get(counter, 0)}, not {explained[counter]}"


def reconciliation(world: World) -> Iterator[str]:
    """I1, I5: what `make verify` says, of promotions and of the outbox too."""
    known = _left_to_staff(world)
    for drift in reconcile(_Tables("souk-test", None)).drifts:
        if not (drift.subject in known and drift.fault.endswith(LEFT_TO_STAFF)):
            yield f"verify {drift}"


def orders(world: World) -> Iterator[str]:
    """I5: each order agrees with itself and had only legal statuses."""
    known = _left_to_staff(world)
    for order in plain_items(table_name("OrdersTable")):
        order_id = order["order_id"]
        for fault in order_checks.list_faults(order, clock.utc_now()):
            if not (order_id in known and fault.endswith(LEFT_TO_STAFF)):
                yield f"I5 {order_id}: {fault}"
        had = [step["status"] for step in order["history"] if "event" not in step]
        for before, after in pairwise(had):
            if after not in TRANSITIONS[before]:
                yield f"I5 {order_id} went from {before} to {after}"
        for line in order["lines"]:
            if line.get("returned", 0) > line["quantity"]:
                yield f"I5 {order_id} returned more than it had"


def _left_to_staff(world: World) -> set[str]:
    """The orders of which an alarm says that a person must act."""
    return {
        event["data"]["order_id"]
        for event in world.chain.staged.values()
        if event["type"] in ("order.authorization_voided", "order.refund_failed")
    }


def events(world: World) -> Iterator[str]:
    """I3: each status of each order has one event, and every staged event was on the bus."""
    staged = Counter(
        (event["data"].get("order_id"), event["type"]) for event in world.chain.staged.values()
    )
    for order in peek_all(Order):
        for step in order.history:
            wanted = None if step.event else EVENT_OF.get(step.status)
            count = staged[order.order_id, wanted]
            if wanted and count != 1 and wanted != "order.partially_shipped":
                yield f"I3 {order.order_id} has {count} events {wanted}"
        yield from _parcel_events(world, order)
        yield from _buyers(staged[order.order_id, "order.buyer_changed"], order)
    for event_id, event in world.chain.staged.items():
        if not world.chain.bus.put[event_id]:
            yield f"I3 {event['type']} {event_id} was never published"


def _buyers(events: int, order: Order) -> Iterator[str]:
    """Each change of the buyer has one event, and the last one holds: a guest may get an account.

    The units that an unpaid order holds count as its buyer's.
    """
    given = [step.buyer_id for step in order.history if step.event == "buyer_changed"]
    if events != len(given):
        yield f"I3 {order.order_id} has {events} events of {len(given)} changes of the buyer"
    if given and order.buyer_id != given[-1] and not given[-1].startswith("gst_"):
        yield f"I3 {order.order_id} is given to {given[-1]} and belongs to {order.buyer_id}"
    if order.holds_json and order.own_hold not in order.holds_json:
        yield f"held {order.order_id} does not hold {order.own_hold}"


def _parcel_events(world: World, order: Order) -> Iterator[str]:
    """Each parcel and each cancellation has one event, and the units of the parcels add up."""
    ids = Counter(
        event["data"].get("shipment_id") or event["data"].get("cancellation_id")
        for event in world.chain.staged.values()
        if event["data"].get("order_id") == order.order_id
    )
    whole = [step for step in order.history if step.status == "cancelled" and not step.event]
    cancellations = [] if whole else order.cancellations
    for each in (
        *(parcel.shipment_id for parcel in order.shipments),
        *(cancellation.cancellation_id for cancellation in cancellations),
    ):
        if ids[each] != 1:
            yield f"I3 {order.order_id} has {ids[each]} events of {each}"
    for product_id, units in units_by_product(order).items():
        if units.open < 0 or units.kept < 0:
            yield f"I1 {order.order_id} has {units} of {product_id}"


def money(world: World) -> Iterator[str]:
    """The provider's books agree with the orders, and nothing finished keeps money."""
    for payment_id, payment in world.bank.payments.items():
        order = peek(Order, payment.order_id)
        if order is None:
            yield f"money: {payment_id} belongs to no order"
            continue
        if order.payment is None or order.payment.payment_id != payment_id:
            if payment.status not in (STARTED, VOID):  # a void one was replaced
                yield f"money: {order.order_id} does not know {payment_id}, {payment.status}"
            continue
        yield from _compare_with_books(world, order, payment_id)


def _compare_with_books(world: World, order: Order, payment_id: str) -> Iterator[str]:
    assert order.payment is not None
    subject = f"money: {order.order_id} ({order.status})"
    refunds = [refund for refund in order.refunds if not refund.is_manual]
    back = sum(int(refund.amount_minor) for refund in refunds if refund.status == "succeeded")
    kept, left = int(order.payment.captured_minor) - back, world.bank.left_minor(payment_id)
    if kept != left:
        yield f"{subject} keeps {kept}, the provider's books say {left}"
    if any(refund.status == "requested" for refund in refunds):
        yield f"{subject} waits for a refund"
    if order.status in FINISHED and left and all(each.status != "failed" for each in refunds):
        yield f"{subject} has {left} that nobody pays back"
    is_sold = order.status in SHIPPING and not order.payment.manual_minor
    status = world.bank.payments[payment_id].status
    if status == AUTHORIZED and (is_sold or order.status in FINISHED):
        yield f"{subject} has a payment that is still authorized"
    if status == CAPTURED and not order.payment.captured_minor:
        yield f"{subject} does not know of its capture"


def mails(world: World, mails_max: int) -> Iterator[str]:
    """I4: one mail for each event, and none that contradicts the order."""
    for event_id in world.inbox.list_repeated(mails_max):
        yield f"I4 {world.chain.staged[event_id]['type']} {event_id} was mailed too often"
    for mail in world.inbox.list_contradictions():
        yield f"I4 {mail.event_type} of {mail.order_id} was mailed when {mail.order_status}"
    yield from _missing_mails(world)


def _missing_mails(world: World) -> Iterator[str]:
    """An order whose buyer has an address has the mail of its status, if that is still true."""
    for order in peek_all(Order):
        wanted = EVENT_OF.get(order.status)
        address = order.guest_email or peek(User, order.buyer_id)
        has_no_parcel = bool(order.shipments) and wanted == "order.shipped" and _is_cut(order)
        is_silent = (
            wanted in (None, "order.delivered") or has_no_parcel or not order.totals.total_minor
        )
        # A refund that failed later had claimed everything when the mail was due.
        has_failed_refund = any(refund.status == "failed" for refund in order.refunds)
        is_silent |= wanted == "order.paid" and (
            has_lost_authorization(order) or is_fully_claimed(order) or has_failed_refund
        )
        is_silent |= all(line.returned >= line.quantity for line in order.lines)
        is_given = any(step.event == "buyer_changed" for step in order.history)
        is_told = bool(world.inbox.list_mails(order.order_id, "order.buyer_changed"))
        if is_given and address and order.status not in FINISHED and not is_told:
            yield f"I4 {order.order_id} has another buyer, who was not told"
        if address and not is_silent and not world.inbox.list_mails(order.order_id, str(wanted)):
            yield f"I4 {order.order_id} is {order.status} and nobody was told"


def _is_cut(order: Order) -> bool:
    """The order is shipped because staff cancelled what was left."""
    last = max((each.at for each in order.cancellations), default=order.placed_at)
    return bool(last > order.shipments[-1].at)


def imports(world: World) -> Iterator[str]:
    """I6: each row of each file counts once."""
    for upload_id, rows in world.acknowledged.uploads.items():
        found = peek(Upload, upload_id, "upload")
        if found is None or found.status != "completed":
            yield f"I6 {upload_id} is {found.status if found else 'lost'}"
        elif not found.rows_done == found.written + found.rejected == rows:
            yield f"I6 {upload_id} counts {found.written} + {found.rejected} of {rows} rows"


def groups(_: World) -> Iterator[str]:
    """A group agrees with its products: one currency, and no two with equal options."""
    products = {product.product_id: product for product in peek_all(Product)}
    listed = Counter(
        (group.group, variant.product_id)
        for group in peek_all(ProductGroup)
        for variant in group.variants
    )
    for product in products.values():
        if product.group and listed[product.group, product.product_id] != 1:
            yield f"groups: {product.sku} is not in {product.group}"
    for group in peek_all(ProductGroup):
        members = [products[variant.product_id] for variant in group.variants]
        if len({member.currency for member in members}) > 1:
            yield f"groups: {group.group} has {[(m.sku, m.currency) for m in members]}"
        options = [str(sorted(member.options_json.items())) for member in members]
        if len(set(options)) != len(options):
            yield f"groups: {group.group} has two equal variants"
        for variant, member in zip(group.variants, members, strict=True):
            copied = ("currency", "status", "options_json", "stock_policy")
            if any(getattr(variant, name) != getattr(member, name) for name in copied):
                yield f"groups: {group.group} is behind {member.sku}"


def accounts(_: World) -> Iterator[str]:
    """A deleted account leaves no address, and a confirmed address leaves no guest order.

    An account counts the orders that it has: its deletion tells how many there are to find.
    """
    counts = Counter(order.buyer_id for order in peek_all(Order))
    for user in peek_all(User):
        if user.order_count != counts[user.user_id]:
            yield f"accounts: {user.user_id} counts {user.order_count} of {counts[user.user_id]}"
    confirmed = {user.email: user.user_id for user in peek_all(User) if user.email_verified}
    for order in peek_all(Order):
        is_gone = order.buyer_id.startswith("usr_") and peek(User, order.buyer_id) is None
        if is_gone and order.fingerprint != ANONYMIZED and not order.awaits_anonymization:
            yield f"accounts: {order.order_id} keeps an address of {order.buyer_id}"
        if order.guest_email in confirmed:
            user_id = confirmed[order.guest_email]
            yield f"accounts: {order.order_id} was never linked to {user_id}"


def acknowledged(world: World) -> Iterator[str]:
    """I2, I8: what was answered with yes is stored, once."""
    said = world.acknowledged
    for order_id, total in said.orders.items():
        order = peek(Order, order_id)
        if order is None or order.totals.total_minor != total:
            yield f"I8 {order_id} is lost or has another total"
    for order_id, texts in said.notes.items():
        order = peek(Order, order_id)
        stored = Counter(note.text for note in order.notes) if order else Counter()
        if missing := [text for text in texts if not stored[text]]:
            yield f"I8 {order_id} has no notes {missing}"
    movements = {
        (item["product_id"], item["movement_id"])
        for item in plain_items(table_name("StockMovementsTable"))
    }
    for movement in said.movements - movements:
        yield f"I8 the movement {movement} is lost"
    for user_id in said.deleted_users:
        if peek(User, user_id):
            yield f"I8 {user_id} is not deleted"


def letters(world: World) -> Iterator[str]:
    """I7: nothing is under way or given up."""
    if not world.chain.is_idle:
        yield "I7 something is still under way"
    for name, bodies in world.chain.dead_letters.items():
        if bodies:
            yield f"I7 {len(bodies)} dead letters in {name}: {bodies[0][:300]}"


def losses(world: World) -> Iterator[str]:
    """I7: no stream and no queue has forgotten anything."""
    for part in (*world.chain.streams.values(), *world.chain.queues.values()):
        if part.lost:
            yield f"I7 {part.source.source} lost {part.lost}"
