"""Rules on moto with faults that moto does not have: conflicts, throttling, lost replies."""

import random
from types import SimpleNamespace

import pytest
from botocore.exceptions import (
    ConnectionClosedError,
    ConnectTimeoutError,
    EndpointConnectionError,
    ReadTimeoutError,
)
from pynamodb.exceptions import TransactWriteError

from shared import retries
from shared.errors.base import Unavailable
from shared.errors.catalog import OutOfStock
from shared.storage import dynamo
from shared.storage.models.catalog import Product, Stock
from shared.storage.transactions import ATTEMPTS, Contended, Transaction, Unwritable
from tests.support import shop
from tests.support.faults import cancelled_transaction, error_reply, inject_faults

pytestmark = pytest.mark.usefixtures("aws")

URL = "https://dynamodb.example"
CONFLICT = cancelled_transaction("TransactionConflict")


@pytest.fixture(autouse=True)
def pauses(monkeypatch) -> list[float]:
    """The length of each pause, without waiting."""
    seconds: list[float] = []
    monkeypatch.setattr(retries, "time", SimpleNamespace(sleep=seconds.append))
    return seconds


def sale(product: Product, quantity: int = 1) -> Transaction:
    transaction = Transaction()
    transaction.update(
        Stock(product.product_id),
        [Stock.available.add(-quantity)],
        only_if=Stock.available >= quantity,
        otherwise=OutOfStock("Sold out."),
    )
    return transaction


def transactions(*faults):
    return inject_faults(dynamo.connection().client, "TransactWriteItems", *faults)


@pytest.mark.parametrize("lost", range(ATTEMPTS))
def test_a_conflict_is_retried_and_written_once(lost):
    tea = shop.product("TEA", available=5)

    with transactions(*[CONFLICT] * lost) as calls:
        sale(tea).commit()

    assert len(calls) == lost + 1
    assert shop.available(tea) == 4


def test_a_transaction_gives_up_after_four_conflicts():
    tea = shop.product("TEA", available=5)

    with transactions(*[CONFLICT] * 100) as calls, pytest.raises(Contended) as raised:
        sale(tea).commit()

    assert (raised.value.status, raised.value.code) == (503, "unavailable")
    assert raised.value.headers() == {"Retry-After": "1"}
    assert len(calls) == 4
    assert shop.available(tea) == 5


@pytest.mark.parametrize("attempts", [1, 2, 7])
def test_a_caller_chooses_the_number_of_attempts(pauses, attempts):
    tea = shop.product("TEA", available=5)

    with transactions(*[CONFLICT] * 100) as calls, pytest.raises(Contended):
        sale(tea).commit(attempts=attempts)

    assert (len(calls), len(pauses)) == (attempts, attempts - 1)
    assert shop.available(tea) == 5


@pytest.mark.parametrize(("lost", "attempts"), [(0, 1), (1, 2), (6, 7)])
def test_the_last_attempt_can_succeed(lost, attempts):
    tea = shop.product("TEA", available=5)

    with transactions(*[CONFLICT] * lost):
        sale(tea).commit(attempts=attempts)

    assert shop.available(tea) == 4


def test_pauses_are_short_and_none_follows_the_last_attempt(pauses, monkeypatch):
    monkeypatch.setattr(random, "uniform", lambda _, most: most)
    tea = shop.product("TEA", available=5)

    with transactions(*[CONFLICT] * 100), pytest.raises(Unavailable):
        sale(tea).commit()

    assert pauses == [0.05, 0.1, 0.2]


@pytest.mark.parametrize(
    "code", ["TransactionConflict", "ThrottlingError", "ProvisionedThroughputExceeded"]
)
def test_a_transient_cancellation_is_retried(code):
    tea = shop.product("TEA", available=5)

    with transactions(cancelled_transaction("None", code)) as calls:
        sale(tea).commit()

    assert len(calls) == 2
    assert shop.available(tea) == 4


def test_a_failed_condition_outweighs_a_conflict():
    transaction = sale(shop.product("TEA", available=5))
    transaction.put(Stock("prd_pot", available=1, version=1))  # pynamodb sends puts before updates
    reasons = cancelled_transaction("TransactionConflict", "ConditionalCheckFailed")

    with transactions(reasons) as calls, pytest.raises(OutOfStock):
        transaction.commit()

    assert len(calls) == 1


@pytest.mark.parametrize("code", ["ValidationError", "ItemCollectionSizeLimitExceeded"])
def test_a_permanent_cancellation_is_not_retried(code):
    reasons = cancelled_transaction("TransactionConflict", code)
    tea = shop.product("TEA", available=5)

    with transactions(reasons) as calls, pytest.raises(Unwritable):
        sale(tea).commit()

    assert len(calls) == 1


def test_all_kinds_of_overload_at_once_are_retried():
    reasons = cancelled_transaction(
        "TransactionConflict", "ThrottlingError", "ProvisionedThroughputExceeded"
    )
    tea = shop.product("TEA", available=5)

    with transactions(reasons) as calls:
        sale(tea).commit()

    assert len(calls) == 2
    assert shop.available(tea) == 4


SILENCE = [
    ReadTimeoutError(endpoint_url=URL),
    ConnectTimeoutError(endpoint_url=URL),
    EndpointConnectionError(endpoint_url=URL),
    ConnectionClosedError(endpoint_url=URL),
]
OVERLOAD = [
    error_reply("ThrottlingException"),
    error_reply("ProvisionedThroughputExceededException"),
    error_reply("RequestLimitExceeded"),
    error_reply("TransactionInProgressException"),
    error_reply("InternalServerError", status=500),
    error_reply("ServiceUnavailable", status=503),
    error_reply("502", status=502),  # botocore's error for a reply that is not JSON
]


def name_of(fault):
    return type(fault).__name__ if isinstance(fault, Exception) else fault[1]["Error"]["Code"]


@pytest.mark.parametrize("fault", SILENCE + OVERLOAD, ids=name_of)
def test_a_write_fails_as_unavailable_when_dynamodb_does(fault):
    tea = shop.product("TEA", available=5)

    with transactions(fault) as calls, pytest.raises(Unavailable) as raised:
        sale(tea).commit()

    assert not isinstance(raised.value, Contended)  # Contended would claim that nothing was written
    assert len(calls) == 1
    assert shop.available(tea) == 5


@pytest.mark.parametrize("fault", SILENCE + OVERLOAD, ids=name_of)
def test_a_read_fails_as_unavailable_when_dynamodb_does(fault):
    with inject_faults(dynamo.connection().client, "GetItem", fault), pytest.raises(Unavailable):
        Stock.get("prd_tea")


def test_a_denied_permission_is_not_an_overload():
    tea = shop.product("TEA", available=5)

    with transactions(error_reply("AccessDeniedException")), pytest.raises(TransactWriteError):
        sale(tea).commit()
