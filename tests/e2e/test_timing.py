"""No response time of the deployed stack reveals whether an address has an account.

The tests compare first quartiles of up to 100 requests of each kind. The kinds alternate, so that
other load on the machine affects both. Each kind follows the other as often as itself, so that the
mail that one kind causes slows down both. If the quartiles differ, more requests follow: noise
averages out. Fewer do where they already show, with 99 % confidence, that the true ones do not
differ.
"""

import time
from collections.abc import Callable
from itertools import count
from uuid import uuid4

import httpx
import pytest

from tests.e2e.conftest import Shop, list_stored
from tests.support.quartiles import difference_of, greatest_difference

REQUESTS_PER_ROUND = 100  # of each kind
REQUESTS_MIN = 20
ROUNDS_MAX = 5
WARM_UP_REQUESTS = 5  # of each kind
PAUSE_SECONDS = 0.05  # for the mail that the previous request caused
DIFFERENCE_MAX = 0.05  # of the first quartiles, as a share of the longer one

pytestmark = pytest.mark.timed

_number = count()


@pytest.fixture(scope="module")
def known_email(visitor: Shop) -> str:
    email = f"{uuid4().hex}@example.com"
    account = {"email": email, "password": "correct horse battery", "name": "Ada Lovelace"}
    assert visitor.post("/auth/register", account).status_code == 201
    return email


@pytest.fixture(autouse=True)
def forget_attempts(stack):
    """A function that deletes the failed attempts. They would slow down the next requests."""
    table = stack.outputs["AttemptsTableName"]
    database = stack.client("dynamodb")

    def forget() -> None:
        for row in list_stored(stack, "AttemptsTableName"):
            database.delete_item(TableName=table, Key={"subject": row["subject"]})

    return forget


def measure_difference(
    one: Callable[[], httpx.Response], other: Callable[[], httpx.Response], forget_attempts
) -> float:
    """The difference of the first quartiles, as a share of the longer one."""
    times: tuple[list[float], list[float]] = ([], [])

    def measure_request(kind: int) -> float:
        forget_attempts()
        time.sleep(PAUSE_SECONDS)
        began = time.perf_counter()
        answer = (one, other)[kind]()
        seconds = time.perf_counter() - began
        assert answer.status_code in (201, 202, 401), answer.text
        return seconds

    for kind in (0, 1) * WARM_UP_REQUESTS:
        measure_request(kind)
    for number in range(1, ROUNDS_MAX * REQUESTS_PER_ROUND + 1):
        for kind in (0, 1) if number % 2 else (1, 0):
            times[kind].append(measure_request(kind))
        if number >= REQUESTS_MIN and greatest_difference(*times) < DIFFERENCE_MAX:
            break
        if number % REQUESTS_PER_ROUND == 0 and difference_of(*times) < DIFFERENCE_MAX:
            break
    return difference_of(*times)


def test_a_wrong_password_takes_as_long_as_an_unknown_address(
    visitor, known_email, forget_attempts
):
    def log_in(email: str) -> httpx.Response:
        return visitor.post("/auth/login", {"email": email, "password": "wrong horse battery"})

    difference = measure_difference(
        lambda: log_in(known_email),
        lambda: log_in(f"{next(_number)}@example.com"),
        forget_attempts,
    )

    assert difference < DIFFERENCE_MAX


def test_registering_a_known_address_takes_as_long_as_a_new_one(
    visitor, known_email, forget_attempts
):
    def register(email: str) -> httpx.Response:
        account = {"email": email, "password": "another password", "name": "Eve"}
        return visitor.post("/auth/register", account)

    difference = measure_difference(
        lambda: register(known_email),
        lambda: register(f"{uuid4().hex}@example.com"),
        forget_attempts,
    )

    assert difference < DIFFERENCE_MAX


@pytest.mark.parametrize("route", ["/auth/password/forgot", "/auth/verify-email/resend"])
def test_requesting_a_link_takes_as_long_without_an_account(
    route, visitor, known_email, forget_attempts
):
    difference = measure_difference(
        lambda: visitor.post(route, {"email": known_email}),
        lambda: visitor.post(route, {"email": f"{next(_number)}@example.com"}),
        forget_attempts,
    )

    assert difference < DIFFERENCE_MAX
