"""A flash sale: `python -m tests.support.flash_sale PRODUCT_ID BUYERS WRITES_A_SECOND`.

Run with the environment of OrdersFunction: many instances of it in one process, on the database of
a running stack. That database takes any number of writes; here each item takes only so many a
second, and what is more is throttled as DynamoDB throttles a hot item.
"""

import json
import random
import sys
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier, Lock
from typing import Any

from orders import service as orders
from orders.buyers import Buyer
from orders.schemas import OrderRequest
from shared.config import Tables, settings
from shared.errors.base import AppError, Unavailable
from shared.errors.catalog import OutOfStock
from shared.storage.dynamo import connection
from tests.support.faults import cancelled_transaction
from tests.support.shop import ADDRESS


class Limit:
    """So many transactional writes to each item of the stock in a second, and no more."""

    def __init__(self, writes_a_second: int) -> None:
        self._most = writes_a_second
        self._made: Counter[tuple[str, int]] = Counter()
        self._lock = Lock()
        self.throttled = 0

    def __call__(self, params: dict[str, Any], **_: Any) -> Any:
        writes = [next(iter(it.values())) for it in json.loads(params["body"])["TransactItems"]]
        stock = settings(Tables).stock_table
        keys = [it["Key"]["product_id"]["S"] for it in writes if it["TableName"] == stock]
        second = int(time.monotonic())
        with self._lock:
            hot = {key for key in keys if self._made[key, second] >= self._most}
            if not hot:
                self._made.update((key, second) for key in keys)
                return None
            self.throttled += 1
        names = [it.get("Key", {}).get("product_id", {}).get("S") for it in writes]
        return cancelled_transaction(
            *("ThrottlingError" if name in hot else "None" for name in names)
        )


def buy_until_none_is_left(product_id: str, buyer: int, start: Barrier) -> Counter[str]:
    request = OrderRequest.model_validate(
        {"lines": [{"product_id": product_id, "quantity": 1}], "shipping_address": ADDRESS}
    )
    came: Counter[str] = Counter()
    start.wait()
    while True:
        key = f"{product_id}-{came['sold']}"  # the same one when it is tried again
        try:
            orders.place(Buyer(f"usr_buyer_{buyer}"), request, key)
        except OutOfStock:
            return came
        except Unavailable:
            came["busy"] += 1
            time.sleep(random.uniform(0, 0.1))  # noqa: S311 (no secret)
        except AppError as refusal:
            came[refusal.code] += 1
            return came
        else:
            came["sold"] += 1


def main(product_id: str, buyers: int, writes_a_second: int) -> None:
    limit = Limit(writes_a_second)
    client = connection().client
    client.meta.events.register("before-call.dynamodb.TransactWriteItems", limit)
    start = Barrier(buyers + 1)
    with ThreadPoolExecutor(buyers) as pool:
        futures = [
            pool.submit(buy_until_none_is_left, product_id, buyer, start) for buyer in range(buyers)
        ]
        start.wait()
        began = time.monotonic()
        came = sum((it.result() for it in futures), Counter())
        took = time.monotonic() - began
    facts = {**came, "seconds": took, "throttled": limit.throttled}
    sys.stdout.write("\n" + json.dumps(facts))


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]))
