"""Whether an address has an account shows in no answer's time, on the stack as it is deployed.

Medians of 100 requests each, taken in turns, so that what else the machine does hits both alike.
Each kind follows the other as often as itself, so that the mail that one kind causes slows down
both. When the medians differ, more requests tell a difference from noise: noise averages out.
"""

import time
from collections.abc import Callable
from itertools import count
from statistics import median
from uuid import uuid4

import httpx
import pytest

from tests.e2e.conftest import Shop

TIMES = 100
LOOKS_MAX = 5  # of TIMES requests each
WARM_UP = 5
PAUSE_SECONDS = 0.05  # for the mail that the request before has caused
UNLIKE_MAX = 0.05

_number = count()


@pytest.fixture(scope="module")
def known(visitor: Shop) -> str:
    email = f"{uuid4().hex}@example.com"
    account = {"email": email, "password": "correct horse battery", "name": "Ada Lovelace"}
    assert visitor.post("/auth/register", account).status_code == 201
    return email


@pytest.fixture(autouse=True)
def uncounted(stack):
    """Guessing is slowed down, which is not what is measured here."""
    table = stack.outputs["AttemptsTableName"]
    database = stack.client("dynamodb")

    def forget() -> None:
        for row in database.scan(TableName=table)["Items"]:
            database.delete_item(TableName=table, Key={"subject": row["subject"]})

    return forget


def difference(
    one: Callable[[], httpx.Response], other: Callable[[], httpx.Response], forget
) -> float:
    """Of the medians, as a share of the longer."""
    times: tuple[list[float], list[float]] = ([], [])

    def take(kind: int) -> float:
        forget()
        time.sleep(PAUSE_SECONDS)
        began = time.perf_counter()
        answer = (one, other)[kind]()
        lasted = time.perf_counter() - began
        assert answer.status_code in (201, 202, 401), answer.text
        return lasted

    for kind in (0, 1) * WARM_UP:
        take(kind)
    for _ in range(LOOKS_MAX):
        for turn in range(TIMES):
            for kind in (0, 1) if turn % 2 else (1, 0):
                times[kind].append(take(kind))
        medians = [median(taken) for taken in times]
        unlike = abs(medians[0] - medians[1]) / max(medians)
        if unlike < UNLIKE_MAX:
            break
    return unlike


def test_a_wrong_password_takes_as_long_as_an_unknown_address(visitor, known, uncounted):
    def log_in(email: str) -> httpx.Response:
        return visitor.post("/auth/login", {"email": email, "password": "wrong horse battery"})

    unlike = difference(
        lambda: log_in(known), lambda: log_in(f"{next(_number)}@example.com"), uncounted
    )

    assert unlike < UNLIKE_MAX


def test_registering_a_known_address_takes_as_long_as_a_new_one(visitor, known, uncounted):
    def register(email: str) -> httpx.Response:
        account = {"email": email, "password": "another password", "name": "Eve"}
        return visitor.post("/auth/register", account)

    unlike = difference(
        lambda: register(known), lambda: register(f"{uuid4().hex}@example.com"), uncounted
    )

    assert unlike < UNLIKE_MAX


@pytest.mark.parametrize("route", ["/auth/password/forgot", "/auth/verify-email/resend"])
def test_asking_for_a_link_takes_as_long_without_an_account(route, visitor, known, uncounted):
    unlike = difference(
        lambda: visitor.post(route, {"email": known}),
        lambda: visitor.post(route, {"email": f"{next(_number)}@example.com"}),
        uncounted,
    )

    assert unlike < UNLIKE_MAX
