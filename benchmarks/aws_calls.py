"""The AWS calls of each operation of a warm function, counted on moto.

`tests/benchmarks` holds the same budgets.
"""

import json
import os
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from moto import mock_aws

from auth.handler import handler as auth
from benchmarks import account_operations, catalog_operations, order_operations
from benchmarks.account_operations import CREDENTIALS, KEY_OWNER
from benchmarks.catalog_operations import AVAILABLE, SKUS
from benchmarks.operation import Operation, require_success
from benchmarks.order_operations import FIRST_ORDER_KEY, PROMOTION, place_order
from benchmarks.report import Budget, Row
from shared.aws import client
from shared.security.key_rings import key_ring
from tests.support import pricing, shop, template
from tests.support.http import ADA, NOBODY, send

OPERATIONS: tuple[Operation, ...] = (
    *account_operations.OPERATIONS,
    *catalog_operations.OPERATIONS,
    *order_operations.OPERATIONS,
)


def rows() -> list[Row]:
    with empty_account():
        seed_shop()
        return [_cached_authorizer_row(), *(_row(operation) for operation in OPERATIONS)]


def seed_shop() -> None:
    """Stores what the operations need: products with stock, rates, accounts and an order."""
    for sku in SKUS:
        shop.product(sku, available=AVAILABLE, category="kitchen/tea")
    pricing.store_tax_rates(pricing.destination(shop.ADDRESS["country"], included=True))
    pricing.store_shipping_rates(pricing.zone("*"))
    pricing.promotion(PROMOTION, uses_max=1000, uses_per_customer_max=1000)
    body = CREDENTIALS | {"name": "Ada"}
    require_success(send(auth, "auth.register", caller=NOBODY, body=body))
    shop.user(KEY_OWNER, roles={"customer", "staff"})
    shop.user(ADA.user_id)
    place_order(FIRST_ORDER_KEY)


def _row(operation: Operation) -> Row:
    names = [call.operation for call in operation.record_calls()]
    detail = ", ".join(f"{count} {name}" for name, count in Counter(names).items())
    return Row(
        f"AWS calls: {operation.name}",
        operation.budget,
        len(names) / operation.count,
        detail if operation.count > 1 else ", ".join(names),
    )


def _cached_authorizer_row() -> Row:
    """The template decides this count: API Gateway caches the authorizer's answer."""
    api = template.resources()["Api"]["Properties"]
    identity = api["Auth"]["Authorizers"]["TokenAuthorizer"]["Identity"]
    seconds = identity["ReauthorizeEvery"]
    detail = f"not invoked: API Gateway caches the answer for {seconds} s"
    return Row("AWS calls: authorizer, known token", Budget(0), 0 if seconds else 1, detail)


@contextmanager
def empty_account() -> Iterator[None]:
    """An account on moto with the template's tables, all empty, and the key rings."""
    key_ring.forget()  # type: ignore[attr-defined]
    with mock_aws():
        template.create_tables(client("dynamodb"))
        for name, value in os.environ.items():
            if name.endswith("_SECRET_ARN"):
                ring: dict[str, Any] = {"current": "k1", "k1": value.ljust(64, "x")}
                client("secretsmanager").create_secret(Name=value, SecretString=json.dumps(ring))
        yield
