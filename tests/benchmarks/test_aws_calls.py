"""The budgets of AWS calls that `make bench` prints, held for each operation of a warm function."""

import pytest

from benchmarks import aws_calls
from benchmarks.aws_calls import OPERATIONS
from benchmarks.endpoint import watched
from shared.aws import client

BUDGETED = [operation for operation in OPERATIONS if operation.budget]


pytestmark = pytest.mark.usefixtures("aws")


@pytest.mark.parametrize("operation", BUDGETED, ids=lambda operation: operation.what)
def test_a_warm_operation_keeps_to_its_calls(operation):
    aws_calls.seed()

    calls = [call.operation for call in operation.calls()]

    assert operation.budget.holds(len(calls)), calls


def test_a_call_of_any_client_is_counted():
    with watched() as calls:
        client("dynamodb").list_tables()
        client("s3").list_buckets()

    assert [call.operation for call in calls] == ["ListTables", "ListBuckets"]


def test_an_operation_that_is_refused_is_not_counted_as_cheap():
    place_order = next(each for each in OPERATIONS if each.what == "place order")

    with pytest.raises(AssertionError, match="unknown_products"):
        place_order.calls()  # from a shop without products
