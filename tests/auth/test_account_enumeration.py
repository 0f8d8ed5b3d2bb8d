"""Whole slice: the AWS calls of a request do not reveal whether an address has an account.

tests/e2e/test_timing.py measures on the local stack that the time does not reveal it either.
"""

from collections.abc import Callable

import pytest

from benchmarks.endpoint import record_calls
from shared.storage.models.accounts import Attempts
from tests.support.accounts import log_in, post, register

pytestmark = pytest.mark.usefixtures("aws")


def calls_of(attempt: Callable[[], object]) -> list[str]:
    """Return each operation with its number of items."""
    for row in Attempts.scan():
        row.delete()
    with record_calls() as calls:
        attempt()
    return [f"{call.operation} {call.body.count(b'TableName')}" for call in calls]


def test_unknown_addresses_cause_the_calls_of_wrong_passwords():
    register()

    wrong = calls_of(lambda: log_in(password="wrong horse battery"))
    unknown = calls_of(lambda: log_in(email="nobody@example.com"))

    assert wrong == unknown == ["BatchGetItem 0", "TransactWriteItems 2"]


@pytest.mark.parametrize("route", ["auth.forgot_password", "auth.resend_verification"])
def test_link_requests_cause_the_same_calls_without_an_account(route):
    register()

    known = calls_of(lambda: post(route, {"email": "ada@example.com"}))
    unknown = calls_of(lambda: post(route, {"email": "nobody@example.com"}))

    assert known == unknown == ["GetItem 1", "TransactWriteItems 3"]
