"""A process dies, or loses a reply, at the worst moment. A retry ends with one order."""

import subprocess
from uuid import uuid4

import pytest

from shared import ids
from tests.e2e.conftest import Shop, run_in_function_environment
from tests.support.concurrent_orders import KILLED


def list_event_types(stack, order_id: str) -> list[str]:
    """The types of this order's events in the outbox."""
    rows = stack.client("dynamodb").scan(TableName=stack.outputs["OutboxTableName"])["Items"]
    return [row["type"]["S"] for row in rows if order_id in row["payload"]["S"]]


def is_stored(stack, order_id: str) -> bool:
    found = stack.client("dynamodb").get_item(
        TableName=stack.outputs["OrdersTableName"], Key={"order_id": {"S": order_id}}
    )
    return "Item" in found


@pytest.mark.parametrize(("moment", "was_placed"), [("before", False), ("after", True)])
def test_a_retry_after_a_kill_ends_with_one_order(stack, staff, buyer: Shop, moment, was_placed):
    tea = staff.create_product(available=5)
    buyer_id, key = buyer.get("/me").json()["id"], uuid4().hex
    order_id = ids.derived_id("ord", buyer_id, key)

    with pytest.raises(subprocess.CalledProcessError) as killed:
        run_in_function_environment(
            stack,
            "OrdersFunction",
            "tests.support.concurrent_orders",
            "die",
            moment,
            tea,
            buyer_id,
            key,
        )
    was_stored = is_stored(stack, order_id)
    retried = buyer.place_order(tea, key=key)

    assert (killed.value.returncode, was_stored) == (KILLED, was_placed)
    assert (retried.status_code, retried.json()["id"]) == (201, order_id)
    assert retried.headers["idempotency-replayed"] == ("true" if was_placed else "false")
    assert buyer.get_available(tea) == 4
    assert list_event_types(stack, order_id) == ["order.placed"]


@pytest.mark.parametrize(
    ("replies", "outcome"),
    [
        (1, "placed"),  # the SDK retries with the same token
        (3, "replayed"),  # the SDK gives up; the code finds the order by its id
    ],
)
def test_lost_replies_of_the_transaction_end_with_one_order(
    stack, staff, buyer: Shop, replies, outcome
):
    tea = staff.create_product(available=5)
    buyer_id, key = buyer.get("/me").json()["id"], uuid4().hex
    order_id = ids.derived_id("ord", buyer_id, key)

    result = run_in_function_environment(
        stack,
        "OrdersFunction",
        "tests.support.concurrent_orders",
        *("lose", str(replies), tea, buyer_id, key),
    )
    retried = buyer.place_order(tea, key=key)

    assert (result["outcome"], result["tokens"]) == (outcome, 1)
    assert retried.json()["id"] == order_id
    assert buyer.get_available(tea) == 4
    assert list_event_types(stack, order_id) == ["order.placed"]
