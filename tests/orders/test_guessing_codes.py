"""Nobody can guess promotion codes: unknown codes are limited, and a secret code looks unknown."""

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest

from benchmarks.endpoint import record_calls
from orders.checkout import placement
from orders.checkout.schemas import QuoteRequest
from orders.handler import handler
from orders.lifecycle.buyers import Buyer
from orders.pricing.promotions import guesses
from shared import clock
from shared.config import OrderSettings
from shared.storage import rate_limits
from shared.storage.models.accounts import Attempts
from shared.storage.models.orders import Order
from shared.storage.models.pricing import Promotion
from tests.support import pricing, shop
from tests.support.http import (
    ADA,
    BOB,
    ELSEWHERE,
    HOME,
    NOBODY,
    Answer,
    called_from,
    outcome_of,
    send,
)
from tests.support.order_requests import place_guest_order
from tests.support.shop import line

pytestmark = pytest.mark.usefixtures("aws")

NOON = datetime(2026, 11, 24, 12, 10, tzinfo=UTC)
LIMIT = 3


@pytest.fixture
def tea():
    return shop.product("TEA", price_minor=1000, available=100)


@pytest.fixture(autouse=True)
def _three_an_hour(monkeypatch):
    limited = OrderSettings(promotion_guesses_per_hour=LIMIT)
    monkeypatch.setattr(guesses, "settings", {OrderSettings: limited}.__getitem__)
    monkeypatch.setattr(clock, "utc_now", lambda: NOON)


def quote(tea, code, *, caller=ADA) -> Answer:
    body = {"lines": [line(tea)], "shipping_address": {"country": "DE"}, "promotion_code": code}
    return send(handler, "orders.quote", body=body, caller=caller)


def quote_as_guest(tea, code, *, address=HOME) -> Answer:
    body = {"lines": [line(tea)], "shipping_address": {"country": "DE"}, "promotion_code": code}
    return send(called_from(handler, address), "guest.quote", body=body, caller=NOBODY)


def order(tea, code, *, key="key-1", caller=ADA) -> Answer:
    body = {"lines": [line(tea)], "shipping_address": shop.ADDRESS, "promotion_code": code}
    headers = {"idempotency-key": key}
    return send(handler, "orders.place", body=body, headers=headers, caller=caller)


def order_as_guest(tea, code) -> Answer:
    return place_guest_order(tea, promotion_code=code)


WAYS = [quote, quote_as_guest, order, order_as_guest]


@pytest.mark.parametrize("ask", WAYS)
def test_after_too_many_unknown_codes_every_code_waits(tea, ask):
    pricing.promotion("SPRING")

    unknown = [ask(tea, f"GUESS{number}") for number in range(LIMIT)]
    refused = [ask(tea, code) for code in ("GUESS", "SPRING")]

    assert {answer.code for answer in unknown} == {"unknown_promotion"}
    assert [(answer.status, answer.code) for answer in refused] == [
        (429, "too_many_attempts"),
        (429, "too_many_attempts"),
    ]
    assert refused[0].error["message"] == refused[1].error["message"]
    assert "unknown promotion codes" in refused[0].error["message"]
    assert refused[0].headers["Retry-After"] == "3000"
    assert Order.count() == 0


@pytest.mark.parametrize("ask", WAYS)
def test_a_function_instance_that_knows_nothing_refuses_too(tea, ask):
    pricing.promotion("SPRING")
    for number in range(LIMIT):
        ask(tea, f"GUESS{number}")
    rate_limits.known_counter.forget()

    assert ask(tea, "SPRING").status == 429


@pytest.mark.parametrize("ask", WAYS)
def test_a_code_that_starts_later_looks_unknown(tea, ask):
    pricing.promotion("FUTURE", starts_at=NOON + timedelta(seconds=1))
    ask(tea, "FIRST")  # which reads the function's secrets

    def facts(code):
        with record_calls() as calls:
            answer = ask(tea, code)
        details = answer.error["details"]
        assert details == {"promotion_code": code}
        return answer.status, answer.code, answer.error["message"], len(calls)

    assert facts("FUTURE") == facts("NOSUCH")
    assert sum(int(row.failures) for row in Attempts.scan()) == 3  # all count as guesses


@pytest.mark.parametrize("ask", WAYS)
def test_a_later_code_in_another_currency_looks_unknown(tea, ask):
    """No other check may come first."""
    pricing.promotion(
        "FUTURE",
        starts_at=NOON + timedelta(days=1),
        ends_at=NOON + timedelta(days=2),
        minimum_minor=10**6,
        currency="USD",
        uses_max=1,
        used=1,
    )

    assert ask(tea, "FUTURE").code == "unknown_promotion"


def test_the_hour_accounts_and_networks_count_apart(tea, monkeypatch):
    for number in range(LIMIT):
        quote(tea, f"GUESS{number}")
        quote_as_guest(tea, f"GUESS{number}")

    assert quote(tea, "GUESS", caller=BOB).status == 422
    assert quote_as_guest(tea, "GUESS", address=ELSEWHERE).status == 422
    monkeypatch.setattr(clock, "utc_now", lambda: NOON + timedelta(minutes=50))
    assert quote(tea, "GUESS").status == 422
    assert quote_as_guest(tea, "GUESS").status == 422


def test_known_codes_and_quotes_without_a_code_do_not_count(tea):
    pricing.promotion("SPRING")
    pricing.promotion("OVER", ends_at=NOON - timedelta(days=1))
    for _ in range(LIMIT + 1):
        assert quote(tea, "SPRING").status == 200
        assert quote(tea, "OVER").code == "promotion_expired"
    for number in range(LIMIT + 1):
        quote(tea, f"GUESS{number}")

    assert quote(tea, None).status == 200
    assert order(tea, None).status == 201


def test_a_repeated_order_is_no_guess(tea):
    pricing.promotion("SPRING")
    placed = order(tea, "SPRING")
    Promotion("promotions", "SPRING").update([Promotion.is_active.set(False)])

    replays = [order(tea, "SPRING") for _ in range(LIMIT + 2)]

    assert {answer.body["id"] for answer in replays} == {placed.body["id"]}
    assert quote(tea, "GUESS").status == 422


def test_a_guess_with_the_key_of_a_placed_order_counts(tea):
    """The answer is the same for a good code, but its time is not."""
    order(tea, None, key="key-1")

    guessed = [order(tea, f"GUESS{number}", key="key-1") for number in range(LIMIT)]

    assert {answer.code for answer in guessed} == {"idempotency_key_reused"}
    assert quote(tea, "GUESS").status == 429


def test_guesses_at_once_are_counted(tea):
    def guess(number: int) -> str:
        body = {"lines": [line(tea)], "shipping_address": {"country": "DE"}}
        request = QuoteRequest.model_validate(body | {"promotion_code": f"GUESS{number}"})
        return outcome_of(lambda: placement.quote_order(Buyer(ADA.user_id), request))

    with ThreadPoolExecutor(8) as pool:
        outcomes = Counter(pool.map(guess, range(24)))

    assert outcomes.keys() == {"unknown_promotion", "too_many_attempts"}
    assert outcomes["unknown_promotion"] <= LIMIT
