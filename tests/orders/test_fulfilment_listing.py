"""Staff list orders by status, by customer, and by the time they were placed."""

from datetime import UTC, datetime

import pytest

from orders.fulfilment import repository
from orders.fulfilment.repository import MONTHS_READ_MAX
from orders.lifecycle.service import update_order
from orders.staff_api import handler as staff_api
from shared import clock
from shared.storage.dynamo import connection
from shared.storage.models.orders import Order
from tests.support import orders, shop
from tests.support.faults import inject_faults
from tests.support.http import ADA, ADMIN, BOB, STAFF, send
from tests.support.orders import cancel, captured

pytestmark = pytest.mark.usefixtures("aws")

ADDRESS = "grace@example.com"


@pytest.fixture
def tea():
    return shop.product("TEA", available=100)


@pytest.fixture
def at(monkeypatch):
    """Sets the clock that orders are placed at."""

    def set_to(moment: str) -> None:
        now = datetime.fromisoformat(moment).replace(tzinfo=UTC)
        monkeypatch.setattr(clock, "utc_now", lambda: now)

    return set_to


def listed(caller=STAFF, **query):
    return send(staff_api, "staff.list_orders", caller=caller, query=query)


def ids_in(answer) -> list[str]:
    assert answer.status == 200, answer
    return [order["id"] for order in answer.body["items"]]


def all_pages(**query) -> list[list[str]]:
    pages, cursor = [], {}
    while True:
        answer = listed(**query, **cursor)
        pages.append(ids_in(answer))
        if answer.body["next_cursor"] is None:
            return pages
        cursor = {"cursor": answer.body["next_cursor"]}


def flat(pages: list[list[str]]) -> list[str]:
    return [order_id for page in pages for order_id in page]


def place(tea, *life, **more) -> str:
    return orders.create_order(*life, product=tea, quantity=1, **more).order_id


def guest(address: str = ADDRESS) -> dict:
    return {"buyer_id": f"gst_{address}", "guest_email": address}


# All orders


def test_without_a_filter_all_orders_are_listed_newest_first(tea):
    placed = [place(tea), place(tea, captured, buyer_id=BOB.user_id), place(tea, **guest())]

    assert ids_in(listed()) == placed[::-1]


def test_the_list_has_the_fields_that_staff_see(tea):
    place(tea, captured)

    (shown,) = listed().body["items"]

    assert (shown["buyer_id"], shown["payment"]["payment_id"]) == (ADA.user_id, "pay_1")
    assert "notes" not in shown  # only the order itself has notes: they may be long


def test_a_page_continues_where_the_previous_one_ended(tea):
    placed = [place(tea) for _ in range(5)]

    pages = all_pages(limit="2")

    assert [len(page) for page in pages] == [2, 2, 1]
    assert flat(pages) == placed[::-1]


def test_one_page_can_span_several_months(tea, at):
    placed = []
    for moment in ("2026-11-30T23:59:59", "2026-12-01T00:00:00", "2027-02-03T10:00:00"):
        at(moment)
        placed.append(place(tea))

    assert ids_in(listed()) == placed[::-1]
    assert flat(all_pages(limit="1")) == placed[::-1]
    assert flat(all_pages(limit="2")) == placed[::-1]


def test_a_page_that_ends_with_a_month_continues_in_the_previous(tea, at):
    placed = []
    for moment in ("2026-11-30T10:00:00", "2026-12-01T10:00:00", "2026-12-02T10:00:00"):
        at(moment)
        placed.append(place(tea))

    pages = all_pages(limit="2")

    assert flat(pages) == placed[::-1]


def test_the_cursor_continues_after_24_empty_months(tea, at):
    at("2026-11-30T10:00:00")
    first = place(tea)
    at("2031-01-15T10:00:00")

    with inject_faults(connection().client, "Query") as queries:
        empty = listed()

    assert (ids_in(empty), len(queries)) == ([], MONTHS_READ_MAX)
    assert empty.body["next_cursor"]
    assert flat(all_pages()) == [first]


def test_the_list_of_a_shop_without_orders_ends(at):
    at("2027-01-15T10:00:00")

    answer = listed()

    assert (ids_in(answer), answer.body["next_cursor"]) == ([], None)


def test_a_cursor_still_works_after_a_new_month_has_begun(tea, at):
    at("2026-11-30T23:59:59")
    placed = [place(tea) for _ in range(3)]
    cursor = listed(limit="2").body["next_cursor"]
    at("2026-12-01T00:00:01")
    place(tea)

    rest = listed(limit="2", cursor=cursor)

    assert len(ids_in(rest)) == 1
    assert ids_in(rest)[0] in placed


def test_a_clock_that_is_behind_does_not_break_a_cursor(tea, at):
    at("2026-12-01T00:00:00")
    placed = [place(tea) for _ in range(3)]
    cursor = listed(limit="2").body["next_cursor"]
    at("2026-11-30T23:59:59")

    assert set(ids_in(listed(limit="2", cursor=cursor))) < set(placed)


@pytest.mark.parametrize("number", [0, 1, 30])
def test_a_page_of_one_month_takes_two_calls(number, tea):
    for _ in range(number):
        place(tea)
    client = connection().client

    with inject_faults(client, "Query") as queries, inject_faults(client, "BatchGetItem") as reads:
        answer = listed(limit="10", placed_from=f"{clock.utc_now():%Y-%m}-01T00:00:00Z")

    assert len(ids_in(answer)) == min(number, 10)
    assert (len(queries), len(reads)) == (1, min(number, 1))


# By date


@pytest.fixture
def daily(tea, at):
    """One order at noon of each day."""
    placed = {}
    for day in ("2026-10-31", "2026-11-01", "2026-11-02", "2026-11-03"):
        at(f"{day}T12:00:00")
        placed[place(tea, captured)] = day
    at("2026-11-24T12:00:00")
    return placed


PERIODS = [
    ({}, ["11-03", "11-02", "11-01", "10-31"]),
    ({"placed_from": "2026-11-02T12:00:00Z"}, ["11-03", "11-02"]),
    ({"placed_from": "2026-11-02T12:00:00.000001Z"}, ["11-03"]),
    ({"placed_before": "2026-11-02T12:00:00Z"}, ["11-01", "10-31"]),
    ({"placed_before": "2026-11-02T12:00:00.000001Z"}, ["11-02", "11-01", "10-31"]),
    (
        {"placed_from": "2026-11-01T12:00:00Z", "placed_before": "2026-11-03T12:00:00Z"},
        ["11-02", "11-01"],
    ),
    ({"placed_from": "2026-11-02T13:00:00+01:00"}, ["11-03", "11-02"]),
    ({"placed_before": "2026-11-01T00:00:00Z"}, ["10-31"]),
    ({"placed_from": "2030-01-01T00:00:00Z"}, []),
    ({"placed_from": "0001-01-01T00:00:00Z"}, ["11-03", "11-02", "11-01", "10-31"]),
    ({"placed_before": "9999-12-31T23:59:59Z"}, ["11-03", "11-02", "11-01", "10-31"]),
    ({"placed_before": "0001-01-01T00:00:00Z"}, []),
]


@pytest.mark.parametrize(
    "narrowed", [{}, {"status": "paid"}, {"customer": ADA.user_id}], ids=["all", "status", "user"]
)
def test_a_period_includes_its_start_and_excludes_its_end(narrowed, daily):
    found = [flat(all_pages(**period, **narrowed)) for period, _ in PERIODS]

    days = [[daily[order_id].removeprefix("2026-") for order_id in page] for page in found]
    assert days == [days for _, days in PERIODS]


@pytest.mark.parametrize(
    ("period", "path"),
    [
        ({"placed_from": "2026-11-02"}, "query.placed_from"),
        ({"placed_from": "2026-11-02T12:00:00"}, "query.placed_from"),
        ({"placed_before": "yesterday"}, "query.placed_before"),
        ({"placed_before": "1795515330"}, "query.placed_before"),
        ({"placed_before": "2026-02-30T12:00:00Z"}, "query.placed_before"),
        (
            {"placed_from": "2026-11-02T12:00:00Z", "placed_before": "2026-11-02T12:00:00Z"},
            "query.placed_before",
        ),
        (
            {"placed_from": "2026-11-03T12:00:00Z", "placed_before": "2026-11-02T12:00:00Z"},
            "query.placed_before",
        ),
    ],
)
def test_an_invalid_period_is_refused(period, path):
    answer = listed(**period)

    assert (answer.status, answer.paths) == (422, [path])


# By status


def test_the_status_filter_lists_orders_with_that_status_now(tea):
    paid = [place(tea, captured) for _ in range(3)]
    place(tea)
    place(tea, cancel)

    assert ids_in(listed(status="paid")) == paid[::-1]
    assert flat(all_pages(status="paid", limit="2")) == paid[::-1]


def test_an_order_with_a_new_status_is_left_out(tea, monkeypatch):
    """moto's indexes never lag, so the order changes between the Query and the read."""
    first, second = place(tea, captured), place(tea, captured)
    find_many = Order.find_many

    def find_late(keys):
        update_order(first, cancel)
        return find_many(keys)

    monkeypatch.setattr(repository.Order, "find_many", find_late)

    assert ids_in(listed(status="paid")) == [second]


def test_an_unknown_status_is_refused():
    answer = listed(status="lost")

    assert (answer.status, answer.paths) == (422, ["query.status"])


# By customer


def test_the_customer_filter_lists_the_orders_of_a_user(tea):
    mine = [place(tea) for _ in range(3)]
    place(tea, buyer_id=BOB.user_id)

    assert ids_in(listed(customer=ADA.user_id)) == mine[::-1]
    assert flat(all_pages(customer=ADA.user_id, limit="2")) == mine[::-1]
    assert ids_in(listed(customer="usr_unknown")) == []


def test_status_and_customer_combine_and_pages_may_be_short(tea):
    paid = place(tea, captured)
    place(tea)
    place(tea)

    pages = all_pages(customer=ADA.user_id, status="paid", limit="2")

    assert pages[0] == []
    assert flat(pages) == [paid]


@pytest.mark.parametrize("spelling", [ADDRESS, "Grace@Example.COM"])
def test_the_customer_filter_lists_the_orders_of_a_guest(spelling, tea):
    theirs = [place(tea, **guest()) for _ in range(3)]
    place(tea, **guest("bob@example.com"))
    place(tea)

    assert ids_in(listed(customer=spelling)) == theirs[::-1]
    assert flat(all_pages(customer=spelling, limit="2")) == theirs[::-1]


def test_status_and_guest_combine(tea):
    paid = place(tea, captured, **guest())
    place(tea, **guest())

    assert ids_in(listed(customer=ADDRESS, status="paid")) == [paid]


@pytest.mark.parametrize("customer", ["", "grace@", "x" * 255])
def test_an_invalid_customer_is_refused(customer):
    answer = listed(customer=customer)

    assert (answer.status, answer.paths) == (422, ["query.customer"])


# Cursors


@pytest.fixture
def cursor(tea):
    for _ in range(3):
        place(tea, captured)
    return listed(status="paid", limit="2").body["next_cursor"]


@pytest.mark.parametrize(
    "other",
    [
        {},
        {"status": "shipped"},
        {"status": "paid", "customer": ADA.user_id},
        {"status": "paid", "placed_from": "2026-11-01T00:00:00Z"},
        {"status": "paid", "placed_before": "2030-11-01T00:00:00Z"},
    ],
)
def test_a_cursor_of_another_query_is_refused(other, cursor):
    answer = listed(**other, cursor=cursor)

    assert (answer.status, answer.code) == (400, "cursor_query_mismatch")


def test_a_cursor_of_another_member_of_staff_is_refused(cursor):
    answer = listed(ADMIN, status="paid", cursor=cursor)

    assert (answer.status, answer.code) == (400, "cursor_user_mismatch")


@pytest.mark.parametrize("limit", ["0", "51", "101", "many"])
def test_a_page_has_1_to_50_orders(limit):
    answer = listed(limit=limit)

    assert (answer.status, answer.paths) == (422, ["query.limit"])


def test_a_misspelt_parameter_is_refused():
    answer = listed(state="paid")

    assert (answer.status, answer.paths) == (422, ["query.state"])


def test_customers_cannot_list_all_orders():
    answer = listed(ADA)

    assert (answer.status, answer.code) == (403, "forbidden")
