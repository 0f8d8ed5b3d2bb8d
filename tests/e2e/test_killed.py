"""A process that dies, or hears nothing, at the worst moment: a retry ends with one order."""

import subprocess
from uuid import uuid4

import pytest

from shared import ids
from tests.e2e.conftest import Shop, as_function
from tests.support.concurrent_orders import KILLED


def events_of(stack, order_id: str) -> list[str]:
    """The types of the rows of the outbox that tell of this order."""
    rows = stack.client("dynamodb").scan(TableName=stack.outputs["OutboxTableName"])["Items"]
    return [row["type"]["S"] for row in rows if order_id in row["payload"]["S"]]


def is_stored(stack, order_id: str) -> bool:
    found = stack.client("dynamodb").get_item(
        TableName=stack.outputs["OrdersTableName"], Key={"order_id": {"S": order_id}}
    )
    return "Item" in found


@pytest.mark.parametrize(("moment", "was_placed"), [("before", False), ("after", True)])
def test_killed_at_the_commit_a_retry_ends_with_one_order(
    stack, staff, buyer: Shop, moment, was_placed
):
    tea = staff.product(available=5)
    buyer_id, key = buyer.get("/me").json()["id"], uuid4().hex
    order_id = ids.derived_id("ord", buyer_id, key)

    with pytest.raises(subprocess.CalledProcessError) as killed:
        as_function(
            stack,
            "OrdersFunction",
            "tests.support.concurrent_orders",
            "die",
            moment,
            tea,
            buyer_id,
            key,
        )
    stored_before_the_retry = is_stored(stack, order_id)
    retried = buyer.order(tea, key=key)

    assert (killed.value.returncode, stored_before_the_retry) == (KILLED, was_placed)
    assert (retried.status_code, retried.json()["id"]) == (201, order_id)
    assert retried.headers["idempotency-replayed"] == ("true" if was_placed else "false")
    assert buyer.available(tea) == 4
    assert events_of(stack, order_id) == ["order.placed"]


@pytest.mark.parametrize(
    ("replies", "outcome"),
    [
        (1, "placed"),  # the SDK asks again, with the token of the first time
        (3, "replayed"),  # all its tries are used up: the order is found by its id
    ],
)
def test_when_replies_of_the_transaction_are_lost_there_is_one_order_and_it_is_the_answer(
    stack, staff, buyer: Shop, replies, outcome
):
    tea = staff.product(available=5)
    buyer_id, key = buyer.get("/me").json()["id"], uuid4().hex
    order_id = ids.derived_id("ord", buyer_id, key)

    found = as_function(
        stack,
        "OrdersFunction",
        "tests.support.concurrent_orders",
        *("lose", str(replies), tea, buyer_id, key),
    )
    retried = buyer.order(tea, key=key)

    assert (found["outcome"], found["tokens"]) == (outcome, 1)
    assert retried.json()["id"] == order_id
    assert buyer.available(tea) == 4
    assert events_of(stack, order_id) == ["order.placed"]
