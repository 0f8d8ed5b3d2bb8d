"""A refused order stores nothing, and the same Idempotency-Key places the corrected order."""

import pytest

from orders.handler import handler
from shared.storage.dynamo import connection
from shared.storage.models.accounts import Attempts
from tests.support import shop
from tests.support.faults import break_attempts, http_error
from tests.support.http import ADA, NOBODY, send
from tests.support.order_requests import GUEST_EMAIL

pytestmark = pytest.mark.usefixtures("aws")


@pytest.fixture
def tea():
    return shop.product("TEA", available=5)


def valid(tea):
    return {"lines": [shop.line(tea)], "shipping_address": shop.ADDRESS}


def wrong_quantity(tea):
    return valid(tea) | {"lines": [shop.line(tea, 0)]}


def without_address(tea):
    return {"lines": [shop.line(tea)]}


def unknown_field(tea):
    return valid(tea) | {"total": 1}


def unknown_product(tea):
    return valid(tea) | {"lines": [{"product_id": "prd_none", "quantity": 1}, shop.line(tea)]}


def too_many(tea):
    return valid(tea) | {"lines": [shop.line(tea, 6)]}


def other_total(tea):
    return valid(tea) | {"quoted_total": {"amount_minor": 1, "currency": "EUR"}}


def unknown_promotion(tea):
    return valid(tea) | {"promotion_code": "NOTHING"}


REFUSED = {
    wrong_quantity: 422,
    without_address: 422,
    unknown_field: 422,
    unknown_product: 422,
    too_many: 409,
    other_total: 409,
    unknown_promotion: 422,
}


def place(body):
    headers = {"idempotency-key": "key-1"}
    return send(handler, "orders.place", caller=ADA, body=body, headers=headers)


def place_as_guest(body):
    headers = {"idempotency-key": "key-1"}
    body |= {"email": GUEST_EMAIL}
    return send(handler, "guest.place", caller=NOBODY, body=body, headers=headers)


@pytest.mark.parametrize("placing", [place, place_as_guest])
@pytest.mark.parametrize("request_body", REFUSED)
def test_a_corrected_request_is_placed_with_the_same_key(tea, request_body, placing):
    before = shop.stored_items()

    refused = placing(request_body(tea))

    assert refused.status == REFUSED[request_body], refused
    # An unknown promotion code is counted: it may be a guess.
    counted = {Attempts.Meta.table_name} if request_body is unknown_promotion else set()
    assert {table for table, _ in shop.stored_items() ^ before} == counted
    assert placing(valid(tea)).status == 201


@pytest.mark.parametrize("placing", [place, place_as_guest])
@pytest.mark.parametrize("operation", ["BatchGetItem", "TransactWriteItems"])
def test_a_throttled_request_is_placed_with_the_same_key(tea, operation, placing):
    def throttle(attempted):
        return http_error("ThrottlingException") if attempted == operation else None

    before = shop.stored_items()

    with break_attempts(connection().client, throttle):
        refused = placing(valid(tea))

    assert (refused.status, refused.headers["Retry-After"]) == (503, "1")
    assert shop.stored_items() == before
    assert placing(valid(tea)).status == 201
