"""The cart of an account: what it has, how it changes, and what it says about changes."""

from datetime import timedelta

import pytest

from orders.handler import handler
from shared import clock
from shared.storage.models.accounts import User
from shared.storage.models.carts import Cart
from shared.storage.models.catalog import Product
from tests.support import shop
from tests.support.carts import (
    empty_cart,
    get_cart,
    lines_of,
    quantities,
    quote_cart,
    replace_cart,
    stored,
    update_cart,
)
from tests.support.http import ADA, BOB, STAFF, send

pytestmark = pytest.mark.usefixtures("aws")

EUR_10 = {"amount_minor": 1000, "currency": "EUR"}


@pytest.fixture
def tea() -> Product:
    return shop.product("tea", available=10)


@pytest.fixture
def cup() -> Product:
    return shop.product("cup", available=10, price_minor=500)


def only_line(answer):
    assert answer.status == 200, answer
    (line,) = answer.body["lines"]
    return line


def test_an_account_starts_with_an_empty_cart():
    answer = get_cart()

    assert answer.body == {
        "lines": [],
        "subtotal": None,
        "is_orderable": False,
        "version": 0,
        "updated_at": None,
        "expires_at": None,
    }
    assert answer.headers["ETag"].startswith('"0-')
    assert answer.headers["Cache-Control"] == "no-store"
    assert stored(ADA.user_id) is None


def test_a_line_shows_the_product_as_it_is_now(tea):
    line = only_line(update_cart((tea, 2)))

    assert line == {
        "product_id": tea.product_id,
        "sku": "tea",
        "name": "The tea",
        "quantity": 2,
        "unit_price": EUR_10,
        "previous_unit_price": None,
        "line_total": {"amount_minor": 2000, "currency": "EUR"},
        "available": 10,
        "quantity_max": 100,
        "changes": [],
        "is_orderable": True,
    }
    assert only_line(get_cart()) == line


def test_products_are_added_changed_and_removed(tea, cup):
    assert quantities(update_cart((tea, 2))) == [("tea", 2)]
    assert quantities(update_cart((cup, 1))) == [("tea", 2), ("cup", 1)]
    assert quantities(update_cart((tea, 5), (cup, 0))) == [("tea", 5)]
    assert quantities(get_cart()) == [("tea", 5)]


def test_the_subtotal_adds_up_the_lines(tea, cup):
    answer = update_cart((tea, 2), (cup, 3))

    assert answer.body["subtotal"] == {"amount_minor": 3500, "currency": "EUR"}
    assert answer.body["is_orderable"] is True


def test_lines_in_two_currencies_have_no_subtotal(tea):
    dollars = shop.product("mug", available=1, currency="USD")

    assert update_cart((tea, 1), (dollars, 1)).body["subtotal"] is None


def test_an_amount_that_no_order_may_have_is_not_shown():
    gold = shop.product("gold", available=100, price_minor=10**12)

    answer = update_cart((gold, 2))

    assert only_line(answer)["line_total"] is None
    assert answer.body["subtotal"] is None


def test_a_repeated_change_writes_nothing(tea):
    first = update_cart((tea, 2))

    again = update_cart((tea, 2))

    assert again.body == first.body
    assert first.body["version"] == 1


def test_replacing_needs_the_version_that_was_read(tea, cup):
    assert replace_cart((tea, 1), if_match=None).status == 428
    assert replace_cart((tea, 1), if_match='"0"').status == 200
    etag = get_cart().headers["ETag"]
    assert quantities(replace_cart((cup, 2), if_match=etag)) == [("cup", 2)]

    stale = replace_cart((tea, 9), if_match=etag)

    assert (stale.status, stale.code) == (412, "stale_version")
    assert stale.error["details"] == {"current_version": 2}
    assert quantities(get_cart()) == [("cup", 2)]


def test_a_change_of_one_line_may_name_the_version(tea, cup):
    etag = update_cart((tea, 1)).headers["ETag"]
    assert update_cart((cup, 1), if_match=etag).status == 200

    assert update_cart((cup, 2), if_match=etag).code == "stale_version"
    assert empty_cart(if_match=etag).code == "stale_version"
    assert quantities(get_cart()) == [("tea", 1), ("cup", 1)]


def test_an_unchanged_cart_is_not_sent_again(tea):
    etag = update_cart((tea, 1)).headers["ETag"]

    answer = get_cart(if_none_match=etag)

    assert (answer.status, answer.body) == (304, "")


def test_a_new_price_changes_the_etag_and_not_the_version(tea):
    before = update_cart((tea, 1))
    tea.update([Product.price_minor.set(1100)])

    after = get_cart()

    assert after.body["version"] == before.body["version"]
    assert after.headers["ETag"] != before.headers["ETag"]


def test_an_emptied_cart_keeps_counting_its_versions(tea):
    update_cart((tea, 1))

    assert empty_cart().status == 204
    assert (get_cart().body["lines"], get_cart().body["version"]) == ([], 2)
    assert empty_cart().status == 204
    assert get_cart().body["version"] == 2


def test_emptying_no_cart_stores_none():
    assert empty_cart().status == 204
    assert stored(ADA.user_id) is None


def test_a_changed_price_shows_both_prices(tea):
    update_cart((tea, 2))
    tea.update([Product.price_minor.set(1200)])

    line = only_line(get_cart())

    assert line["changes"] == ["price_changed"]
    assert line["previous_unit_price"] == EUR_10
    assert line["unit_price"] == {"amount_minor": 1200, "currency": "EUR"}
    assert line["line_total"]["amount_minor"] == 2400
    assert line["is_orderable"] is True


def test_a_changed_currency_is_a_changed_price(tea):
    update_cart((tea, 1))
    tea.update([Product.currency.set("USD")])

    line = only_line(get_cart())

    assert line["changes"] == ["price_changed"]
    assert (line["previous_unit_price"], line["unit_price"]["currency"]) == (EUR_10, "USD")


def test_setting_the_quantity_accepts_the_new_price(tea, cup):
    update_cart((tea, 2), (cup, 1))
    tea.update([Product.price_minor.set(1200)])

    after_another_line = update_cart((cup, 2)).body["lines"][0]
    after_this_line = update_cart((tea, 3)).body["lines"][0]

    assert after_another_line["changes"] == ["price_changed"]
    assert (after_this_line["changes"], after_this_line["previous_unit_price"]) == ([], None)


@pytest.mark.parametrize("status", ["draft", "archived"])
def test_what_is_not_on_sale_any_more_has_no_price(tea, cup, status):
    update_cart((tea, 2), (cup, 1))
    tea.update([Product.status.set(status), Product.name.set("Not for shoppers yet")])

    cart = get_cart().body

    assert cart["lines"][0] | {"product_id": ""} == {
        "product_id": "",
        "sku": "tea",
        "name": "The tea",
        "quantity": 2,
        "unit_price": None,
        "previous_unit_price": None,
        "line_total": None,
        "available": None,
        "quantity_max": None,
        "changes": ["not_on_sale"],
        "is_orderable": False,
    }
    assert (cart["subtotal"]["amount_minor"], cart["is_orderable"]) == (500, False)


def test_a_product_that_is_gone_is_not_on_sale(tea):
    update_cart((tea, 2))
    tea.delete()

    assert only_line(get_cart())["changes"] == ["not_on_sale"]


def test_fewer_units_than_wanted_are_shown(tea):
    update_cart((tea, 4))
    shop.sell(tea, 7)

    line = only_line(get_cart())

    assert (line["changes"], line["available"]) == (["insufficient_stock"], 3)
    assert line["is_orderable"] is False


def test_a_cart_may_have_more_than_is_in_stock(tea):
    assert only_line(update_cart((tea, 11)))["changes"] == ["insufficient_stock"]


def test_a_line_beyond_the_stock_of_a_backorder_is_shown(tea):
    tea.update([Product.stock_policy.set("backorder"), Product.backorder_limit.set(5)])
    shop.Stock(tea.product_id).update([shop.Stock.backorders_max.set(5)])

    within, beyond = only_line(update_cart((tea, 12))), only_line(update_cart((tea, 16)))

    assert (within["changes"], within["is_orderable"]) == (["backordered"], True)
    assert (within["available"], beyond["available"]) == (10, 10)
    assert (beyond["changes"], beyond["is_orderable"]) == (["insufficient_stock"], False)


def test_backordered_units_are_no_stock():
    pot = shop.product("pot", available=-3, stock_policy="backorder")

    line = only_line(update_cart((pot, 1)))

    assert (line["available"], line["changes"]) == (0, ["backordered"])


def test_what_is_not_counted_has_no_stock():
    card = shop.product("card", stock_policy="untracked")

    line = only_line(update_cart((card, 9)))

    assert (line["available"], line["changes"], line["is_orderable"]) == (None, [], True)


def test_a_changed_stock_policy_is_shown(tea):
    update_cart((tea, 12))
    before = only_line(get_cart())["changes"]
    tea.update([Product.stock_policy.set("untracked")])

    assert (before, only_line(get_cart())["changes"]) == (["insufficient_stock"], [])


def test_stock_that_was_never_set_is_none():
    assert only_line(update_cart((shop.product("new"), 1)))["available"] == 0


def test_the_stock_of_all_shards_counts():
    hot = shop.product("hot", available=1, stock_shards=3)
    for shard in (1, 2):
        shop.Stock(f"{hot.product_id}#{shard}", available=4, version=1).save()

    line = only_line(update_cart((hot, 9)))

    assert (line["available"], line["changes"]) == (9, [])


def test_a_lower_limit_is_shown_and_can_be_obeyed(tea):
    update_cart((tea, 9))
    tea.update([Product.order_quantity_max.set(3)])

    line = only_line(get_cart())
    fewer = only_line(update_cart((tea, 5)))
    within = only_line(update_cart((tea, 3)))

    assert (line["changes"], line["quantity_max"]) == (["quantity_limit_exceeded"], 3)
    assert fewer["changes"] == ["quantity_limit_exceeded"]
    assert within["changes"] == []


def test_more_than_an_order_may_have_is_refused(tea):
    update_cart((tea, 1))

    answer = update_cart((tea, 101))

    assert (answer.status, answer.code) == (422, "quantity_limit_exceeded")
    assert answer.error["details"]["lines"][0]["limit"] == 100
    assert replace_cart((tea, 101)).code == "quantity_limit_exceeded"
    assert quantities(get_cart()) == [("tea", 1)]


@pytest.mark.parametrize("send_lines", [update_cart, replace_cart])
def test_what_is_not_on_sale_cannot_be_added(tea, send_lines):
    draft = shop.product("draft", status="draft")

    answer = send_lines((tea, 1), (draft, 1))

    assert (answer.status, answer.code) == (422, "unknown_products")
    assert answer.error["details"] == {"product_ids": [draft.product_id]}
    assert stored(ADA.user_id) is None


def test_a_line_that_is_not_on_sale_may_stay_shrink_or_go(tea, cup):
    update_cart((tea, 3))
    tea.update([Product.status.set("archived")])

    assert quantities(replace_cart((tea, 3), (cup, 1))) == [("tea", 3), ("cup", 1)]
    assert quantities(update_cart((tea, 2))) == [("tea", 2), ("cup", 1)]
    assert update_cart((tea, 3)).code == "unknown_products"
    assert quantities(update_cart((tea, 0))) == [("cup", 1)]


def test_removing_what_is_not_in_the_cart_changes_nothing(tea):
    assert update_cart((tea, 0)).body["version"] == 0
    assert stored(ADA.user_id) is None


def test_a_cart_has_at_most_fifty_lines():
    products = [shop.product(f"p{number}", available=1) for number in range(51)]
    assert replace_cart(*((each, 1) for each in products[:50])).status == 200

    too_many = update_cart((products[50], 1))
    swapped = update_cart((products[50], 1), (products[0], 0))

    assert (too_many.status, too_many.code) == (409, "cart_full")
    assert too_many.error["details"] == {"lines_max": 50}
    assert len(swapped.body["lines"]) == 50
    assert replace_cart(*((each, 1) for each in products)).paths == ["body.lines"]


@pytest.mark.parametrize(
    ("lines", "path"),
    [
        ([{"product_id": "prd_x", "quantity": -1}], "body.lines.0.quantity"),
        ([{"product_id": "prd_x", "quantity": 10_001}], "body.lines.0.quantity"),
        ([{"product_id": "prd_x", "quantity": 1.5}], "body.lines.0.quantity"),
        ([{"product_id": "prd_x", "quantity": "1"}], "body.lines.0.quantity"),
        ([{"product_id": "prd_x", "quantity": None}], "body.lines.0.quantity"),
        ([{"product_id": "prd_x"}], "body.lines.0.quantity"),
        ([{"product_id": "x", "quantity": 1}], "body.lines.0.product_id"),
        ([{"product_id": "prd_x", "quantity": 1, "price": 1}], "body.lines.0.price"),
        ([{"product_id": "prd_x", "quantity": 1}] * 2, "body.lines"),
        ("all", "body.lines"),
        ([], "body.lines"),
    ],
)
def test_a_change_that_makes_no_sense_is_refused(lines, path):
    answer = send(handler, "carts.update", body={"lines": lines})

    assert (answer.status, answer.paths) == (422, [path])


def test_a_replaced_line_needs_a_unit(tea):
    assert replace_cart((tea, 0)).paths == ["body.lines.0.quantity"]
    assert replace_cart((tea, 1), (tea, 1)).paths == ["body.lines"]
    assert replace_cart().status == 200


def test_a_cart_ends_thirty_days_after_its_last_change(tea):
    expires_at = clock.utc_now() + timedelta(days=30)
    update_cart((tea, 1))
    cart = stored(ADA.user_id)
    assert cart is not None
    assert abs(cart.expires_at - expires_at) < timedelta(minutes=1)

    # DynamoDB deletes it some days later.
    cart.update([Cart.expires_at.set(clock.utc_now() - timedelta(seconds=1))])

    assert get_cart().body["lines"] == []
    assert quantities(update_cart((tea, 2))) == [("tea", 2)]
    assert get_cart().body["version"] == 2


def test_reading_does_not_prolong_a_cart(tea):
    update_cart((tea, 1))
    before = stored(ADA.user_id)

    get_cart()

    after = stored(ADA.user_id)
    assert before is not None
    assert after is not None
    assert after.serialize() == before.serialize()


def test_everyone_has_a_cart_of_their_own(tea):
    update_cart((tea, 1))

    assert get_cart(BOB).body["lines"] == []
    assert get_cart(STAFF).body["lines"] == []


@pytest.mark.parametrize("change", ["deleted", "disabled"])
def test_a_lost_account_gets_no_new_cart(tea, change):
    user = User(ADA.user_id)
    if change == "deleted":
        user.delete()
    else:
        user.update([User.status.set("disabled")])

    answer = update_cart((tea, 1))

    assert (answer.status, answer.code) == (401, "session_ended")
    assert stored(ADA.user_id) is None


def test_a_cart_keeps_what_newer_code_stores(tea, cup):
    update_cart((tea, 1))
    cart = stored(ADA.user_id)
    assert cart is not None
    cart.unknown = {"gift_note": {"S": "Happy birthday"}}
    cart.lines[0].unknown = {"engraving": {"S": "Ada"}}
    cart.save()

    update_cart((cup, 1))

    after = stored(ADA.user_id)
    assert after is not None
    assert after.unknown == {"gift_note": {"S": "Happy birthday"}}
    assert after.lines[0].unknown == {"engraving": {"S": "Ada"}}


def test_a_quote_prices_the_cart(tea, cup):
    update_cart((tea, 2), (cup, 1))

    answer = quote_cart()

    assert answer.status == 200
    assert answer.body["totals"]["total"] == {"amount_minor": 2500, "currency": "EUR"}
    assert answer.body["cart_version"] == 1
    assert [(line["sku"], line["quantity"]) for line in answer.body["lines"]] == [
        ("tea", 2),
        ("cup", 1),
    ]


def test_an_empty_cart_has_no_quote(tea):
    assert (quote_cart().status, quote_cart().code) == (409, "cart_empty")
    update_cart((tea, 1))
    empty_cart()
    assert quote_cart().code == "cart_empty"


def test_a_quote_refuses_what_an_order_would(tea):
    update_cart((tea, 1))
    tea.update([Product.status.set("archived")])

    assert quote_cart().code == "unknown_products"


def test_a_cart_can_be_sent_as_lines_of_an_order(tea):
    update_cart((tea, 2))
    cart = get_cart().body

    lines = [{key: line[key] for key in ("product_id", "quantity")} for line in cart["lines"]]

    assert lines == lines_of((tea, 2))


def test_a_quote_has_the_limits_of_an_order(tea):
    update_cart((tea, 9))
    tea.update([Product.order_quantity_max.set(8)])
    many = [shop.product(f"p{number}", available=100) for number in range(3)]

    too_many = quote_cart()
    replace_cart(*((each, 100) for each in many))
    too_many_together = quote_cart()

    assert too_many.code == "quantity_limit_exceeded"
    assert (too_many_together.status, too_many_together.code) == (409, "held_stock_limit_reached")


def test_unknown_codes_of_quotes_are_limited(tea):
    update_cart((tea, 1))
    codes = [quote_cart(promotion_code=f"GUESS-{number}").code for number in range(31)]

    assert codes == ["unknown_promotion"] * 30 + ["too_many_attempts"]
