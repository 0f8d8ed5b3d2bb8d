"""Concurrent requests on the local stack: moto neither contends nor locks."""

import os
from collections import Counter
from uuid import uuid4

import pytest

from local import aliases
from local.instances import INSTANCES_MAX
from local.stack import Stack
from tests.e2e.conftest import (
    COMMAND_SECONDS_MAX,
    list_stored,
    run_concurrently,
    run_in_function_environment,
    wait_until,
)

# `make soak` sets 200 and 20.
RUSH_ROUNDS = int(os.environ.get("SOUK_RUSHES", "15"))
REPEAT_ROUNDS = int(os.environ.get("SOUK_REPEATS", "2"))
RUSH_ROUND_SECONDS_MAX = 30  # added to the command's limit for each round
REPEAT_ROUND_SECONDS_MAX = 60


def test_one_of_twenty_buyers_gets_the_last_unit(visitor, staff):
    tea = staff.create_product(available=1)
    buyers = [visitor.register() for _ in range(20)]

    answers = run_concurrently([lambda shop=shop: shop.place_order(tea) for shop in buyers])

    assert Counter(answer.status_code for answer in answers) == {201: 1, 409: 19}
    codes = [answer.json()["error"]["code"] for answer in answers if answer.status_code == 409]
    assert set(codes) == {"out_of_stock"}
    assert visitor.get_available(tea) == 0


@pytest.mark.parametrize("shards", [1, 4])
def test_twenty_buyers_share_stock_and_backorders(visitor, staff, shards):
    policy = {"stock_policy": "backorder", "backorder_limit": 5, "stock_shards": shards}
    tea = staff.create_product(available=6, **policy)
    buyers = [visitor.register() for _ in range(20)]

    answers = run_concurrently([lambda shop=shop: shop.place_order(tea) for shop in buyers])

    placed = [answer.json() for answer in answers if answer.status_code == 201]
    assert len(placed) == 11
    assert {answer.status_code for answer in answers} == {201, 409}
    assert sum(line["backordered"] for order in placed for line in order["lines"]) == 5
    stock = staff.get(f"/products/{tea}/stock").json()
    assert (stock["available"], stock["allocated"]) == (-5, 11)


def test_twenty_buyers_of_a_download_write_no_stock(visitor, staff):
    song = staff.create_product(stock_policy="untracked")
    buyers = [visitor.register() for _ in range(20)]

    answers = run_concurrently([lambda shop=shop: shop.place_order(song) for shop in buyers])

    assert [answer.status_code for answer in answers] == [201] * 20
    stock = staff.get(f"/products/{song}/stock").json()
    assert (stock["available"], stock["allocated"], stock["version"]) == (0, 0, 0)


def test_twenty_concurrent_buyers_share_a_few_new_instances(stack, visitor, staff):
    tea = staff.create_product(available=20)
    buyers = [visitor.register() for _ in range(20)]
    name = stack.physical_ids["OrdersFunction"]
    stop_instances(stack, name)
    before = count_started_instances(stack, name)

    answers = run_concurrently([lambda shop=shop: shop.place_order(tea) for shop in buyers])

    assert [answer.status_code for answer in answers] == [201] * 20
    assert visitor.get_available(tea) == 0
    assert 1 <= count_started_instances(stack, name) - before <= INSTANCES_MAX


def stop_instances(stack: Stack, name: str) -> None:
    """Lets new instances of a new version serve, which differs in nothing but a variable."""
    aliases.set_variable(name, "RESTARTED", uuid4().hex, stack.client("lambda"))


def count_started_instances(stack: Stack, name: str) -> int:
    log = (stack.log_dir / "ministack.log").read_text()
    return log.count(f"Lambda worker spawned for {name} ")


def test_ten_equal_concurrent_requests_place_one_order(visitor, staff, buyer, list_mails_to):
    tea = staff.create_product(available=10)
    key = uuid4().hex
    email = buyer.email

    answers = run_concurrently([lambda: buyer.place_order(tea, quantity=2, key=key)] * 10)

    assert [answer.status_code for answer in answers] == [201] * 10
    assert len({answer.json()["id"] for answer in answers}) == 1
    replayed = Counter(answer.headers["idempotency-replayed"] for answer in answers)
    assert replayed == {"false": 1, "true": 9}
    assert len(buyer.get("/orders").json()["items"]) == 1
    assert visitor.get_available(tea) == 8
    wait_until(lambda: len(list_mails_to(email)) >= 2)
    # The mails that the ten requests cause arrive before the welcome mail of a later account.
    later_email = visitor.register().email
    wait_until(lambda: len(list_mails_to(later_email)) == 1)
    subjects = Counter(mail["subject"] for mail in list_mails_to(email))
    order_id = answers[0].json()["id"]
    assert subjects == {"Welcome to Souk": 1, f"Your order at Souk ({order_id})": 1}


def test_a_repeated_event_on_the_bus_sends_one_mail(stack, visitor, buyer, list_mails_to):
    me = buyer.get("/me").json()
    wait_until(lambda: len(list_mails_to(me["email"])) == 1)
    rows = list_stored(stack, "OutboxTableName")
    payload = next(row["payload"]["S"] for row in rows if me["id"] in row["payload"]["S"])
    entry = {
        "EventBusName": stack.outputs["EventBusName"],
        "Source": "souk",
        "DetailType": "user.registered",
        "Detail": payload,
    }

    stack.client("events").put_events(Entries=[entry] * 5)

    later_email = visitor.register().email
    wait_until(lambda: len(list_mails_to(later_email)) == 1)
    assert len(list_mails_to(me["email"])) == 1


def test_each_of_many_last_units_is_sold_once(stack):
    result = run_in_function_environment(
        stack,
        "OrdersFunction",
        "tests.support.concurrent_orders",
        *("rush", str(RUSH_ROUNDS), "20"),
        seconds_max=COMMAND_SECONDS_MAX + RUSH_ROUND_SECONDS_MAX * RUSH_ROUNDS,
    )

    assert result["ends"] == {"1 orders, 0 units": RUSH_ROUNDS}
    assert result["outcomes"] == {"placed": RUSH_ROUNDS, "out_of_stock": RUSH_ROUNDS * 19}


def test_fifty_equal_concurrent_requests_place_one_order(stack):
    result = run_in_function_environment(
        stack,
        "OrdersFunction",
        "tests.support.concurrent_orders",
        *("repeat", str(REPEAT_ROUNDS), "50"),
        seconds_max=COMMAND_SECONDS_MAX + REPEAT_ROUND_SECONDS_MAX * REPEAT_ROUNDS,
    )

    assert result["ends"] == {"1 orders, 1 units": REPEAT_ROUNDS}
    assert result["outcomes"] == {"placed": REPEAT_ROUNDS, "replayed": REPEAT_ROUNDS * 49}
