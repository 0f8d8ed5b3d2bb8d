"""Placing an order, from the HTTP event to the tables."""

import pytest

from orders.checkout.schemas import LINES_MAX
from orders.handler import handler
from shared.config import OrderSettings
from shared.events.all_events import parse_event
from shared.storage.dynamo import connection
from shared.storage.models.orders import Order
from shared.storage.models.outbox import OutboxRow
from shared.storage.transactions import HOT_ATTEMPTS
from tests.support import pricing, shop
from tests.support.faults import cancelled_transaction, inject_faults
from tests.support.http import ADA, BOB, NOBODY, Answer, send
from tests.support.shop import line

pytestmark = pytest.mark.usefixtures("aws")


def place(lines, *, key="key-1", caller=ADA, **changes) -> Answer:
    body = {"lines": lines, "shipping_address": shop.ADDRESS} | changes
    return send(handler, "orders.place", body=body, headers={"idempotency-key": key}, caller=caller)


def nothing_was_stored() -> bool:
    return Order.count() == 0 and OutboxRow.count() == 0


def test_an_order_is_stored_and_takes_its_stock():
    tea = shop.product("TEA", price_minor=1250, available=10)
    pot = shop.product("POT", price_minor=4900, available=3)

    answer = place([line(tea, 2), line(pot)])

    assert answer.status == 201
    assert answer.headers["Location"] == f"/v1/orders/{answer.body['id']}"
    assert [each["line_total"]["amount_minor"] for each in answer.body["lines"]] == [2500, 4900]
    assert answer.body["totals"]["total"] == {"amount_minor": 7400, "currency": "EUR"}
    assert answer.body["status"] == answer.body["history"][0]["status"] == "pending_payment"
    assert answer.body["shipping_address"]["city"] == "London"
    assert Order.get(answer.body["id"]).buyer_id == ADA.user_id
    assert (shop.available(tea), shop.available(pot)) == (8, 2)


def test_placing_an_order_stages_its_event():
    tea = shop.product("TEA", price_minor=1250, available=10)

    answer = place([line(tea, 2)])

    (row,) = OutboxRow.scan()
    placed = parse_event(row.payload)
    assert (placed.id, placed.type) == (row.event_id, "order.placed")
    assert placed.data.order_id == answer.body["id"]
    assert placed.data.buyer_id == ADA.user_id
    assert placed.data.total.amount_minor == 2500


def test_lines_of_one_product_are_merged():
    tea = shop.product("TEA", available=10)

    answer = place([line(tea, 2), line(tea, 3)])

    assert [each["quantity"] for each in answer.body["lines"]] == [5]
    assert shop.available(tea) == 5


def test_fifty_products_fit_in_one_order():
    products = [shop.product(f"SKU-{n}", available=1) for n in range(LINES_MAX)]

    answer = place([line(product) for product in products])

    assert answer.status == 201
    assert all(shop.available(product) == 0 for product in products)


def test_an_order_above_the_stock_takes_nothing():
    tea = shop.product("TEA", available=10)
    pot = shop.product("POT", available=1)

    answer = place([line(tea), line(pot, 2)])

    assert (answer.status, answer.code) == (409, "out_of_stock")
    assert answer.error["details"]["product_id"] == pot.product_id
    assert (shop.available(tea), shop.available(pot)) == (10, 1)
    assert nothing_was_stored()


def test_a_product_whose_stock_was_never_set_is_out_of_stock():
    answer = place([line(shop.product("TEA"))])

    assert (answer.status, answer.code) == (409, "out_of_stock")


def test_a_refused_order_leaves_its_key_free():
    tea = shop.product("TEA", available=1)
    place([line(tea, 2)])

    answer = place([line(tea, 1)])

    assert (answer.status, answer.headers["Idempotency-Replayed"]) == (201, "false")


def test_an_unknown_product_is_named():
    tea = shop.product("TEA", available=1)

    answer = place([line(tea), {"product_id": "prd_nothing", "quantity": 1}])

    assert (answer.status, answer.code) == (422, "unknown_products")
    assert answer.error["details"]["product_ids"] == ["prd_nothing"]
    assert nothing_was_stored()


def test_an_order_has_one_currency():
    tea = shop.product("TEA", available=1)
    pot = shop.product("POT", available=1, currency="JPY")

    answer = place([line(tea), line(pot)])

    assert (answer.status, answer.code) == (422, "mixed_currencies")
    assert nothing_was_stored()


def test_an_order_above_the_largest_amount_is_refused():
    gold = shop.product("GOLD", available=10_000, price_minor=10**12)

    answer = place([line(gold, 2)])

    assert (answer.status, answer.code) == (422, "amount_too_large")
    assert shop.available(gold) == 10_000


def test_lines_that_add_up_to_too_many_units_are_refused():
    tea = shop.product("TEA", available=20_000)

    answer = place([line(tea, 10_000), line(tea, 1)])

    assert (answer.status, answer.paths) == (422, ["body.lines"])


@pytest.mark.parametrize("quantity", [0, -1, 10_001, 10**30, 1.5, "2", True, None])
def test_a_quantity_is_a_whole_number_from_1_to_10000(quantity):
    tea = shop.product("TEA", available=10)

    answer = place([{"product_id": tea.product_id, "quantity": quantity}])

    assert (answer.status, answer.paths) == (422, ["body.lines.0.quantity"])
    assert shop.available(tea) == 10


@pytest.mark.parametrize(
    ("lines", "path"),
    [
        ([], "body.lines"),
        ([{"product_id": f"prd_{n}", "quantity": 1} for n in range(LINES_MAX + 1)], "body.lines"),
        ("tea", "body.lines"),
        ([{"quantity": 1}], "body.lines.0.product_id"),
        ([{"product_id": 7, "quantity": 1}], "body.lines.0.product_id"),
        ([["prd_tea", 1]], "body.lines.0"),
    ],
    ids=["empty", "over 50", "no list", "no product", "a number for a product", "no object"],
)
def test_invalid_lines_are_refused(lines, path):
    answer = place(lines)

    assert (answer.status, answer.paths) == (422, [path])


def test_a_price_sent_by_the_client_is_refused():
    tea = shop.product("TEA", available=10)

    answer = place([line(tea) | {"unit_price": {"amount_minor": 1, "currency": "EUR"}}])

    assert (answer.status, answer.paths) == (422, ["body.lines.0.unit_price"])
    assert nothing_was_stored()


def test_an_order_uses_the_tax_and_shipping_rates_of_staff():
    tea = shop.product("TEA", price_minor=1000, available=1, tax_class="reduced")
    pricing.store_tax_rates(
        pricing.destination("GB", included=True, rates={"standard": 200_000, "reduced": 50_000})
    )
    pricing.store_shipping_rates(pricing.zone("GB", "IE"))

    answer = place([line(tea)])

    assert (answer.status, answer.body["tax_included"]) == (201, True)
    totals = dict(answer.body["totals"])
    assert [tax["rate_ppm"] for tax in totals.pop("taxes")] == [50_000, 200_000]
    assert {key: amount["amount_minor"] for key, amount in totals.items()} == {
        "items": 1000,
        "discount": 0,
        "shipping": 490,
        "tax": 48 + 82,
        "shipping_tax": 82,
        "total": 1490,
    }
    (sold,) = answer.body["lines"]
    assert (sold["tax"]["amount_minor"], sold["tax_rate_ppm"]) == (48, 50_000)
    assert sold["tax_class"] == "reduced"
    assert Order.get(answer.body["id"]).totals.tax_minor == 130


def test_an_order_outside_the_shipping_zones_is_refused():
    tea = shop.product("TEA", available=1)
    pricing.store_shipping_rates(pricing.zone("DE"))

    answer = place([line(tea)])

    assert (answer.status, answer.code) == (422, "no_shipping_rate")
    assert answer.error["details"] == {"country": "GB", "currency": "EUR"}
    assert (nothing_was_stored(), shop.available(tea)) == (True, 1)


def test_changed_rates_apply_from_the_next_order():
    tea = shop.product("TEA", price_minor=1000, available=2)
    pricing.store_tax_rates(pricing.destination("GB"))
    before = place([line(tea)])
    pricing.store_tax_rates(pricing.destination("GB", rates={"standard": 100_000}))

    after = place([line(tea)], key="key-2")

    assert before.body["totals"]["total"]["amount_minor"] == 1200
    assert after.body["totals"]["total"]["amount_minor"] == 1100


def test_an_order_at_the_quoted_total_is_placed():
    tea = shop.product("TEA", price_minor=1250, available=2)

    answer = place([line(tea, 2)], quoted_total={"amount_minor": 2500, "currency": "EUR"})

    assert answer.status == 201


@pytest.mark.parametrize(
    "quoted",
    [
        {"amount_minor": 2499, "currency": "EUR"},
        {"amount_minor": 2501, "currency": "EUR"},
        {"amount_minor": 2500, "currency": "USD"},
    ],
)
def test_a_changed_total_is_refused_with_both_totals(quoted):
    tea = shop.product("TEA", price_minor=1250, available=2)

    answer = place([line(tea, 2)], quoted_total=quoted)

    assert (answer.status, answer.code) == (409, "total_changed")
    assert answer.error["details"] == {
        "quoted": quoted,
        "total": {"amount_minor": 2500, "currency": "EUR"},
    }
    assert (nothing_was_stored(), shop.available(tea)) == (True, 2)


@pytest.mark.parametrize("amount_minor", [-1, 10**12 + 1, 1.5, "2500", None])
def test_an_invalid_quoted_total_is_refused(amount_minor):
    quoted = {"amount_minor": amount_minor, "currency": "EUR"}

    answer = place([line(shop.product("TEA", available=1))], quoted_total=quoted)

    assert (answer.status, answer.paths) == (422, ["body.quoted_total.amount_minor"])


@pytest.mark.parametrize("status", ["draft", "archived"])
def test_products_that_are_not_for_sale_are_named(status):
    tea = shop.product("TEA", available=1, status=status)

    answer = place([line(tea)])

    assert (answer.status, answer.code) == (422, "unknown_products")
    assert answer.error["details"]["product_ids"] == [tea.product_id]
    assert nothing_was_stored()


def test_an_order_that_always_loses_gets_retry_after():
    tea = shop.product("TEA", available=1)
    lost = cancelled_transaction("None", "None", "TransactionConflict")

    with inject_faults(connection().client, "TransactWriteItems", *[lost] * 99) as calls:
        answer = place([line(tea)])

    assert (answer.status, answer.code) == (503, "unavailable")
    assert (answer.headers["Retry-After"], len(calls)) == ("1", HOT_ATTEMPTS)
    assert (nothing_was_stored(), shop.available(tea)) == (True, 1)


@pytest.mark.parametrize("field", ["total", "status", "buyer_id", "user_id"])
def test_clients_cannot_send_fields_that_the_shop_decides(field):
    answer = place([line(shop.product("TEA", available=1))], **{field: "x"})

    assert (answer.status, answer.paths) == (422, [f"body.{field}"])


@pytest.mark.parametrize(
    ("change", "path"),
    [
        ({"country": "Germany"}, "country"),
        ({"country": "XX"}, "country"),
        ({"country": "de"}, "country"),
        ({"line1": "x" * 5000}, "line1"),
        ({"name": "x" * 5000}, "name"),
        ({"city": "x" * 101}, "city"),
        ({"line1": ""}, "line1"),
        ({"name": "Ada\nBcc: everyone@example.com"}, "name"),
        ({"planet": "Earth"}, "planet"),
    ],
)
def test_an_address_is_checked_field_by_field(change, path):
    answer = place([line(shop.product("TEA"))], shipping_address=shop.ADDRESS | change)

    assert (answer.status, answer.paths) == (422, [f"body.shipping_address.{path}"])


def test_an_order_needs_an_idempotency_key():
    answer = place([line(shop.product("TEA", available=1))], key=None)

    assert (answer.status, answer.code) == (400, "idempotency_key_required")
    assert nothing_was_stored()


@pytest.mark.parametrize("key", ["", "x" * 256], ids=["empty", "256 characters"])
def test_an_idempotency_key_has_1_to_255_characters(key):
    answer = place([line(shop.product("TEA", available=1))], key=key)

    assert (answer.status, answer.paths) == (422, ["header.idempotency-key"])
    assert nothing_was_stored()


def test_without_a_token_the_refusal_names_no_fields():
    answer = place("nonsense", caller=NOBODY)

    assert (answer.status, answer.code) == (401, "token_missing")


def test_two_buyers_may_use_the_same_key():
    tea = shop.product("TEA", available=2)

    answers = [place([line(tea)], caller=ADA), place([line(tea)], caller=BOB)]

    assert [answer.status for answer in answers] == [201, 201]
    assert answers[0].body["id"] != answers[1].body["id"]
    assert shop.available(tea) == 0


def test_an_account_has_an_hourly_quota_of_orders(monkeypatch):
    tea = shop.product("TEA", available=9)
    two_an_hour = OrderSettings(orders_per_hour=2)
    monkeypatch.setattr("orders.checkout.service.settings", lambda _: two_an_hour)

    placed = [place([line(tea)], key=f"key-{n}") for n in range(3)]

    assert [answer.status for answer in placed] == [201, 201, 429]
    assert (placed[-1].code, shop.available(tea)) == ("too_many_attempts", 7)
    assert int(placed[-1].headers["Retry-After"]) <= 3600
    assert place([line(tea)], key="key-1").status == 201  # a replay uses no quota
