"""Whole slice: staff edit the catalog side by side and lose nothing."""

import json

import pytest

from orders.handler import handler as orders
from products.handler import handler
from shared.storage import stock
from shared.storage.models.catalog import Product
from shared.storage.models.outbox import OutboxRow
from tests.support import order_requests, shop
from tests.support.catalog import (
    TEA,
    create_product,
    edit_product,
    get_product,
    get_staff_product,
    patch_product,
)
from tests.support.events import events_in_row, published_events
from tests.support.http import STAFF, send

pytestmark = pytest.mark.usefixtures("aws")


def told() -> list:
    """The events of edits, in the order that they came about."""
    events = [event for row in OutboxRow.scan() for event in events_in_row(row)]
    edits = [it for it in events if it.type != "product.created"]
    return sorted(edits, key=lambda it: it.occurred_at)


def test_a_patch_changes_what_it_names_and_nothing_else():
    before = create_product(
        description="Fresh", tags=["green"], attributes={"origin": "Uji", "year": 26}
    )

    answer = patch_product(
        before["id"], {"name": "Sencha", "attributes": {"origin": None, "grade": "A"}}
    )

    assert answer.status == 200
    changed = {"name": "Sencha", "attributes": {"year": 26, "grade": "A"}, "version": 2}
    assert answer.body == before | changed | {"updated_at": answer.body["updated_at"]}
    assert get_product(before["id"]).body["name"] == "Sencha"


def test_a_patch_may_name_one_half_of_a_price():
    tea = create_product()

    answer = patch_product(tea["id"], {"price": {"amount_minor": 990}})

    assert answer.body["price"] == {"amount_minor": 990, "currency": "EUR"}


def test_null_takes_away():
    tea = create_product(category="tea", description="Fresh", low_stock_at=5)

    answer = patch_product(tea["id"], {"category": None, "description": None, "low_stock_at": None})

    assert (answer.body["category"], answer.body["description"]) == (None, "")
    assert answer.body["low_stock_at"] is None


def test_a_product_is_of_another_tax_class_until_that_is_taken_away():
    book = create_product(sku="BOOK")

    reduced = patch_product(book["id"], {"tax_class": "reduced"})
    standard = patch_product(book["id"], {"tax_class": None})

    assert (book["tax_class"], reduced.body["tax_class"]) == ("standard", "reduced")
    assert standard.body["tax_class"] == "standard"
    changed = [event.data.changed for event in published_events() if "updated" in event.type]
    assert changed == [["tax_class"], ["tax_class"]]


def test_a_replacement_says_all_anew():
    before = create_product(description="Fresh", category="tea", attributes={"origin": "Uji"})

    answer = edit_product("replace", before["id"], TEA | {"name": "Sencha"})

    assert answer.status == 200
    assert (answer.body["name"], answer.body["description"]) == ("Sencha", "")
    assert (answer.body["category"], answer.body["attributes"]) == (None, {})
    assert (answer.body["version"], answer.body["created_at"]) == (2, before["created_at"])


def test_an_archived_product_is_off_sale_and_can_come_back():
    tea = create_product()

    answer = edit_product("archive", tea["id"])

    assert (answer.status, answer.body) == (204, "")
    assert get_product(tea["id"]).status == 404
    assert get_staff_product(tea["id"]).body["status"] == "archived"
    assert patch_product(tea["id"], {"status": "active"}).status == 200
    assert get_product(tea["id"]).status == 200


def test_events_tell_what_was_changed():
    tea = create_product()

    patch_product(tea["id"], {"name": "Sencha", "price": {"amount_minor": 1}, "description": ""})
    edit_product("archive", tea["id"])

    updated, archived = told()
    assert (updated.type, updated.data.changed) == ("product.updated", ["name", "price"])
    assert (archived.type, archived.data.changed) == ("product.archived", ["status"])
    assert updated.data.product_id == archived.data.product_id == tea["id"]


def test_creating_is_told_once():
    tea = create_product()

    (row,) = OutboxRow.scan()
    (event,) = events_in_row(row)
    assert (event.type, event.data.product_id, event.data.sku) == (
        "product.created",
        tea["id"],
        "TEA",
    )


def test_an_edit_that_changes_nothing_makes_no_version_and_no_event():
    tea = create_product(tags=["green"])

    answers = [
        patch_product(tea["id"], {}),
        patch_product(tea["id"], {"name": "Green tea"}),
        edit_product("replace", tea["id"], TEA | {"tags": ["green"]}),
    ]

    assert [(it.status, it.body["version"]) for it in answers] == [(200, 1)] * 3
    assert told() == []


@pytest.mark.parametrize("how", ["replace", "patch", "archive"])
def test_an_edit_must_say_what_it_was_made_upon(how):
    tea = create_product()
    body = {"replace": TEA | {"name": "x"}, "patch": {"name": "x"}}.get(how)

    answer = edit_product(how, tea["id"], body, if_match=None)

    assert (answer.status, answer.code) == (428, "if_match_required")
    assert get_staff_product(tea["id"]).body == tea


@pytest.mark.parametrize("how", ["replace", "patch", "archive"])
def test_of_two_editors_the_second_is_told_the_version_that_stands(how):
    tea = create_product()
    seen = get_staff_product(tea["id"]).headers["ETag"]
    first = patch_product(tea["id"], {"name": "Sencha"}, if_match=seen)
    body = {"replace": TEA | {"name": "x"}, "patch": {"name": "x"}}.get(how)

    second = edit_product(how, tea["id"], body, if_match=seen)

    assert (first.status, second.status, second.code) == (200, 412, "stale_version")
    assert second.error["details"] == {"current_version": 2}
    assert get_staff_product(tea["id"]).body == first.body
    assert len(told()) == 1


@pytest.mark.parametrize(
    "if_match", ['"1"', '"7", "1"', '"1-0123abcd"', "*", '  "1"  ', '"7" ,"1"']
)
def test_what_an_edit_was_made_upon_can_be_said_as_http_has_it(if_match):
    tea = create_product()

    assert patch_product(tea["id"], {"name": "Sencha"}, if_match=if_match).status == 200


@pytest.mark.parametrize("if_match", ['"2"', 'W/"1"', '"x"', '""', '"01x"', '"2-1"'])
def test_a_tag_that_is_not_this_versions_is_stale(if_match):
    tea = create_product()

    answer = patch_product(tea["id"], {"name": "Sencha"}, if_match=if_match)

    assert (answer.status, answer.error["details"]) == (412, {"current_version": 1})


@pytest.mark.parametrize("if_match", ["1", '"1', "", '"1" "2"', '"1",', "**", 'w/"1"'])
def test_what_is_no_tag_is_refused(if_match):
    tea = create_product()

    answer = patch_product(tea["id"], {"name": "Sencha"}, if_match=if_match)

    assert (answer.status, answer.code) == (400, "invalid_precondition")
    assert get_staff_product(tea["id"]).body == tea


def test_the_tag_that_shoppers_are_given_serves_for_an_edit_too():
    """Though it is another one after each sale."""
    tea = create_product()

    etag = get_product(tea["id"]).headers["ETag"]

    assert patch_product(tea["id"], {"name": "Sencha"}, if_match=etag).status == 200


@pytest.mark.parametrize("show", [get_product, get_staff_product])
def test_who_has_it_already_is_not_sent_it_again(show):
    tea = create_product()
    etag = show(tea["id"]).headers["ETag"]

    answer = show(tea["id"], **{"if-none-match": etag})
    patch_product(tea["id"], {"name": "Sencha"})
    later = show(tea["id"], **{"if-none-match": etag})

    assert (answer.status, answer.body, answer.headers["ETag"]) == (304, "", etag)
    assert (later.status, later.body["name"]) == (200, "Sencha")


def test_the_tag_is_another_once_some_were_sold():
    tea = shop.product("TEA", available=5)
    etag = get_staff_product(tea.product_id).headers["ETag"]

    shop.sell(tea, 1)

    assert get_staff_product(tea.product_id).headers["ETag"] != etag


@pytest.mark.parametrize("how", ["replace", "patch", "archive"])
def test_what_is_not_there_cannot_be_edited(how):
    body = {"replace": TEA, "patch": {"name": "x"}}.get(how)

    answer = edit_product(how, "prd_unknown", body)

    assert (answer.status, answer.code) == (404, "product_not_found")
    assert (Product.count(), OutboxRow.count()) == (0, 0)


def test_a_product_keeps_its_sku():
    tea = create_product()

    answer = edit_product("replace", tea["id"], TEA | {"sku": "COFFEE"})

    assert (answer.status, answer.code) == (422, "sku_immutable")
    assert get_staff_product(tea["id"]).body == tea


@pytest.mark.parametrize(
    ("changes", "path"),
    [
        ({"name": None}, "name"),
        ({"price": None}, "price"),
        ({"price": {"amount_minor": 0}}, "price.amount_minor"),
        ({"price": {"currency": "XXX"}}, "price.currency"),
        ({"price": {"discount": 1}}, "price.discount"),
        ({"status": "sold"}, "status"),
        ({"status": None}, "status"),
        ({"tags": ["x", ""]}, "tags.1"),
        ({"attributes": {"deep": {"a": {"b": {"c": {"d": {}}}}}}}, "attributes"),
        ({"sku": "COFFEE"}, "sku"),
        ({"version": 9}, "version"),
        ({"name": 5}, "name"),
    ],
)
def test_a_patch_that_would_make_no_product_is_refused_by_field(changes, path):
    tea = create_product()

    answer = patch_product(tea["id"], changes)

    assert (answer.status, answer.paths) == (422, [f"body.{path}"])
    assert get_staff_product(tea["id"]).body == tea


def test_attributes_that_grow_too_large_by_a_patch_are_refused():
    tea = create_product(attributes={"one": "x" * 10_000})

    answer = patch_product(tea["id"], {"attributes": {"two": "x" * 10_000}})

    assert [it["code"] for it in answer.error["details"]["fields"]] == ["attributes_too_large"]


@pytest.mark.parametrize(
    ("content_type", "status"),
    [
        ("application/merge-patch+json", 200),
        ("application/json; charset=utf-8", 200),
        ("application/json-patch+json", 415),
        ("text/plain", 415),
    ],
)
def test_a_patch_is_a_merge_patch(content_type, status):
    tea = create_product()

    answer = send(
        handler,
        "products.patch",
        caller=STAFF,
        raw_body=json.dumps({"name": "Sencha"}),
        path={"product_id": tea["id"]},
        headers={"if-match": "*", "content-type": content_type},
    )

    assert answer.status == status


@pytest.mark.parametrize("how", ["replace", "patch"])
def test_the_currency_stays_while_orders_are_open(how):
    tea = shop.product("TEA", available=5)
    shop.sell(tea, 1)
    price = {"amount_minor": 1000, "currency": "USD"}

    answer = edit_product(
        how, tea.product_id, {"price": price} | ({} if how == "patch" else TEA | {"price": price})
    )

    assert (answer.status, answer.code) == (409, "currency_in_use")
    assert (answer.error["details"]["currency"], Product.get(tea.product_id).version) == ("EUR", 1)


def test_the_currency_can_change_when_nothing_is_on_order():
    tea = shop.product("TEA", available=5)

    answer = patch_product(tea.product_id, {"price": {"currency": "USD"}})

    assert (answer.status, answer.body["price"]["currency"]) == (200, "USD")


def test_an_amount_can_change_while_orders_are_open():
    tea = shop.product("TEA", available=5)
    shop.sell(tea, 1)

    assert patch_product(tea.product_id, {"price": {"amount_minor": 5}}).status == 200


@pytest.mark.parametrize("status", ["draft", "archived"])
def test_a_replacement_that_says_no_status_puts_nothing_on_sale(status):
    tea = create_product(status=status)

    answer = edit_product("replace", tea["id"], TEA | {"name": "Sencha"})

    assert (answer.body["name"], answer.body["status"]) == ("Sencha", status)


@pytest.mark.parametrize(("before", "after"), [(1, True), (1, 1.5), (0, False), (1.0, True)])
def test_values_that_are_equal_to_python_are_not_to_json(before, after):
    tea = create_product(attributes={"w": before})

    answer = patch_product(tea["id"], {"attributes": {"w": after}})

    assert answer.body["attributes"]["w"] is after or answer.body["attributes"]["w"] == after
    assert (type(answer.body["attributes"]["w"]), answer.body["version"]) == (type(after), 2)


def test_an_order_in_flight_is_not_in_a_currency_that_the_product_has_no_more(monkeypatch):
    tea = shop.product("TEA", available=5)
    in_dollars = {"price": {"currency": "USD"}}
    order_requests.run_between_read_and_write(
        monkeypatch, lambda: patch_product(tea.product_id, in_dollars)
    )
    body = {"lines": [{"product_id": tea.product_id, "quantity": 1}]}
    body |= {"shipping_address": shop.ADDRESS}

    late = send(orders, "orders.place", body=body)
    again = send(orders, "orders.place", body=body)

    assert (late.status, late.code) == (503, "unavailable")
    assert (again.status, again.body["totals"]["total"]["currency"]) == (201, "USD")
    assert shop.available(tea) == 4


def test_an_order_that_comes_while_the_currency_is_changed_keeps_it(monkeypatch):
    tea = shop.product("TEA", available=5)
    real, turns = stock.get_stocks, iter([True])

    def reading(of):
        found = real(of)
        if next(turns, False):
            shop.sell(tea, 1)
        return found

    monkeypatch.setattr(stock, "get_stocks", reading)

    answer = patch_product(tea.product_id, {"price": {"currency": "USD"}})

    assert (answer.status, answer.code) == (409, "currency_in_use")
    assert Product.get(tea.product_id).currency == "EUR"
