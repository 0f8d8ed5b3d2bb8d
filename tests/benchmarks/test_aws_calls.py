"""Each operation of a warm function stays within the budget that `make bench` prints."""

import pytest

from benchmarks import aws_calls
from benchmarks.aws_calls import OPERATIONS
from benchmarks.endpoint import record_calls
from shared.aws import client

BUDGETED = [operation for operation in OPERATIONS if operation.budget]


pytestmark = pytest.mark.usefixtures("aws")


@pytest.mark.parametrize("operation", BUDGETED, ids=lambda operation: operation.name)
def test_a_warm_operation_stays_within_its_calls(operation):
    aws_calls.seed_shop()

    calls = operation.record_calls()

    assert operation.is_in_budget(calls), [call.operation for call in calls]


def test_calls_of_every_client_are_counted():
    with record_calls() as calls:
        client("dynamodb").list_tables()
        client("s3").list_buckets()

    assert [call.operation for call in calls] == ["ListTables", "ListBuckets"]


def test_a_refused_operation_is_an_error():
    place_order = next(operation for operation in OPERATIONS if operation.name == "place order")

    with pytest.raises(AssertionError, match="unknown_products"):
        place_order.record_calls()  # the shop has no products
