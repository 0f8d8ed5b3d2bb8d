"""Many buyers in one process, or a buyer whose process dies.

    python -m tests.support.concurrent_orders COMMAND ARGUMENTS

Run it with OrdersFunction's environment, so that the code uses a running stack's database. The
local stack would take minutes to start that many instances. Prints the result as JSON.
"""

import json
import os
import sys
import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any
from uuid import uuid4

from botocore.exceptions import ReadTimeoutError
from botocore.httpsession import URLLib3Session

from orders.checkout import placement as orders
from orders.checkout.schemas import OrderRequest
from orders.lifecycle.buyers import Buyer
from products.stock.service import new_movement
from shared import ids
from shared.errors.base import AppError
from shared.storage import stock
from shared.storage.dynamo import connection
from shared.storage.models.orders import Order
from tests.support import shop

KILLED = 137  # the exit status of a process that SIGKILL ended


def rush(rounds: int, buyers: int) -> dict[str, Any]:
    """In each round, buyers order the only unit of a new product at once."""

    def run_round(pool: ThreadPoolExecutor) -> Round:
        product_id = _create_product(available=1)
        keys = [uuid4().hex for _ in range(buyers)]
        outcomes = _run_at_once(pool, [_attempt(product_id, f"usr_{key}", key) for key in keys])
        order_ids = [ids.derived_id("ord", f"usr_{key}", key) for key in keys]
        return outcomes, len(Order.find_many(order_ids)), _available(product_id)

    return _count_outcomes(rounds, buyers, run_round)


def repeat(rounds: int, requests: int) -> dict[str, Any]:
    """In each round, one buyer sends the same request several times at once."""

    def run_round(pool: ThreadPoolExecutor) -> Round:
        product_id, key = _create_product(available=requests), uuid4().hex
        outcomes = _run_at_once(pool, [_attempt(product_id, f"usr_{key}", key)] * requests)
        placed = list(Order.by_buyer.query(f"usr_{key}"))
        return outcomes, len(placed), requests - _available(product_id)

    return _count_outcomes(rounds, requests, run_round)


# The outcome of each attempt, the number of orders after it, and the units left or sold.
Round = tuple[list[str], int, int]


def _count_outcomes(
    rounds: int, at_once: int, run_round: Callable[[ThreadPoolExecutor], Round]
) -> dict[str, Any]:
    """Counts the outcomes, and the numbers of orders and units at the ends of the rounds."""
    outcomes: Counter[str] = Counter()
    ends: Counter[str] = Counter()
    began = time.monotonic()
    with ThreadPoolExecutor(at_once) as pool:
        for _ in range(rounds):
            round_outcomes, order_count, units = run_round(pool)
            outcomes.update(round_outcomes)
            ends[f"{order_count} orders, {units} units"] += 1
    seconds = round(time.monotonic() - began, 1)
    return {"outcomes": outcomes, "ends": ends, "seconds": seconds}


def die(moment: str, product_id: str, user_id: str, key: str) -> None:
    """Places an order. The process dies right before or right after the transaction commits."""
    event = {"before": "before-send", "after": "after-call"}[moment]
    connection().client.meta.events.register(
        f"{event}.dynamodb.TransactWriteItems", lambda **_: os._exit(KILLED)
    )
    _attempt(product_id, user_id, key)()


def lose_replies(count: int, product_id: str, user_id: str, key: str) -> dict[str, Any]:
    """Places an order. Its transaction commits, but the first replies to it are lost."""
    remaining = [count]
    sent: list[str] = []

    def send_and_lose_reply(request: Any, **_: Any) -> Any:
        sent.append(json.loads(request.body)["ClientRequestToken"])
        answer = URLLib3Session().send(request)
        if remaining[0]:
            remaining[0] -= 1
            raise ReadTimeoutError(endpoint_url=request.url)
        return answer

    connection().client.meta.events.register(
        "before-send.dynamodb.TransactWriteItems", send_and_lose_reply
    )
    outcome = _attempt(product_id, user_id, key)()
    return {"outcome": outcome, "sent": len(sent), "tokens": len(set(sent))}


def _attempt(product_id: str, user_id: str, key: str) -> Callable[[], str]:
    request = OrderRequest.model_validate(
        {
            "lines": [{"product_id": product_id, "quantity": 1}],
            "shipping_address": shop.ADDRESS,
        }
    )

    def attempt() -> str:
        try:
            placement = orders.place_order(Buyer(user_id), request, key)
        except AppError as refusal:
            return refusal.code
        return "replayed" if placement.is_replay else "placed"

    return attempt


def _run_at_once(pool: ThreadPoolExecutor, attempts: list[Callable[[], str]]) -> list[str]:
    start = Barrier(len(attempts))

    def run(attempt: Callable[[], str]) -> str:
        start.wait()
        return attempt()

    return list(pool.map(run, attempts))


def _create_product(*, available: int) -> str:
    """Stores the movement of its stock too; without it, `make verify` reports drift."""
    product_id = str(shop.product(uuid4().hex, available=available).product_id)
    new_movement(product_id, "count", available, "opening stock", by="usr_staff").save()
    return product_id


def _available(product_id: str) -> int:
    return stock.get_stocks({product_id: 1})[product_id].available


def main(command: str, *arguments: str) -> None:
    values = [int(argument) if argument.isdecimal() else argument for argument in arguments]
    result = COMMANDS[command](*values)
    sys.stdout.write("\n" + json.dumps(result))


COMMANDS: dict[str, Callable[..., Any]] = {
    "rush": rush,
    "repeat": repeat,
    "die": die,
    "lose": lose_replies,
}

if __name__ == "__main__":
    main(*sys.argv[1:])
