"""Whole slice: staff keep automatic promotions, and orders get the best of them."""

import json
from datetime import timedelta

import pytest

from orders.handler import handler
from orders.pricing import repository as pricing_repository
from orders.pricing.promotions import automatic
from shared import clock
from shared.storage.dynamo import connection
from shared.storage.models.orders import Order
from shared.storage.models.pricing import AUTOMATIC_PROMOTIONS, PROMOTIONS, Promotion, RateTable
from tests.support import events, pricing, shop
from tests.support.faults import inject_faults
from tests.support.http import ADA, NOBODY, Answer, send
from tests.support.order_requests import GUEST_EMAIL
from tests.support.pricing import create_promotion, patch_promotion, post_promotion
from tests.support.shop import line
from tests.support.unknown_fields import NAME, assert_marks_kept, mark_stored_items

pytestmark = pytest.mark.usefixtures("aws")

SALE = {"code": "SALE", "is_automatic": True, "name": "Autumn sale"}
DAY = timedelta(days=1)


def quote(*lines, **changes) -> Answer:
    body = {"lines": list(lines), "shipping_address": {"country": "GB"}} | changes
    return send(handler, "orders.quote", body=body)


def place(*lines, key="key-1", **changes) -> Answer:
    body = {"lines": list(lines), "shipping_address": shop.ADDRESS} | changes
    return send(handler, "orders.place", body=body, headers={"idempotency-key": key}, caller=ADA)


def discount_of(answer: Answer) -> int:
    return answer.body["totals"]["discount"]["amount_minor"]


def listed() -> list[str]:
    """The codes in the list that orders read."""
    stored = RateTable.find(AUTOMATIC_PROMOTIONS)
    return [each.code for each in automatic.from_document(stored.document)] if stored else []


def test_an_order_gets_an_automatic_promotion_without_a_code():
    tea = line(shop.product("TEA", price_minor=1_250, available=10), 2)
    create_promotion(**SALE, percent=12.5)

    quoted, placed = quote(tea), place(tea)

    used = {"code": "SALE", "name": "Autumn sale", "is_automatic": True}
    for answer in (quoted, placed):
        assert discount_of(answer) == 313  # of 25.00: 3.125
        assert (answer.body["promotion"], answer.body["promotion_code"]) == (used, None)
    stored = Order.get(placed.body["id"]).promotion
    assert (stored.code, stored.name, stored.is_counted, stored.counted_for) == (
        "SALE",
        "Autumn sale",
        False,
        None,
    )


def test_a_guest_gets_it_too():
    tea = line(shop.product("TEA", price_minor=1_000, available=10))
    create_promotion(**SALE)
    body = {"lines": [tea], "shipping_address": shop.ADDRESS, "email": GUEST_EMAIL}

    placed = send(handler, "guest.place", caller=NOBODY, body=body)

    assert (placed.status, discount_of(placed)) == (201, 100)


def test_the_better_of_a_code_and_an_automatic_promotion_is_used():
    tea = line(shop.product("TEA", price_minor=1_000, available=10))
    create_promotion(**SALE)
    pricing.promotion("LESS", percent=5, uses_max=9)
    pricing.promotion("MORE", percent=20, uses_max=9)

    less, more = place(tea, promotion_code="LESS"), place(tea, key="key-2", promotion_code="MORE")

    assert (less.body["promotion_code"], less.body["promotion"]["code"]) == (None, "SALE")
    assert (more.body["promotion_code"], more.body["promotion"]["code"]) == ("MORE", "MORE")
    assert [discount_of(answer) for answer in (less, more)] == [100, 200]
    assert (pricing.count_uses("LESS"), pricing.count_uses("MORE")) == (0, 1)


def test_buyers_cannot_send_the_code_of_an_automatic_promotion():
    tea = line(shop.product("TEA", available=10))
    create_promotion(**SALE)

    answer = quote(tea, promotion_code="SALE")

    assert (answer.status, answer.code) == (422, "unknown_promotion")


def test_it_applies_to_the_categories_that_it_names():
    tea = line(shop.product("TEA", price_minor=1_000, category="tea/green"))
    pot = line(shop.product("POT", price_minor=3_000, category="home"))
    create_promotion(**SALE, applies_to={"categories": ["tea"]})

    assert discount_of(quote(tea, pot)) == 100
    assert quote(pot).body["promotion"] is None


def test_a_code_applies_to_the_skus_that_it_names():
    tea = line(shop.product("TEA", price_minor=1_000))
    pot = line(shop.product("POT", price_minor=3_000))
    create_promotion(code="POTS", applies_to={"skus": [" pot "]})

    both, alone = quote(tea, pot, promotion_code="POTS"), quote(tea, promotion_code="POTS")

    assert [each["discount"]["amount_minor"] for each in both.body["lines"]] == [0, 300]
    assert (alone.status, alone.code) == (422, "promotion_not_for_items")
    assert alone.error["details"] == {"promotion_code": "POTS"}


def test_the_clock_starts_and_ends_an_automatic_promotion(monkeypatch):
    tea = line(shop.product("TEA", price_minor=1_000))
    now = clock.utc_now()
    times = {"starts_at": (now + DAY).isoformat(), "ends_at": (now + 2 * DAY).isoformat()}
    create_promotion(**SALE, **times)
    discounts = []

    for passed in (timedelta(0), DAY, 2 * DAY):
        monkeypatch.setattr(clock, "utc_now", lambda passed=passed: now + passed)
        discounts.append(discount_of(quote(tea)))

    assert discounts == [0, 100, 0]


def test_a_quote_and_an_order_make_no_more_calls():
    tea = line(shop.product("TEA", available=10))
    create_promotion(**SALE)
    client = connection().client

    with (
        inject_faults(client, "BatchGetItem") as reads,
        inject_faults(client, "GetItem") as others,
        inject_faults(client, "TransactWriteItems") as writes,
    ):
        quote(tea)
        place(tea)

    assert (len(reads), len(others), len(writes)) == (2, 0, 1)


def test_the_number_of_keys_fits_one_read():
    """As `get_pricing_inputs` says: 43 products with their stock and a code."""
    tea = [line(shop.product(f"TEA-{number}", available=1)) for number in range(43)]
    pricing.promotion("SPRING", uses_per_customer_max=1)

    with inject_faults(connection().client, "BatchGetItem") as reads:
        answer = place(*tea, promotion_code="SPRING")

    assert (answer.status, len(reads)) == (201, 1)


def test_the_parsed_list_is_kept_while_it_is_the_same(monkeypatch):
    tea = line(shop.product("TEA", price_minor=1_000))
    create_promotion(**SALE)
    quote(tea)
    monkeypatch.setattr(pricing_repository.automatic, "from_document", None)

    assert discount_of(quote(tea)) == 100


def test_an_order_of_before_reads_as_before():
    tea = line(shop.product("TEA", available=10))
    pricing.promotion("SPRING")
    placed = place(tea, promotion_code="SPRING").body
    Order(placed["id"]).update(
        [Order.promotion["name"].remove(), Order.promotion["is_automatic"].remove()]
    )

    shown = send(handler, "orders.get", caller=ADA, path={"order_id": placed["id"]}).body

    assert (shown["promotion_code"], shown["totals"]) == ("SPRING", placed["totals"])
    assert shown["promotion"] == {"code": "SPRING", "name": None, "is_automatic": False}


# What staff do


def test_an_automatic_promotion_needs_no_code():
    created = create_promotion(**SALE | {"code": None})

    assert created["code"].startswith("AUTO-")
    assert listed() == [created["code"]]
    assert send_get(created["code"]).body == created


def send_get(code: str) -> Answer:
    return pricing.get_promotion(code)


def test_a_percentage_is_shown_as_it_was_sent():
    create_promotion(code="HALF", percent=12.5)
    create_promotion(code="TEN", percent=10.0)

    assert [send_get(code).body["percent"] for code in ("HALF", "TEN")] == [12.5, 10]
    assert isinstance(send_get("TEN").body["percent"], int)


def test_an_edit_changes_what_orders_get():
    tea = line(shop.product("TEA", price_minor=1_000))
    create_promotion(**SALE)

    patch_promotion("SALE", {"percent": 20})
    dearer = discount_of(quote(tea))
    patch_promotion("SALE", {"is_active": False})
    ended = discount_of(quote(tea))
    patch_promotion("SALE", {"is_active": True})

    assert (dearer, ended, discount_of(quote(tea))) == (200, 0, 200)


def test_a_patch_merges_what_a_promotion_applies_to():
    create_promotion(**SALE, applies_to={"skus": ["A", "B"], "categories": ["tea"]})

    changed = patch_promotion("SALE", {"applies_to": {"skus": ["C"]}})
    removed = patch_promotion("SALE", {"applies_to": None})

    assert changed.body["applies_to"] == {"categories": ["tea"], "product_ids": [], "skus": ["C"]}
    assert removed.body["applies_to"] is None


def test_a_limited_number_is_active_at_a_time():
    for number in range(automatic.PROMOTIONS_MAX):
        create_promotion(code=f"SALE-{number}", is_automatic=True)

    refused = post_promotion(code="MORE", is_automatic=True)
    create_promotion(code="LATER", is_automatic=True, is_active=False)
    not_started = patch_promotion("LATER", {"is_active": True})
    patch_promotion("SALE-0", {"is_active": False})
    started = patch_promotion("LATER", {"is_active": True})

    for answer in (refused, not_started):
        assert (answer.status, answer.code) == (409, "automatic_promotion_limit")
        assert answer.error["details"] == {"promotions_max": automatic.PROMOTIONS_MAX}
    assert Promotion.find(PROMOTIONS, "MORE") is None
    assert (started.status, len(listed())) == (200, automatic.PROMOTIONS_MAX)


def test_promotions_that_have_ended_make_room(monkeypatch):
    end = {"ends_at": (clock.utc_now() + DAY).isoformat()}
    for number in range(automatic.PROMOTIONS_MAX):
        create_promotion(code=f"SALE-{number}", is_automatic=True, **end)
    later = clock.utc_now() + 2 * DAY
    monkeypatch.setattr(clock, "utc_now", lambda: later)

    create_promotion(**SALE)
    extended = patch_promotion("SALE-3", {"ends_at": None})

    assert extended.status == 200
    assert listed() == ["SALE-3", "SALE"]


def test_the_largest_automatic_promotions_fit_into_their_item():
    applies_to = {
        "categories": [f"{number:02}/" + "x" * 190 for number in range(50)],
        "skus": [f"{number:02}" + "ω" * 62 for number in range(50)],
    }
    answers = [
        post_promotion(code=f"SALE-{number}", is_automatic=True, applies_to=applies_to)
        for number in range(automatic.PROMOTIONS_MAX)
    ]

    assert {answer.status for answer in answers} == {201, 409}
    assert len(RateTable.get(AUTOMATIC_PROMOTIONS).document.encode()) < 300_000


def test_two_who_create_promotions_at_once_lose_none(monkeypatch):
    find = RateTable.find
    others = ["OTHER-1", "OTHER-2"]

    def find_then_overtake(name, **more):
        found = find(name, **more)
        if others:
            monkeypatch.setattr(RateTable, "find", find)
            create_promotion(code=others.pop(), is_automatic=True)
            monkeypatch.setattr(RateTable, "find", find_then_overtake)
        return found

    monkeypatch.setattr(RateTable, "find", find_then_overtake)
    create_promotion(**SALE)

    assert sorted(listed()) == ["OTHER-1", "OTHER-2", "SALE"]


def test_a_promotion_that_is_always_overtaken_is_refused(monkeypatch):
    create_promotion(**SALE)
    monkeypatch.setattr(RateTable, "find", lambda *_, **__: None)  # as it was before

    answer = post_promotion(**SALE | {"code": "LATE"})

    assert (answer.status, answer.code) == (409, "concurrent_modification")


def test_the_list_and_the_promotion_change_together():
    create_promotion(**SALE)

    with inject_faults(connection().client, "TransactWriteItems") as writes:
        patch_promotion("SALE", {"percent": 30})

    (sent,) = writes.sent
    assert len(json.loads(sent["body"])["TransactItems"]) == 2


def test_a_promotion_with_a_code_is_not_in_the_list():
    create_promotion()
    patch_promotion("SPRING", {"percent": 30})

    assert RateTable.find(AUTOMATIC_PROMOTIONS) is None


def test_the_list_keeps_what_newer_code_stores():
    tea = line(shop.product("TEA", price_minor=1_000))
    create_promotion(**SALE)
    create_promotion(code="OTHER", is_automatic=True)
    marked = mark_stored_items(Promotion)
    patch_promotion("SALE", {"percent": 20})

    assert_marks_kept(marked, Promotion)
    stored = json.loads(RateTable.get(AUTOMATIC_PROMOTIONS).document)
    (sale,) = [each for each in stored if each["code"]["S"] == "SALE"]
    assert NAME in sale
    assert discount_of(quote(tea)) == 200


def test_a_scope_of_newer_code_is_not_widened():
    tea = line(shop.product("TEA", price_minor=1_000, tags=["new"]))
    newer = {"tags": ["new"]}
    create_promotion(**SALE, applies_to={"skus": ["POT"]})
    stored = Promotion.get(PROMOTIONS, "SALE")
    stored.applies_to_json = {"skus": ["POT"]} | newer
    stored.save()

    patch_promotion("SALE", {"percent": 20})

    assert Promotion.get(PROMOTIONS, "SALE").applies_to_json["tags"] == ["new"]
    assert discount_of(quote(tea)) == 0


def test_events_have_each_tax_of_the_order():
    tea = line(shop.product("TEA", price_minor=1_010, available=1))
    taxes = [
        {"name": "GST", "rates": {"standard": 50_000}},
        {"name": "QST", "rates": {"standard": 99_750}},
    ]
    pricing.put_rates(
        "tax", {"destinations": [{"country": "GB", "prices_include_tax": False, "taxes": taxes}]}
    )

    placed = place(tea)

    (event,) = events.published_events()
    assert [
        (tax.name, tax.rate_ppm, tax.amount.amount_minor) for tax in event.data.totals.taxes
    ] == [
        ("GST", 50_000, 51),
        ("QST", 99_750, 101),
    ]
    assert placed.body["totals"]["taxes"] == [tax.model_dump() for tax in event.data.totals.taxes]
