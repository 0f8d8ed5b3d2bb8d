"""DynamoDB is down: each route answers 503 within 3 s and after 3 calls, whatever is down."""

import random
import time
from collections import defaultdict
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from threading import Barrier, get_ident, main_thread

import botocore.endpoint
import pytest
from botocore.exceptions import (
    ClientError,
    ConnectionClosedError,
    ConnectTimeoutError,
    EndpointConnectionError,
    ReadTimeoutError,
)

from orders.handler import handler as orders
from products import index_queries
from products.index_queries import run_concurrently
from shared import aws, request_budget, retries
from shared.errors.base import Unavailable
from shared.request_budget import CALLS_MAX, CONFLICTS_MAX, SECONDS_MAX
from shared.storage.dynamo import connection
from shared.storage.models.orders import Order
from tests.support import shop
from tests.support.accounts import authorize
from tests.support.faults import break_attempts, http_error, http_reply
from tests.support.http import NOBODY, Caller, send
from tests.support.order_requests import GUEST_EMAIL
from tests.test_route_matrix import AUDIENCE, call, create_token, routes, signed_in

pytestmark = pytest.mark.usefixtures("aws")

URL = "https://aws.example"
MAIN_THREAD = main_thread().ident
BUYER = Caller("usr_buyer")
# Their samples reach no table: the request is refused before, or the route reads none.
WITHOUT_TABLES = {
    "GET /v1/docs",
    "GET /v1/health",
    "GET /v1/asyncapi.json",
    "GET /v1/countries",
    "GET /v1/countries/{code}",
    "GET /v1/openapi.json",
    "POST /v1/picture-files",
    "GET /v1/guest/orders/{order_id}",
    "POST /v1/guest/orders/quote",
    "POST /v1/guest/orders/{order_id}/cancel",
    "POST /v1/guest/orders/{order_id}/payment",
    "POST /v1/payments/webhook",
}


class Clock:
    """Replaces `time` where calls are measured and retries wait. Threads wait at the same time."""

    def __init__(self):
        self.restart()

    def restart(self):
        self._waited = defaultdict(float)  # by thread

    @property
    def now(self):
        in_threads = [waited for thread, waited in self._waited.items() if thread != MAIN_THREAD]
        return self._waited[MAIN_THREAD] + max(in_threads, default=0.0)

    def monotonic(self):
        return self._waited[get_ident()]

    def sleep(self, seconds):
        self._waited[get_ident()] += seconds


@pytest.fixture(autouse=True)
def clock(monkeypatch):
    clock = Clock()
    for module in (aws, retries, botocore.endpoint):
        monkeypatch.setattr(module, "time", clock)
    monkeypatch.setattr(random, "uniform", lambda _, longest: longest)
    return clock


def failing(clock, error, seconds=0.0):
    """Each attempt takes so long and fails with this error."""

    def fail(_):
        clock.sleep(seconds)
        raise error

    return fail


def answering(reply):
    """Each attempt gets this reply."""
    return lambda _: reply()


KINDS = {
    "refused": lambda clock: failing(clock, EndpointConnectionError(endpoint_url=URL)),
    "closed": lambda clock: failing(clock, ConnectionClosedError(endpoint_url=URL)),
    "no connection": lambda clock: failing(
        clock, ConnectTimeoutError(endpoint_url=URL), aws.CONNECT_SECONDS
    ),
    "no reply": lambda clock: failing(
        clock, ReadTimeoutError(endpoint_url=URL), aws.CONNECT_SECONDS + aws.READ_SECONDS
    ),
    "lost replies": lambda clock: failing(
        clock, ReadTimeoutError(endpoint_url=URL), aws.READ_SECONDS
    ),
    "500": lambda _: answering(lambda: http_error("InternalServerError", status=500)),
    "502": lambda _: answering(lambda: http_reply({}, status=502)),
    "503": lambda _: answering(lambda: http_error("ServiceUnavailable", status=503)),
    "throttled": lambda _: answering(lambda: http_error("ThrottlingException")),
    "over capacity": lambda _: answering(
        lambda: http_error("ProvisionedThroughputExceededException")
    ),
}


def is_refused(answer):
    return (answer.status, answer.headers.get("Retry-After")) == (503, "1")


@pytest.fixture
def _one_thread(monkeypatch):
    """Queries of one request follow each other, so that chance does not decide how many are sent.

    `test_threads_of_a_request_share_its_budget` sends them together.
    """
    with ThreadPoolExecutor(1) as pool:
        monkeypatch.setattr(index_queries, "_pool", lambda: pool)
        yield


@pytest.mark.usefixtures("_one_thread")
@pytest.mark.parametrize("kind", KINDS)
def test_every_route_is_503_within_3_seconds_and_3_calls(clock, kind):
    outage, admin = KINDS[kind](clock), signed_in("admin")
    wrong = {}

    for route in set(routes()) - WITHOUT_TABLES:
        caller = NOBODY if AUDIENCE[route] == "anyone" else admin
        clock.restart()
        with break_attempts(connection().client, outage) as attempts:
            answer = call(route, caller)
        if not (is_refused(answer) and 0 < len(attempts) <= CALLS_MAX and clock.now <= SECONDS_MAX):
            wrong[route] = (answer.status, attempts.operations, clock.now)

    assert wrong == {}


def place(product):
    body = {"lines": [shop.line(product)], "shipping_address": shop.ADDRESS}
    return send(orders, "orders.place", caller=BUYER, body=body)


@pytest.fixture
def buyer(aws):  # noqa: ARG001 (the tables must exist first)
    return shop.user(BUYER.user_id)


def only(operation, reply):
    return lambda attempted: reply() if attempted == operation else None


def cancelled(code):
    reasons = [{"Code": code, "Message": "injected"}]
    return http_error("TransactionCanceledException", CancellationReasons=reasons)


def unread_keys():
    keys = {"souk-products": {"Keys": [{"product_id": {"S": "prd_tea"}}]}}
    return http_reply({"Responses": {}, "UnprocessedKeys": keys})


PARTIAL = {
    "transactions throttled": only("TransactWriteItems", lambda: http_error("ThrottlingException")),
    "items of transactions throttled": only(
        "TransactWriteItems", lambda: cancelled("ThrottlingError")
    ),
    "partitions over capacity": only(
        "TransactWriteItems", lambda: cancelled("ProvisionedThroughputExceeded")
    ),
    "transactions in progress": only(
        "TransactWriteItems", lambda: http_error("TransactionInProgressException")
    ),
    "transactions fail": only(
        "TransactWriteItems", lambda: http_error("InternalServerError", status=500)
    ),
    "batches throttled": only("BatchGetItem", lambda: http_error("ThrottlingException")),
    "batches unread": only("BatchGetItem", unread_keys),
}


@pytest.mark.parametrize("kind", PARTIAL)
@pytest.mark.usefixtures("buyer")
def test_an_order_is_503_after_3_calls_when_a_part_is_down(clock, kind):
    tea = shop.listed_product("TEA", available=5)

    with break_attempts(connection().client, PARTIAL[kind]) as attempts:
        answer = place(tea)

    assert is_refused(answer)
    assert (len(attempts), clock.now <= SECONDS_MAX) == (CALLS_MAX, True)
    assert (Order.count(), shop.available(tea)) == (0, 5)
    assert place(tea).status == 201


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.usefixtures("buyer")
def test_an_order_is_placed_once_dynamodb_is_back(clock, kind):
    tea = shop.listed_product("TEA", available=5)

    with break_attempts(connection().client, KINDS[kind](clock)):
        refused = [place(tea) for _ in range(3)]

    assert all(is_refused(answer) for answer in refused)
    assert place(tea).status == 201
    assert (Order.count(), shop.available(tea)) == (1, 4)


@pytest.mark.usefixtures("buyer")
def test_orders_fail_when_dynamodb_dies_before_the_write(clock):
    tea = shop.listed_product("TEA", available=5)

    def die(operation):
        if operation != "BatchGetItem":
            clock.sleep(aws.READ_SECONDS)
            raise ReadTimeoutError(endpoint_url=URL)

    with break_attempts(connection().client, die) as attempts:
        answer = place(tea)

    assert is_refused(answer)
    assert attempts.operations == ["BatchGetItem", "TransactWriteItems", "TransactWriteItems"]
    assert clock.now <= SECONDS_MAX


def failing_once(clock, kind, operation):
    fail, remaining = KINDS[kind](clock), [1]

    def meet(attempted):
        if attempted == operation and remaining:
            remaining.pop()
            return fail(attempted)
        return None

    return meet


@pytest.mark.parametrize("operation", ["BatchGetItem", "TransactWriteItems"])
@pytest.mark.parametrize("kind", sorted(set(KINDS) - {"no reply"}))
@pytest.mark.usefixtures("buyer")
def test_one_failure_does_not_cost_the_order(clock, kind, operation):
    tea = shop.listed_product("TEA", available=5)

    with break_attempts(connection().client, failing_once(clock, kind, operation)) as attempts:
        answer = place(tea)

    assert (answer.status, len(attempts)) == (201, 3)
    assert (Order.count(), shop.available(tea)) == (1, 4)


@pytest.mark.usefixtures("buyer")
def test_a_retry_after_a_lost_reply_keeps_its_token():
    tea = shop.listed_product("TEA", available=5)
    bodies = []

    def lose_first_reply(request, **_):
        bodies.append(request.body)
        if len(bodies) == 1:
            raise ReadTimeoutError(endpoint_url=URL)

    events = connection().client.meta.events
    events.register_first("before-send.dynamodb.TransactWriteItems", lose_first_reply)
    try:
        answer = place(tea)
    finally:
        events.unregister("before-send.dynamodb.TransactWriteItems", lose_first_reply)

    assert answer.status == 201
    assert len(bodies) == 2
    assert b"ClientRequestToken" in bodies[0]
    assert bodies[0] == bodies[1]


@pytest.mark.usefixtures("buyer")
def test_a_storm_of_conflicts_ends_after_ten_attempts(clock):
    tea = shop.listed_product("TEA", available=5)
    conflict = only("TransactWriteItems", lambda: cancelled("TransactionConflict"))

    with break_attempts(connection().client, conflict) as attempts:
        answer = place(tea)

    assert is_refused(answer)
    assert attempts.operations.count("TransactWriteItems") == CONFLICTS_MAX
    assert (len(attempts), clock.now <= SECONDS_MAX) == (1 + CONFLICTS_MAX, True)
    assert (Order.count(), shop.available(tea)) == (0, 5)
    assert place(tea).status == 201


@pytest.mark.usefixtures("buyer")
def test_slow_conflicts_end_within_3_seconds(clock):
    tea = shop.listed_product("TEA", available=5)

    def conflict_slowly(operation):
        if operation == "BatchGetItem":
            return None
        clock.sleep(0.9)
        return cancelled("TransactionConflict")

    with break_attempts(connection().client, conflict_slowly):
        answer = place(tea)

    assert is_refused(answer)
    assert clock.now <= SECONDS_MAX


@pytest.mark.usefixtures("buyer")
def test_an_outage_after_conflicts_ends_within_3_seconds(clock):
    tea = shop.listed_product("TEA", available=5)
    answers = ["read", *["conflict"] * 8]

    def conflict_and_fall_silent(_):
        answer = answers.pop(0) if answers else "silence"
        clock.sleep(aws.CONNECT_SECONDS + aws.READ_SECONDS if answer == "silence" else 0.15)
        if answer == "silence":
            raise ReadTimeoutError(endpoint_url=URL)
        return cancelled("TransactionConflict") if answer == "conflict" else None

    with break_attempts(connection().client, conflict_and_fall_silent):
        answer = place(tea)

    assert is_refused(answer)
    assert clock.now <= SECONDS_MAX  # the pauses between the conflicts count too


@pytest.mark.usefixtures("buyer")
@pytest.mark.parametrize("conflicts", [1, 3, CONFLICTS_MAX - 1])
def test_conflicts_do_not_cost_the_order(conflicts):
    tea = shop.listed_product("TEA", available=5)
    remaining = [None] * conflicts

    def conflict(operation):
        if operation == "TransactWriteItems" and remaining:
            remaining.pop()
            return cancelled("TransactionConflict")
        return None

    with break_attempts(connection().client, conflict):
        answer = place(tea)

    assert answer.status == 201


@pytest.mark.parametrize("kind", KINDS)
def test_a_guests_order_is_503_within_3_seconds_and_3_calls(clock, kind):
    tea = shop.listed_product("TEA", available=5)
    body = {
        "email": GUEST_EMAIL,
        "lines": [shop.line(tea)],
        "shipping_address": shop.ADDRESS,
    }

    with break_attempts(connection().client, KINDS[kind](clock)) as attempts:
        answer = send(orders, "guest.place", caller=NOBODY, body=body)

    assert is_refused(answer)
    assert len(attempts) <= CALLS_MAX
    assert clock.now <= SECONDS_MAX


@pytest.mark.parametrize("kind", KINDS)
def test_the_authorizer_gives_up_after_3_seconds_and_3_calls(clock, kind):
    token = create_token("usr_ada", roles={"customer"})

    with break_attempts(connection().client, KINDS[kind](clock)) as attempts:
        context = authorize(token)

    assert context == {"refusal": "unavailable"}
    assert len(attempts) <= CALLS_MAX
    assert clock.now <= SECONDS_MAX


def test_a_worker_keeps_the_retries_of_botocore():
    client = aws.client.__wrapped__("dynamodb")  # a client that has not used up its retries

    with (
        break_attempts(client, KINDS["throttled"](None)) as attempts,
        pytest.raises(ClientError),
    ):
        client.list_tables()

    assert len(attempts) == aws.ATTEMPTS


def test_a_request_that_gave_up_makes_no_other_call():
    with (
        request_budget.limit_retries() as budget,
        break_attempts(connection().client, KINDS["throttled"](None)) as attempts,
    ):
        for _ in range(3):
            with pytest.raises(Unavailable):
                Order.find("ord_none")

    assert (len(attempts), budget.is_spent) == (CALLS_MAX, True)


def test_threads_of_a_request_share_its_budget():
    together, started = Barrier(5), []

    def throttle(_):
        started.append(1)
        if len(started) <= together.parties:
            together.wait(timeout=10)
        return http_error("ThrottlingException")

    with (
        request_budget.limit_retries(),
        break_attempts(connection().client, throttle) as attempts,
        pytest.raises(Unavailable),
    ):
        run_concurrently([partial(Order.find, f"ord_{n}") for n in range(5)])

    assert len(attempts) == together.parties + 1  # all were sent before the first one failed


def test_each_request_has_a_budget_of_its_own():
    with break_attempts(connection().client, KINDS["throttled"](None)) as attempts:
        for _ in range(5):
            call("GET /v1/products", NOBODY)

    assert len(attempts) == 5 * CALLS_MAX


def test_no_query_outlives_its_request():
    """An instance is frozen after its answer, and the next request would meet the rest."""
    ended = []

    def fail():
        raise Unavailable

    def take_longer():
        time.sleep(0.2)
        ended.append("the second query")

    with pytest.raises(Unavailable):
        run_concurrently([fail, take_longer])

    assert ended == ["the second query"]
