"""A quote equals the order that follows, and changes nothing."""

import pytest

from orders.checkout import placement
from orders.checkout.schemas import QuoteRequest
from orders.checkout.views import QuoteView
from orders.handler import handler
from shared.storage.dynamo import connection
from shared.storage.models.catalog import Product, Stock
from shared.storage.models.orders import Order
from shared.storage.models.outbox import OutboxRow
from shared.storage.models.pricing import Promotion, PromotionUse, RateTable
from tests.support import pricing, shop
from tests.support.faults import inject_faults
from tests.support.http import ADA, BOB, NOBODY, Answer, send
from tests.support.shop import line

pytestmark = pytest.mark.usefixtures("aws")

TABLES = (Order, OutboxRow, Product, Promotion, RateTable, Stock)
ORDER_FIELDS = ("totals", "tax_included", "promotion_code")
LINE_FIELDS = (
    "product_id",
    "quantity",
    "unit_price",
    "line_total",
    "discount",
    "tax",
    "tax_rate_ppm",
    "tax_class",
)


def quote(*lines, to=None, caller=ADA, **changes) -> Answer:
    body = {"lines": list(lines), "shipping_address": to or {"country": "GB"}} | changes
    return send(handler, "orders.quote", body=body, caller=caller)


def place(*lines, key="key-1", caller=ADA, **changes) -> Answer:
    body = {"lines": list(lines), "shipping_address": shop.ADDRESS} | changes
    return send(handler, "orders.place", body=body, headers={"idempotency-key": key}, caller=caller)


def stored() -> list[dict]:
    items = [item.to_dynamodb_dict() for table in TABLES for item in table.scan()]
    return sorted(items, key=str)


@pytest.fixture
def assortment():
    """Products, taxes, shipping and promotions whose amounts all need rounding."""
    pricing.store_tax_rates(
        pricing.destination("GB", included=True, rates={"standard": 190_000, "reduced": 70_000}),
        pricing.destination("US", region="NY", rates={"standard": 88_750}),
        pricing.destination("US", rates={"standard": 0}),
    )
    pricing.store_shipping_rates(pricing.zone("GB", "US", name="Atlantic", free_from_minor=10**6))
    pricing.promotion("SPRING", kind="fixed", percent=None, amount_minor=1001, currency="EUR")
    pricing.promotion("AUTUMN", percent=33)
    return [
        line(shop.product("TEA", price_minor=1249, available=9), 3),
        line(shop.product("BOOK", price_minor=2995, available=9, tax_class="reduced")),
        line(shop.product("POT", price_minor=77, available=9), 7),
    ]


@pytest.mark.parametrize("code", [None, "SPRING", "AUTUMN"])
@pytest.mark.parametrize(
    "where",
    [
        {},
        {"country": "US", "region": "ny", "postal_code": "10001"},
        {"country": "US", "region": "California", "postal_code": "94105"},
    ],
)
def test_quotes_and_the_order_agree_to_the_cent(assortment, where, code):
    address = shop.ADDRESS | where
    part = {"country": address["country"], "region": address.get("region")}

    quotes = [quote(*assortment, to=to, promotion_code=code).body for to in (part, address)]
    placed = place(
        *assortment,
        shipping_address=address,
        promotion_code=code,
        quoted_total=quotes[0]["totals"]["total"],
    )

    assert placed.status == 201
    assert quotes[0] == quotes[1]
    assert {key: quotes[0][key] for key in ORDER_FIELDS} == {
        key: placed.body[key] for key in ORDER_FIELDS
    }
    assert [{key: quoted[key] for key in LINE_FIELDS} for quoted in quotes[0]["lines"]] == [
        {key: ordered[key] for key in LINE_FIELDS} for ordered in placed.body["lines"]
    ]


def test_a_quote_itemises_its_total(assortment):
    answer = quote(*assortment, promotion_code="autumn")

    assert answer.status == 200
    assert answer.body["currency"] == "EUR"
    assert (answer.body["tax_included"], answer.body["promotion_code"]) == (True, "AUTUMN")
    assert answer.body["shipping_zone"] == "Atlantic"
    totals = dict(answer.body["totals"])
    assert [
        (tax["name"], tax["rate_ppm"], tax["amount"]["amount_minor"]) for tax in totals.pop("taxes")
    ] == [
        ("Tax", 190_000, 401 + 58 + 78),
        ("Tax", 70_000, 131),
    ]
    assert {key: amount["amount_minor"] for key, amount in totals.items()} == {
        "items": 7281,
        "discount": 1237 + 988 + 178,
        "shipping": 490,
        "tax": 401 + 131 + 58 + 78,
        "shipping_tax": 78,
        "total": 4878 + 490,
    }


def test_a_quote_changes_nothing(assortment):
    pricing.promotion("ONCE", uses_max=1, uses_per_customer_max=1)
    before = stored()

    answers = [quote(*assortment, promotion_code="ONCE") for _ in range(3)]

    assert [answer.status for answer in answers] == [200] * 3
    assert stored() == before
    assert PromotionUse.find(ADA.user_id, "ONCE") is None


def test_a_quote_takes_one_read(assortment):
    client = connection().client

    with (
        inject_faults(client, "BatchGetItem") as reads,
        inject_faults(client, "GetItem") as others,
        inject_faults(client, "TransactWriteItems") as writes,
    ):
        quote(*assortment, promotion_code="SPRING")

    assert (len(reads), len(others), len(writes)) == (1, 0, 0)


def test_a_product_without_stock_is_quoted():
    answer = quote(line(shop.product("TEA", price_minor=1000)))

    assert answer.body["totals"]["total"]["amount_minor"] == 1000


def test_a_quote_checks_the_limit_of_the_customer():
    tea = shop.product("TEA", available=9)
    pricing.promotion("ONCE", uses_per_customer_max=1)
    place(line(tea), promotion_code="ONCE")

    mine = quote(line(tea), promotion_code="ONCE")
    theirs = quote(line(tea), promotion_code="ONCE", caller=BOB)

    assert (mine.status, mine.code) == (409, "promotion_used_up")
    assert theirs.status == 200


def test_a_quote_without_a_buyer_ignores_customer_limits():
    tea = shop.product("TEA", available=9)
    pricing.promotion("ONCE", uses_per_customer_max=1)
    request = QuoteRequest.model_validate(
        {
            "lines": [line(tea)],
            "shipping_address": {"country": "GB"},
            "promotion_code": "ONCE",
        }
    )

    shown = QuoteView.from_model(placement.quote_order(None, request))

    assert shown.promotion_code == "ONCE"


def test_a_quote_gets_the_same_refusals_as_an_order():
    tea, yen = shop.product("TEA", price_minor=10**12), shop.product("YEN", currency="JPY")
    draft = shop.product("DRAFT", status="draft")
    pricing.store_shipping_rates(pricing.zone("GB"))

    refused = [
        quote(line(tea, 2)),
        quote(line(tea), line(yen)),
        quote(line(draft)),
        quote(line(tea), to={"country": "DE"}),
        quote(line(tea), promotion_code="WINTER"),
    ]

    assert [answer.code for answer in refused] == [
        "amount_too_large",
        "mixed_currencies",
        "unknown_products",
        "no_shipping_rate",
        "unknown_promotion",
    ]


@pytest.mark.parametrize(
    ("changes", "path"),
    [
        ({"shipping_address": {}}, "body.shipping_address.country"),
        ({"shipping_address": {"country": "XX"}}, "body.shipping_address.country"),
        (
            {"shipping_address": {"country": "GB", "line1": "x" * 5000}},
            "body.shipping_address.line1",
        ),
        ({"lines": []}, "body.lines"),
        ({"promotion_code": ["A", "B"]}, "body.promotion_code"),
        ({"quoted_total": {"amount_minor": 1, "currency": "EUR"}}, "body.quoted_total"),
    ],
)
def test_an_invalid_quote_request_is_refused(changes, path):
    answer = quote(line(shop.product("TEA")), **changes)

    assert (answer.status, answer.paths) == (422, [path])


def test_a_quote_needs_a_token():
    answer = quote(line(shop.product("TEA")), caller=NOBODY)

    assert (answer.status, answer.code) == (401, "token_missing")


@pytest.mark.parametrize("country", ["FR", "CA"])
def test_a_quote_to_where_no_tax_rate_applies_is_refused(country):
    pricing.store_tax_rates(pricing.destination("GB"), pricing.destination("CA", region="CA-QC"))
    tea = shop.product("TEA", price_minor=1000)

    answer = quote(line(tea), to={"country": country, "region": "ON"})

    assert (answer.status, answer.code) == (422, "no_tax_rate")
    assert answer.error["details"]["country"] == country


def test_a_quote_without_the_region_that_tax_needs_is_refused():
    pricing.store_tax_rates(pricing.destination("CA", region="CA-QC"), pricing.destination("*"))
    tea = shop.product("TEA", price_minor=1000)

    answers = [quote(line(tea), to={"country": "CA"} | more) for more in ({}, {"region": "Que"})]

    assert [(answer.status, answer.code) for answer in answers] == [
        (422, "unknown_region"),
        (422, "invalid_fields"),
    ]
    for answer in answers:
        assert {"code": "CA-QC", "name": "Quebec"} in answer.error["details"]["regions"]
