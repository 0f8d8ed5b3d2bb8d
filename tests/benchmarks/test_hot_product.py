"""The simulation of a hot product: its conflicts, its counts, and that it repeats itself."""

from collections import Counter
from dataclasses import replace

import pytest

from benchmarks.contended_items import CONFLICT, THROTTLED, WRITES_PER_SECOND, ContendedItems
from benchmarks.hot_product import Outcome, Sale, find_sustained, run_sale
from benchmarks.virtual_threads import VirtualThreads
from shared.storage.transactions import HOT_ATTEMPTS
from tests.histories.aws_calls import Call

BUSY = Sale(orders_per_second=40, hold_ms=20, units=1000)
KEY = {"product_id": {"S": "prd_tea"}}
OTHER = {"product_id": {"S": "prd_cup"}}

pytestmark = pytest.mark.usefixtures("short_sales")


@pytest.fixture
def short_sales(monkeypatch):
    monkeypatch.setattr("benchmarks.hot_product.WARM_UP_SECONDS", 0.3)
    monkeypatch.setattr("benchmarks.hot_product.MEASURED_SECONDS", 1.0)
    monkeypatch.setattr("benchmarks.hot_product.MEASURED_ORDERS", 30)


def write(*keys) -> Call:
    updates = [{"Update": {"TableName": "souk-stock", "Key": key}} for key in keys]
    return Call("dynamodb", "TransactWriteItems", {"TransactItems": updates})


def meet(first, second, *, after, seconds=0.02):
    """The answers to both calls, of which the second is sent that much later."""
    threads, answers = VirtualThreads(), {}
    items = ContendedItems(threads, seconds)

    def send(name, call):
        answers[name] = items.answer(call), round(threads.now, 6)

    threads.start(0, lambda: send("first", first))
    threads.start(after, lambda: send("second", second))
    threads.run()
    return answers["first"], answers["second"]


@pytest.fixture
def _tables(aws):
    """ContendedItems asks moto for the names of keys."""


@pytest.mark.usefixtures("_tables")
@pytest.mark.parametrize(
    ("second", "code"),
    [
        (write(KEY), CONFLICT),
        (write(OTHER, KEY), CONFLICT),
        (Call("dynamodb", "UpdateItem", {"TableName": "souk-stock", "Key": KEY}), CONFLICT),
        (
            Call(
                "dynamodb",
                "TransactGetItems",
                {"TransactItems": [{"Get": {"TableName": "souk-stock", "Key": KEY}}]},
            ),
            CONFLICT,
        ),
        (write(OTHER), None),
        (Call("dynamodb", "GetItem", {"TableName": "souk-stock", "Key": KEY}), None),
    ],
    ids=["same item", "one of two", "plain write", "reading transaction", "other item", "read"],
)
def test_who_meets_a_transaction_is_refused(second, code):
    first, (reply, _) = meet(write(KEY), second, after=0.001)

    assert first == (None, 0.02)
    assert (reply is not None and code in reply[2]) if code else reply is None


@pytest.mark.usefixtures("_tables")
def test_an_item_is_free_once_the_transaction_ends():
    _, second = meet(write(KEY), write(KEY), after=0.0201)

    assert second == (None, 0.0401)


@pytest.mark.usefixtures("_tables")
def test_an_item_throttles_writes_beyond_its_limit():
    threads, codes = VirtualThreads(), []
    items = ContendedItems(threads, 0.001)
    for _ in range(WRITES_PER_SECOND + 5):
        threads.start(0, lambda: codes.append(items.answer(write(KEY))))

    threads.run()

    assert items.refusals == {CONFLICT: WRITES_PER_SECOND - 1, THROTTLED: 5}
    assert codes.count(None) == 1


def test_orders_of_a_hot_product_meet_and_are_placed():
    outcome = run_sale(BUSY)

    assert outcome.refusals[CONFLICT] > 10
    assert outcome.all_codes.total() == len(BUSY.arrivals())
    assert set(outcome.all_codes) <= {"placed", "unavailable"}
    assert outcome.sold == outcome.all_codes["placed"] == 1000 - outcome.left
    # each order that met others tried again, and none more often than the policy says
    assert outcome.attempts == outcome.all_codes["placed"] + outcome.refusals[CONFLICT]
    assert outcome.attempts <= HOT_ATTEMPTS * outcome.all_codes.total()


@pytest.mark.parametrize("shards", [1, 4])
def test_a_hot_product_is_never_oversold(shards):
    outcome = run_sale(replace(BUSY, units=12, shards=shards))

    assert (outcome.sold, outcome.left) == (12, 0)
    assert outcome.all_codes["placed"] == 12
    assert outcome.all_codes["out_of_stock"] > 0


def test_a_seed_repeats_a_sale_and_another_does_not():
    first, again, other = (run_sale(replace(BUSY, seed=seed)) for seed in (1, 1, 2))

    assert first == again
    assert first.latencies != other.latencies


def test_shards_let_orders_pass_each_other():
    one, eight = (run_sale(replace(BUSY, units=None, shards=shards)) for shards in (1, 8))

    assert eight.refusals[CONFLICT] < one.refusals[CONFLICT] / 3


def test_orders_with_one_limited_code_meet_at_its_counter():
    plain, coded = (
        run_sale(replace(BUSY, units=None, shards=16, has_limited_code=coded))
        for coded in (False, True)
    )

    assert coded.refusals[CONFLICT] > 3 * plain.refusals[CONFLICT]


def test_the_sustained_rate_is_the_highest_that_holds(monkeypatch):
    def run(sale):
        refused = 5 if sale.orders_per_second > 40 else 0
        return Outcome(codes=Counter(placed=95, unavailable=refused))

    monkeypatch.setattr("benchmarks.hot_product.run_sale", run)

    assert find_sustained(Sale(1, hold_ms=10), width=1)[0] == pytest.approx(40)
