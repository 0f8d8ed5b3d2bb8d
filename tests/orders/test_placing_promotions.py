"""Orders with a promotion code count its uses in their own transaction."""

import json
from datetime import timedelta

import pytest

from orders.checkout import placement
from orders.checkout.schemas import OrderRequest
from orders.handler import handler
from orders.lifecycle.buyers import Buyer
from shared import clock
from shared.config import Tables, settings
from shared.errors.promotions import PromotionUsedUp
from shared.storage.dynamo import connection
from shared.storage.models.orders import Order
from shared.storage.models.outbox import OutboxRow
from shared.storage.models.pricing import Promotion
from tests.support import events, order_requests, pricing, shop
from tests.support.faults import inject_faults
from tests.support.http import ADA, BOB, Answer, send
from tests.support.shop import line

pytestmark = pytest.mark.usefixtures("aws")

DAY = timedelta(days=1)


def place(*lines, key="key-1", caller=ADA, **changes) -> Answer:
    body = {"lines": list(lines), "shipping_address": shop.ADDRESS} | changes
    return send(handler, "orders.place", body=body, headers={"idempotency-key": key}, caller=caller)


def use(tea, *, code="SPRING", key="key-1", caller=ADA) -> Answer:
    return place(line(tea), promotion_code=code, key=key, caller=caller)


def change(code, **values):
    """Changes the promotion as staff do."""
    actions = [getattr(Promotion, name).set(value) for name, value in values.items()]
    Promotion("promotions", code).update([*actions, Promotion.version.set(Promotion.version + 1)])


def event_types() -> list[str]:
    return [event.type for event in events.published_events()]


def test_a_promotion_discounts_each_line():
    tea = shop.product("TEA", price_minor=1250, available=10)
    pot = shop.product("POT", price_minor=4900, available=3)
    pricing.promotion("SPRING")

    answer = place(line(tea, 2), line(pot), promotion_code="SPRING")

    assert answer.status == 201
    assert [each["discount"]["amount_minor"] for each in answer.body["lines"]] == [250, 490]
    assert answer.body["totals"]["discount"]["amount_minor"] == 740
    assert answer.body["totals"]["total"]["amount_minor"] == 6660
    assert answer.body["promotion_code"] == "SPRING"
    assert Order.get(answer.body["id"]).promotion.code == "SPRING"


@pytest.mark.parametrize("typed", ["SPRING", "spring", " Spring "])
def test_a_code_matches_regardless_of_case_and_white_space(typed):
    tea = shop.product("TEA", available=1)
    pricing.promotion("SPRING")

    answer = use(tea, code=typed)

    assert (answer.status, answer.body["promotion_code"]) == (201, "SPRING")


@pytest.mark.parametrize(
    "codes", [["SPRING"], ["SPRING", "SUMMER"], [], "SPRING,SUMMER", "SPRING SUMMER", "A;B", "A+B"]
)
def test_an_order_takes_one_promotion_code(codes):
    tea = shop.product("TEA", available=1)
    pricing.promotion("SPRING")

    answer = use(tea, code=codes)

    assert (answer.status, answer.paths) == (422, ["body.promotion_code"])
    assert answer.error["details"]["fields"][0]["code"] == "one_promotion_only"
    assert Order.count() == 0


@pytest.mark.parametrize("code", ["", " ", "x" * 41, 7, {"code": "SPRING"}, "A\0B"])
def test_an_invalid_code_is_refused(code):
    answer = use(shop.product("TEA", available=1), code=code)

    assert (answer.status, answer.paths) == (422, ["body.promotion_code"])


@pytest.mark.parametrize(
    ("changes", "status", "code"),
    [
        ({"is_active": False}, 422, "unknown_promotion"),
        ({"starts_at": clock.utc_now() + DAY}, 422, "unknown_promotion"),
        ({"ends_at": clock.utc_now() - DAY}, 422, "promotion_expired"),
        ({"minimum_minor": 1001, "currency": "EUR"}, 422, "promotion_minimum_not_met"),
        ({"minimum_minor": 1, "currency": "USD"}, 422, "promotion_not_in_currency"),
        ({"uses_max": 5, "used": 5}, 409, "promotion_used_up"),
    ],
)
def test_an_order_with_an_inapplicable_code_takes_nothing(changes, status, code):
    tea = shop.product("TEA", available=1)
    pricing.promotion("SPRING", **changes)

    answer = use(tea)

    assert (answer.status, answer.code) == (status, code)
    assert answer.error["details"]["promotion_code"] == "SPRING"
    assert (Order.count(), OutboxRow.count(), shop.available(tea)) == (0, 0, 1)


def test_an_unknown_code_is_refused():
    answer = use(shop.product("TEA", available=1), code="WINTER")

    assert (answer.status, answer.code) == (422, "unknown_promotion")


def test_each_use_of_a_promotion_with_limits_is_counted():
    tea = shop.product("TEA", available=10)
    pricing.promotion("SPRING", uses_max=10, uses_per_customer_max=5)

    use(tea)
    use(tea, key="key-2")
    use(tea, caller=BOB)

    assert pricing.count_uses("SPRING") == 3
    assert (
        pricing.count_uses("SPRING", ADA.user_id),
        pricing.count_uses("SPRING", BOB.user_id),
    ) == (2, 1)


def test_a_replay_does_not_use_the_promotion_again():
    tea = shop.product("TEA", available=10)
    pricing.promotion("SPRING", uses_max=1, uses_per_customer_max=1)
    first = use(tea)

    again = use(tea)

    assert (again.status, again.body) == (201, first.body)
    assert (pricing.count_uses("SPRING"), pricing.count_uses("SPRING", ADA.user_id)) == (1, 1)


def test_the_last_use_is_granted_once():
    tea = shop.product("TEA", available=10)
    pricing.promotion("SPRING", uses_max=2)

    answers = [use(tea, key=f"key-{n}") for n in range(3)]

    assert [answer.status for answer in answers] == [201, 201, 409]
    assert (pricing.count_uses("SPRING"), shop.available(tea)) == (2, 8)


def test_each_customer_has_their_own_uses():
    tea = shop.product("TEA", available=10)
    pricing.promotion("SPRING", uses_per_customer_max=1)

    answers = [use(tea), use(tea, key="key-2"), use(tea, caller=BOB)]

    assert [answer.status for answer in answers] == [201, 409, 201]
    assert answers[1].error["details"] == {"promotion_code": "SPRING", "by": "customer"}


def test_a_guests_uses_are_counted_under_their_id():
    tea = shop.product("TEA", available=10)
    pricing.promotion("SPRING", uses_per_customer_max=1)
    guest = Buyer("gst_ada", guest_email="ada@example.com")
    request = OrderRequest.model_validate(
        {"lines": [line(tea)], "shipping_address": shop.ADDRESS, "promotion_code": "SPRING"}
    )

    placed = placement.place_order(guest, request, "key-1").order

    assert pricing.count_uses("SPRING", "gst_ada") == 1
    assert Order.get(placed.order_id).guest_email == "ada@example.com"
    with pytest.raises(PromotionUsedUp):
        placement.place_order(guest, request, "key-2")


def test_a_promotion_without_limits_is_not_written():
    tea = shop.product("TEA", available=1)
    pricing.promotion("SPRING")

    with inject_faults(connection().client, "TransactWriteItems") as calls:
        use(tea)

    (sent,) = calls.sent
    writes = [next(iter(write.values())) for write in json.loads(sent["body"])["TransactItems"]]
    assert settings(Tables).promotions_table not in {write["TableName"] for write in writes}
    assert pricing.count_uses("SPRING") == 0


def test_two_buyers_cannot_both_get_the_last_use(monkeypatch):
    tea = shop.product("TEA", available=10)
    pricing.promotion("SPRING", uses_max=1)
    order_requests.run_between_read_and_write(monkeypatch, lambda: use(tea, caller=BOB))

    late = use(tea)

    assert (late.status, late.code) == (409, "promotion_used_up")
    assert late.error["details"] == {"promotion_code": "SPRING", "by": "all_customers"}
    assert [order.buyer_id for order in Order.scan()] == [BOB.user_id]
    assert (pricing.count_uses("SPRING"), shop.available(tea)) == (1, 9)


def test_a_customers_last_use_is_granted_once_under_a_race(monkeypatch):
    tea = shop.product("TEA", available=10)
    pricing.promotion("SPRING", uses_per_customer_max=1)
    order_requests.run_between_read_and_write(monkeypatch, lambda: use(tea, key="key-2"))

    late = use(tea)

    assert (late.status, late.error["details"]["by"]) == (409, "customer")
    assert (Order.count(), pricing.count_uses("SPRING", ADA.user_id), shop.available(tea)) == (
        1,
        1,
        9,
    )


def test_equal_requests_that_race_are_one_order(monkeypatch):
    tea = shop.product("TEA", available=1)
    pricing.promotion("SPRING", uses_max=1, uses_per_customer_max=1)
    first = []
    order_requests.run_between_read_and_write(monkeypatch, lambda: first.append(use(tea)))

    second = use(tea)

    assert (second.status, second.body) == (201, first[0].body)
    assert second.headers["Idempotency-Replayed"] == "true"
    assert (Order.count(), pricing.count_uses("SPRING"), shop.available(tea)) == (1, 1, 0)


def test_a_used_up_promotion_is_refused_before_short_stock(monkeypatch):
    tea = shop.product("TEA", available=1)
    pricing.promotion("SPRING", uses_max=1)
    order_requests.run_between_read_and_write(monkeypatch, lambda: use(tea, caller=BOB))

    late = use(tea)

    assert late.code == "promotion_used_up"


def test_an_order_without_stock_uses_no_promotion():
    tea = shop.product("TEA", available=0)
    pricing.promotion("SPRING", uses_max=1, uses_per_customer_max=1)

    answer = use(tea)

    assert answer.code == "out_of_stock"
    assert (pricing.count_uses("SPRING"), pricing.count_uses("SPRING", ADA.user_id)) == (0, 0)


def test_an_order_is_repriced_when_staff_change_the_promotion(monkeypatch):
    tea = shop.product("TEA", price_minor=1000, available=1)
    pricing.promotion("SPRING", uses_max=10)
    order_requests.run_between_read_and_write(monkeypatch, lambda: change("SPRING", percent=50))

    answer = use(tea)

    assert (answer.status, answer.body["totals"]["total"]["amount_minor"]) == (201, 500)
    assert pricing.count_uses("SPRING") == 1


def test_a_promotion_that_staff_end_is_not_used(monkeypatch):
    tea = shop.product("TEA", available=1)
    pricing.promotion("SPRING", uses_max=10)
    order_requests.run_between_read_and_write(
        monkeypatch, lambda: change("SPRING", is_active=False)
    )

    answer = use(tea)

    assert (answer.status, answer.code) == (422, "unknown_promotion")
    assert (Order.count(), pricing.count_uses("SPRING"), shop.available(tea)) == (0, 0, 1)


def test_repricing_gives_up_after_four_attempts(monkeypatch):
    tea = shop.product("TEA", available=1)
    pricing.promotion("SPRING", uses_max=10)
    edits = [lambda percent=percent: change("SPRING", percent=percent) for percent in range(1, 9)]
    order_requests.run_between_read_and_write(monkeypatch, *edits)

    answer = use(tea)

    assert (answer.status, answer.headers["Retry-After"]) == (503, "1")
    assert (Order.count(), Promotion.get("promotions", "SPRING").percent) == (0, 4)


def test_a_free_order_is_paid_when_it_is_placed():
    tea = shop.product("TEA", available=1)
    pricing.promotion("SPRING", percent=100)

    answer = use(tea)

    assert (answer.status, answer.body["status"]) == (201, "paid")
    steps = [(step["status"], step["by"]) for step in answer.body["history"]]
    assert steps == [("pending_payment", ADA.user_id), ("paid", "shop")]
    assert answer.body["expires_at"] is None
    assert answer.body["totals"]["total"] == {"amount_minor": 0, "currency": "EUR"}
    assert event_types() == ["order.placed", "order.paid"]
    assert [order.order_id for order in Order.by_expiry.query("payment")] == []


def test_an_order_with_a_total_awaits_its_payment():
    tea = shop.product("TEA", available=100)
    before = clock.utc_now()

    answer = place(line(tea))

    placed = Order.get(answer.body["id"])
    assert placed.expires_at - placed.placed_at == timedelta(minutes=30)
    assert before <= placed.placed_at <= clock.utc_now()
    assert event_types() == ["order.placed"]
    assert [order.order_id for order in Order.by_expiry.query("payment")] == [placed.order_id]


def test_a_free_shipping_code_removes_the_shipping_price():
    tea = shop.product("TEA", price_minor=1000, available=1)
    pricing.store_shipping_rates(pricing.zone("GB"))
    pricing.promotion("SPRING", kind="free_shipping", percent=None)

    answer = use(tea)

    assert answer.body["totals"]["shipping"]["amount_minor"] == 0
    assert answer.body["totals"]["total"]["amount_minor"] == 1000
