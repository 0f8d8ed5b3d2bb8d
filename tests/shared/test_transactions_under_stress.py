"""Rules on moto, with the faults that moto does not have: lost races, throttling, silence."""

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
from shared.storage.transactions import ATTEMPTS, Contended, Transaction
from tests.support import shop
from tests.support.faults import cancelled_transaction, error_reply, inject_faults

pytestmark = pytest.mark.usefixtures("aws")

URL = "https://dynamodb.example"
CONFLICT = cancelled_transaction("TransactionConflict")


@pytest.fixture(autouse=True)
def naps(monkeypatch) -> list[float]:
    """How long each wait was, with nobody dynamo."""
    taken: list[float] = []
    monkeypatch.setattr(retries, "time", SimpleNamespace(sleep=taken.append))
    return taken


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
def test_a_lost_race_is_run_again_and_won_once(lost):
    tea = shop.product("TEA", available=5)

    with transactions(*[CONFLICT] * lost) as calls:
        sale(tea).commit()

    assert len(calls) == lost + 1
    assert shop.available(tea) == 4


def test_four_lost_races_are_enough():
    tea = shop.product("TEA", available=5)

    with transactions(*[CONFLICT] * 100) as calls, pytest.raises(Contended) as raised:
        sale(tea).commit()

    assert (raised.value.status, raised.value.code) == (503, "unavailable")
    assert raised.value.headers() == {"Retry-After": "1"}
    assert len(calls) == 4
    assert shop.available(tea) == 5


@pytest.mark.parametrize("tries", [1, 2, 7])
def test_as_many_races_are_run_as_are_asked_for(naps, tries):
    tea = shop.product("TEA", available=5)

    with transactions(*[CONFLICT] * 100) as calls, pytest.raises(Contended):
        sale(tea).commit(attempts=tries)

    assert (len(calls), len(naps)) == (tries, tries - 1)
    assert shop.available(tea) == 5


@pytest.mark.parametrize(("lost", "tries"), [(0, 1), (1, 2), (6, 7)])
def test_a_race_that_is_won_at_the_last_try_is_won(lost, tries):
    tea = shop.product("TEA", available=5)

    with transactions(*[CONFLICT] * lost):
        sale(tea).commit(attempts=tries)

    assert shop.available(tea) == 4


def test_the_waits_between_tries_are_short_and_none_comes_after_the_last(naps, monkeypatch):
    monkeypatch.setattr(random, "uniform", lambda _, most: most)
    tea = shop.product("TEA", available=5)

    with transactions(*[CONFLICT] * 100), pytest.raises(Unavailable):
        sale(tea).commit()

    assert naps == [0.05, 0.1, 0.2]


@pytest.mark.parametrize(
    "code", ["TransactionConflict", "ThrottlingError", "ProvisionedThroughputExceeded"]
)
def test_a_cancellation_that_may_pass_is_tried_again(code):
    tea = shop.product("TEA", available=5)

    with transactions(cancelled_transaction("None", code)) as calls:
        sale(tea).commit()

    assert len(calls) == 2
    assert shop.available(tea) == 4


def test_a_failed_condition_outweighs_a_lost_race():
    transaction = sale(shop.product("TEA", available=5))
    transaction.put(Stock("prd_pot", available=1, version=1))  # puts are sent before updates
    reasons = cancelled_transaction("TransactionConflict", "ConditionalCheckFailed")

    with transactions(reasons) as calls, pytest.raises(OutOfStock):
        transaction.commit()

    assert len(calls) == 1


@pytest.mark.parametrize("code", ["ValidationError", "ItemCollectionSizeLimitExceeded"])
def test_a_cancellation_that_will_not_pass_is_not_tried_again(code):
    reasons = cancelled_transaction("TransactionConflict", code)
    tea = shop.product("TEA", available=5)

    with transactions(reasons) as calls, pytest.raises(TransactWriteError):
        sale(tea).commit()

    assert len(calls) == 1


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
    error_reply("502", status=502),  # what botocore makes of a reply that is no JSON
]


def name_of(fault):
    return type(fault).__name__ if isinstance(fault, Exception) else fault[1]["Error"]["Code"]


@pytest.mark.parametrize("fault", SILENCE + OVERLOAD, ids=name_of)
def test_a_write_that_dynamodb_cannot_take_is_unavailable(fault):
    tea = shop.product("TEA", available=5)

    with transactions(fault) as calls, pytest.raises(Unavailable) as raised:
        sale(tea).commit()

    assert not isinstance(raised.value, Contended)  # which would say that nothing was written
    assert len(calls) == 1
    assert shop.available(tea) == 5


@pytest.mark.parametrize("fault", SILENCE + OVERLOAD, ids=name_of)
def test_a_read_that_dynamodb_cannot_take_is_unavailable(fault):
    with inject_faults(dynamo.connection().client, "GetItem", fault), pytest.raises(Unavailable):
        Stock.get("prd_tea")


def test_a_denied_permission_is_no_overload():
    tea = shop.product("TEA", available=5)

    with transactions(error_reply("AccessDeniedException")), pytest.raises(TransactWriteError):
        sale(tea).commit()
