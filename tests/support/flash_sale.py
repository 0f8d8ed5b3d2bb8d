"""A flash sale: `python -m tests.support.flash_sale PRODUCT_ID BUYERS WRITES_PER_SECOND`.

Run it with OrdersFunction's environment, so that many instances in one process use a running
stack's database. That database accepts any number of writes. Here each item accepts a limited
number per second and throttles the rest, as DynamoDB throttles a hot item.
"""

import json
import random
import sys
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier, Lock
from typing import Any

from orders.checkout import placement as orders
from orders.checkout.schemas import OrderRequest
from orders.lifecycle.buyers import Buyer
from shared.config import Tables, settings
from shared.errors.base import AppError, Unavailable
from shared.errors.catalog import OutOfStock
from shared.storage.dynamo import connection
from tests.support.faults import cancelled_transaction
from tests.support.shop import ADDRESS


class WriteLimit:
    """Throttles transactional writes to an item of the stock beyond a number per second."""

    def __init__(self, writes_per_second: int) -> None:
        self._limit = writes_per_second
        self._writes: Counter[tuple[str, int]] = Counter()
        self._lock = Lock()
        self.throttled = 0

    def busiest(self) -> int:
        """The number of writes to the item that was written most, over the whole sale."""
        by_item: Counter[str] = Counter()
        for (key, _), count in self._writes.items():
            by_item[key] += count
        return max(by_item.values())

    def __call__(self, params: dict[str, Any], **_: Any) -> Any:
        writes = [next(iter(item.values())) for item in json.loads(params["body"])["TransactItems"]]
        stock = settings(Tables).stock_table
        keys = [write["Key"]["product_id"]["S"] for write in writes if write["TableName"] == stock]
        second = int(time.monotonic())
        with self._lock:
            hot = {key for key in keys if self._writes[key, second] >= self._limit}
            if not hot:
                self._writes.update((key, second) for key in keys)
                return None
            self.throttled += 1
        names = [write.get("Key", {}).get("product_id", {}).get("S") for write in writes]
        return cancelled_transaction(
            *("ThrottlingError" if name in hot else "None" for name in names)
        )


def buy_until_sold_out(product_id: str, buyer: int, start: Barrier) -> Counter[str]:
    request = OrderRequest.model_validate(
        {"lines": [{"product_id": product_id, "quantity": 1}], "shipping_address": ADDRESS}
    )
    outcomes: Counter[str] = Counter()
    start.wait()
    while True:
        key = f"{product_id}-{outcomes['sold']}"  # a retry uses the same key
        try:
            orders.place_order(Buyer(f"usr_buyer_{buyer}"), request, key)
        except OutOfStock:
            return outcomes
        except Unavailable:
            outcomes["busy"] += 1
            time.sleep(random.uniform(0, 0.1))  # noqa: S311 (no secret)
        except AppError as refusal:
            outcomes[refusal.code] += 1
            return outcomes
        else:
            outcomes["sold"] += 1


def main(product_id: str, buyers: int, writes_per_second: int) -> None:
    limit = WriteLimit(writes_per_second)
    client = connection().client
    client.meta.events.register("before-call.dynamodb.TransactWriteItems", limit)
    start = Barrier(buyers + 1)
    with ThreadPoolExecutor(buyers) as pool:
        futures = [
            pool.submit(buy_until_sold_out, product_id, buyer, start) for buyer in range(buyers)
        ]
        start.wait()
        began = time.monotonic()
        outcomes = sum((future.result() for future in futures), Counter())
        took = time.monotonic() - began
    result = {**outcomes, "seconds": took, "throttled": limit.throttled, "busiest": limit.busiest()}
    sys.stdout.write("\n" + json.dumps(result))


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]))
