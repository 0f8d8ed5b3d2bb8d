"""Many buyers in one process, or one that dies: `python -m tests.support.buyers WHAT ARGUMENTS`.

Run with OrdersFunction's own environment, so that its code meets the database of a running stack:
the local stack starts only a few instances of a function. Prints what came of it, as JSON.
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

from orders import service as orders
from orders.buyers import Buyer
from orders.schemas import OrderRequest
from products.stock.service import new_movement
from shared import ids, stock
from shared.dynamo import connection
from shared.errors import AppError
from shared.models import Order
from tests.support import shop

# That a process which was killed, as by SIGKILL, leaves behind.
KILLED = 137


def rush(rounds: int, buyers: int) -> dict[str, Any]:
    """Each round, so many buyers at once for the one unit of a new product."""

    def round_of(pool: ThreadPoolExecutor) -> Round:
        product_id = _product(available=1)
        keys = [uuid4().hex for _ in range(buyers)]
        outcomes = _at_once(pool, [_attempt(product_id, f"usr_{key}", key) for key in keys])
        order_ids = [ids.derived_id("ord", f"usr_{key}", key) for key in keys]
        return outcomes, len(Order.fetch(order_ids)), _left(product_id)

    return _counted(rounds, buyers, round_of)


def repeat(rounds: int, requests: int) -> dict[str, Any]:
    """Each round, the same request so many times at once."""

    def round_of(pool: ThreadPoolExecutor) -> Round:
        product_id, key = _product(available=requests), uuid4().hex
        outcomes = _at_once(pool, [_attempt(product_id, f"usr_{key}", key)] * requests)
        placed = list(Order.by_buyer.query(f"usr_{key}"))
        return outcomes, len(placed), requests - _left(product_id)

    return _counted(rounds, requests, round_of)


# What the attempts came to, how many orders there are then, and what the stock has less or left.
Round = tuple[list[str], int, int]


def _counted(
    rounds: int, at_once: int, round_of: Callable[[ThreadPoolExecutor], Round]
) -> dict[str, Any]:
    """How often each outcome came, and how often a round ended with so many orders and units."""
    outcomes: Counter[str] = Counter()
    ends: Counter[str] = Counter()
    began = time.monotonic()
    with ThreadPoolExecutor(at_once) as pool:
        for _ in range(rounds):
            came_to, orders_now, units = round_of(pool)
            outcomes.update(came_to)
            ends[f"{orders_now} orders, {units} units"] += 1
    seconds = round(time.monotonic() - began, 1)
    return {"outcomes": outcomes, "ends": ends, "seconds": seconds}


def die(moment: str, product_id: str, user_id: str, key: str) -> None:
    """Place an order, and be killed right before or right after its transaction commits."""
    event = {"before": "before-send", "after": "after-call"}[moment]
    connection().client.meta.events.register(
        f"{event}.dynamodb.TransactWriteItems", lambda **_: os._exit(KILLED)
    )
    _attempt(product_id, user_id, key)()


def lose(replies: int, product_id: str, user_id: str, key: str) -> dict[str, Any]:
    """Place an order whose transaction is written, and so many replies to it lost."""
    left = [replies]
    sent: list[str] = []

    def send_and_lose(request: Any, **_: Any) -> Any:
        sent.append(json.loads(request.body)["ClientRequestToken"])
        answer = URLLib3Session().send(request)
        if left[0]:
            left[0] -= 1
            raise ReadTimeoutError(endpoint_url=request.url)
        return answer

    connection().client.meta.events.register(
        "before-send.dynamodb.TransactWriteItems", send_and_lose
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
            placement = orders.place(Buyer(user_id), request, key)
        except AppError as refusal:
            return refusal.code
        return "replayed" if placement.is_replay else "placed"

    return attempt


def _at_once(pool: ThreadPoolExecutor, attempts: list[Callable[[], str]]) -> list[str]:
    start = Barrier(len(attempts))

    def go(attempt: Callable[[], str]) -> str:
        start.wait()
        return attempt()

    return list(pool.map(go, attempts))


def _product(*, available: int) -> str:
    """With the movement that explains its stock: else `make verify` would call it drift."""
    product_id = str(shop.product(uuid4().hex, available=available).product_id)
    new_movement(product_id, "count", available, "opening stock", by="usr_staff").save()
    return product_id


def _left(product_id: str) -> int:
    return stock.read({product_id: 1})[product_id].available


def main(what: str, *arguments: str) -> None:
    whole = [int(it) if it.isdecimal() else it for it in arguments]
    found = WHAT[what](*whole)
    sys.stdout.write("\n" + json.dumps(found))


WHAT: dict[str, Callable[..., Any]] = {
    "rush": rush,
    "repeat": repeat,
    "die": die,
    "lose": lose,
}

if __name__ == "__main__":
    main(*sys.argv[1:])
