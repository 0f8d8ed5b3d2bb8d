"""A process dies, or loses a reply, at the worst moment. A retry ends with one order.

MiniStack dies, or its state is deleted: what was saved is there at the next start, and it says so.
"""

import os
import random
import shutil
import signal
import subprocess
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from local import saved_state
from local import stack as local_stack
from local.emulator import StackError
from shared import ids
from tests.e2e.conftest import (
    Shop,
    connect,
    fetch_url,
    list_stored,
    run_in_function_environment,
    wait_until,
)
from tests.support.concurrent_orders import KILLED


def list_event_types(stack, order_id: str) -> list[str]:
    """The types of this order's events in the outbox."""
    rows = list_stored(stack, "OutboxTableName")
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


def read_streams_from_the_start(state: Path) -> None:
    """As the template says. The test of lost events makes a mapping that begins at the end."""
    for path in (state / saved_state.FOLDER).glob("lambda-*.json"):
        path.write_text(path.read_text().replace('"LATEST"', '"TRIM_HORIZON"'))


@pytest.fixture
def copied_state(stack, tmp_path: Path) -> Path:
    """The state of the stack as a save has it, in a folder of its own."""
    left_out = shutil.ignore_patterns("logs", "tmp", "lock", "*.tmp")
    for attempt in range(10):
        copy = tmp_path / f"state-{attempt}"
        try:
            shutil.copytree(stack.log_dir.parent, copy, ignore=left_out)
            if saved_state.restore(copy, tmp_path / "check") is not None:
                read_streams_from_the_start(copy)
                return copy
        except (shutil.Error, saved_state.UnreadableState):
            continue  # the next save has just replaced a file
    pytest.fail("no save could be copied")


def is_saved_since(state: Path, moment: datetime) -> bool:
    saved = saved_state.read(state)
    return saved is not None and datetime.fromisoformat(saved.saved_at) > moment


def kill_after_an_order(state: Path, seconds: float) -> dict[str, Any]:
    """Kills MiniStack so long after the first save that has the order and its mail."""
    with local_stack.start(state) as shop, connect(shop) as visitor:
        buyer = visitor.log_in(shop.customer.email, shop.customer.password)
        placed = buyer.place_order(shop.product_id)
        assert placed.status_code == 201, placed.text
        order: dict[str, Any] = placed.json()
        wait_until(lambda: order["id"] in fetch_url(f"{shop.mailbox_url}.txt").text)
        placed_at = datetime.now(UTC)
        wait_until(lambda: bool(buyer.get("/me")) and is_saved_since(state, placed_at))
        wait_until(lambda: order["id"] in (state / "mails.json").read_text())
        time.sleep(seconds)
        os.kill(shop._aws._process.pid, signal.SIGKILL)  # noqa: SLF001
        wait_until(lambda: not shop._aws.is_running())  # noqa: SLF001
        with pytest.raises(StackError, match="continues with what was saved last"):
            shop.check()
    return order


def test_a_shop_whose_ministack_was_killed_keeps_what_it_saved(copied_state: Path):
    orders = [
        kill_after_an_order(copied_state, random.uniform(0, 3))  # noqa: S311 (no secret)
        for _ in range(2)
    ]
    steps: list[str] = []

    with local_stack.start(copied_state, say=steps.append) as shop, connect(shop) as visitor:
        buyer = visitor.log_in(shop.customer.email, shop.customer.password)
        mails = fetch_url(f"{shop.mailbox_url}.json").text
        for order in orders:
            found = buyer.get(f"/orders/{order['id']}")
            assert found.json().get("id") == order["id"], found.text
            assert order["id"] in mails
        shutil.rmtree(copied_state, ignore_errors=True)  # functions still write to it
        with pytest.raises(StackError, match="was deleted while the shop ran"):
            shop.check()

    (said,) = [step for step in steps if "killed or crashed" in step]
    assert "What happened after that is lost" in said
    assert "The last deploy is current; nothing to build" in steps
