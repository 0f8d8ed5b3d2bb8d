"""Whole slice: whether an address has an account shows in nothing that a request causes.

That it does not show in the time either is measured on the local stack: tests/e2e/test_timing.py.
"""

from collections.abc import Callable

import pytest

from benchmarks.endpoint import record_calls
from shared.storage.models.accounts import Attempts
from tests.support.accounts import log_in, post, register

pytestmark = pytest.mark.usefixtures("aws")


def calls_of(attempt: Callable[[], object]) -> list[str]:
    """The operations, each with the number of items that it is about."""
    for row in Attempts.scan():
        row.delete()
    with record_calls() as calls:
        attempt()
    return [f"{call.operation} {call.body.count(b'TableName')}" for call in calls]


def test_a_wrong_password_and_an_unknown_address_cause_the_same_calls():
    register()

    wrong = calls_of(lambda: log_in(password="wrong horse battery"))
    unknown = calls_of(lambda: log_in(email="nobody@example.com"))

    assert wrong == unknown == ["BatchGetItem 0", "TransactWriteItems 2"]


@pytest.mark.parametrize("route", ["auth.forgot_password", "auth.resend_verification"])
def test_a_link_for_nobody_causes_the_calls_of_one_for_somebody(route):
    register()

    known = calls_of(lambda: post(route, {"email": "ada@example.com"}))
    unknown = calls_of(lambda: post(route, {"email": "nobody@example.com"}))

    assert known == unknown == ["GetItem 1", "TransactWriteItems 3"]
