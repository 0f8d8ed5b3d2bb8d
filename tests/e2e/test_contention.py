"""Many at once: what moto cannot show, since it neither contends nor locks."""

import os
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from uuid import uuid4

import httpx

from local.instances import INSTANCES_MAX
from local.stack import Stack
from tests.e2e.conftest import COMMAND_SECONDS, as_function, eventually

# `make soak` has 200 and 20 of them.
RUSHES = int(os.environ.get("SOUK_RUSHES", "15"))
REPEATS = int(os.environ.get("SOUK_REPEATS", "2"))


def at_once(calls: list[Callable[[], httpx.Response]]) -> list[httpx.Response]:
    start = Barrier(len(calls))

    def go(call: Callable[[], httpx.Response]) -> httpx.Response:
        start.wait()
        return call()

    with ThreadPoolExecutor(len(calls)) as pool:
        return list(pool.map(go, calls))


def test_twenty_buyers_for_the_last_unit_one_gets_it(visitor, staff):
    last = staff.product(available=1)
    buyers = [visitor.registered() for _ in range(20)]

    answers = at_once([lambda shop=shop: shop.order(last) for shop in buyers])

    assert Counter(answer.status_code for answer in answers) == {201: 1, 409: 19}
    refused = [answer.json()["error"]["code"] for answer in answers if answer.status_code == 409]
    assert set(refused) == {"out_of_stock"}
    assert visitor.available(last) == 0


def test_twenty_buyers_at_once_share_a_few_new_instances(stack, visitor, staff):
    tea = staff.product(available=20)
    buyers = [visitor.registered() for _ in range(20)]
    name = stack.physical_ids["OrdersFunction"]
    stop_instances(stack, name)
    before = instances_started(stack, name)

    answers = at_once([lambda shop=shop: shop.order(tea) for shop in buyers])

    assert [answer.status_code for answer in answers] == [201] * 20
    assert visitor.available(tea) == 0
    assert 1 <= instances_started(stack, name) - before <= INSTANCES_MAX


def stop_instances(stack: Stack, name: str) -> None:
    """As a change of its configuration does, though nothing is changed."""
    functions = stack.client("lambda")
    timeout = functions.get_function_configuration(FunctionName=name)["Timeout"]
    functions.update_function_configuration(FunctionName=name, Timeout=timeout)


def instances_started(stack: Stack, name: str) -> int:
    log = (stack.log_dir / "ministack.log").read_text()
    return log.count(f"Lambda worker spawned for {name} ")


def test_the_same_order_ten_times_at_once_is_one_order_one_decrement_and_one_mail(
    visitor, staff, buyer, mails_to
):
    tea = staff.product(available=10)
    key = uuid4().hex
    email = buyer.email

    answers = at_once([lambda: buyer.order(tea, quantity=2, key=key)] * 10)

    assert [answer.status_code for answer in answers] == [201] * 10
    assert len({answer.json()["id"] for answer in answers}) == 1
    replayed = Counter(answer.headers["idempotency-replayed"] for answer in answers)
    assert replayed == {"false": 1, "true": 9}
    assert len(buyer.get("/orders").json()["items"]) == 1
    assert visitor.available(tea) == 8
    eventually(lambda: len(mails_to(email)) >= 2)
    after = visitor.registered()  # whatever the ten requests caused is mailed before this
    welcomed = after.email
    eventually(lambda: len(mails_to(welcomed)) == 1)
    subjects = Counter(mail["subject"] for mail in mails_to(email))
    assert subjects == {"Welcome to Souk": 1, "Your order at Souk": 1}


def test_the_same_event_on_the_bus_many_times_is_one_mail(stack, visitor, buyer, mails_to):
    me = buyer.get("/me").json()
    eventually(lambda: len(mails_to(me["email"])) == 1)
    rows = stack.client("dynamodb").scan(TableName=stack.outputs["OutboxTableName"])["Items"]
    payload = next(row["payload"]["S"] for row in rows if me["id"] in row["payload"]["S"])
    entry = {
        "EventBusName": stack.outputs["EventBusName"],
        "Source": "souk",
        "DetailType": "user.registered",
        "Detail": payload,
    }

    stack.client("events").put_events(Entries=[entry] * 5)

    after = visitor.registered().email
    eventually(lambda: len(mails_to(after)) == 1)
    assert len(mails_to(me["email"])) == 1


def test_each_of_many_last_units_is_sold_to_one_of_twenty_buyers(stack):
    found = as_function(
        stack,
        "OrdersFunction",
        "tests.support.concurrent_orders",
        *("rush", str(RUSHES), "20"),
        seconds=COMMAND_SECONDS + 30 * RUSHES,
    )

    assert found["ends"] == {"1 orders, 0 units": RUSHES}
    assert found["outcomes"] == {"placed": RUSHES, "out_of_stock": RUSHES * 19}


def test_fifty_equal_requests_at_once_are_one_order_each_time(stack):
    found = as_function(
        stack,
        "OrdersFunction",
        "tests.support.concurrent_orders",
        *("repeat", str(REPEATS), "50"),
        seconds=COMMAND_SECONDS + 60 * REPEATS,
    )

    assert found["ends"] == {"1 orders, 1 units": REPEATS}
    assert found["outcomes"] == {"placed": REPEATS, "replayed": REPEATS * 49}
