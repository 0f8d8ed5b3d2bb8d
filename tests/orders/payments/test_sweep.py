"""Whole slice: the sweep settles by state what the events of an order should have settled."""

from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from uuid import uuid4

import pytest

from orders.lifecycle import balances, repository
from orders.lifecycle.service import update_order
from orders.payments.provider import Payment, Refund
from orders.workers import sweep_payments
from orders.workers.sweep_payments import OrdersNotSettled, handler
from shared.errors.orders import PaymentRefused, PaymentUnavailable
from shared.storage.models.orders import Order
from shared.storage.models.outbox import OutboxRow
from tests.support import logs, orders
from tests.support.http import CONTEXT, sample
from tests.support.order_requests import place_order
from tests.support.payments import (
    NOTHING_FAILED,
    Bank,
    get_order,
    run_payment_worker,
    start_payment,
    webhook_outcome,
)

pytestmark = pytest.mark.usefixtures("aws")
GRACE = timedelta(minutes=16)
HOUR = timedelta(minutes=61)
LATE = datetime(2999, 1, 1, tzinfo=UTC)  # when every order is due


def context_with(*remaining_milliseconds: int) -> SimpleNamespace:
    """A context whose time left is each of these in turn; the last one from then on."""
    left = list(remaining_milliseconds)
    rest = {"get_remaining_time_in_millis": lambda: left.pop(0) if len(left) > 1 else left[0]}
    return SimpleNamespace(**vars(CONTEXT) | rest)


RUN = context_with(300_000)


def sweep(context=RUN) -> dict[str, int]:
    """Runs the worker. Returns the counts that it logs, without zeros."""
    with logs.captured() as lines:
        handler(sample("orders.sweep_payments"), context)
    return summary(lines)


def summary(lines: logs.Lines) -> dict[str, int]:
    (line,) = lines.saying("swept payments")
    names = ("settled", "pending", "skipped", "failed", "left_for_next_run")
    return {name: line[name] for name in names if line[name]}


def lose_events() -> None:
    """As a relay does that is down for longer than the outbox keeps its rows."""
    for row in OutboxRow.scan():
        row.delete()


MOMENT = timedelta(microseconds=1)


def pay(bank: Bank, order: str) -> str:
    payment_id = start_payment(order)
    assert webhook_outcome(bank.report_captured(payment_id)) == "applied"
    return payment_id


def authorize(bank: Bank, order: str) -> str:
    payment_id = start_payment(order)
    assert webhook_outcome(bank.report_authorized(payment_id)) == "applied"
    return payment_id


def is_due(order: str) -> bool:
    return order in [found for found, _ in repository.list_unsettled_orders(LATE, limit=100)]


def test_a_refund_whose_event_was_lost_is_made(provider, order_id, shifted_clock):
    payment_id = pay(provider, order_id)
    update_order(order_id, orders.cancel)
    lose_events()

    assert sweep() == {}  # the queue has its time first
    shifted_clock.ahead = GRACE
    assert sweep() == {"settled": 1}

    order = get_order(order_id)
    assert [refund.status for refund in order.refunds] == ["succeeded"]
    assert provider.payments[payment_id].refunded_minor == 2000
    assert (order.settlement, order.settlement_due_at) == (None, None)
    provider.calls.clear()
    shifted_clock.ahead = timedelta(days=1)
    assert sweep() == {}
    assert provider.calls == []


def test_an_order_is_due_at_the_moment_it_was_given(provider, order_id):
    pay(provider, order_id)
    update_order(order_id, orders.cancel)
    due_at = get_order(order_id).settlement_due_at

    assert repository.list_unsettled_orders(due_at, limit=100) == [(order_id, due_at)]
    assert repository.list_unsettled_orders(due_at - MOMENT, limit=100) == []


def test_a_shop_without_a_provider_has_nothing_to_sweep(monkeypatch):
    def refuse():
        raise PaymentUnavailable

    monkeypatch.setattr(sweep_payments, "get_provider", refuse)

    assert sweep() == {}


@pytest.mark.parametrize("deliver", [(), (orders.deliver,)], ids=["shipped", "delivered"])
def test_a_shipped_order_is_captured(provider, order_id, shifted_clock, deliver):
    payment_id = authorize(provider, order_id)
    for decide in (orders.ship, *deliver):
        update_order(order_id, decide)
    lose_events()
    shifted_clock.ahead = GRACE

    assert sweep() == {"settled": 1}

    assert provider.payments[payment_id].status == "captured"
    assert get_order(order_id).payment.status == "captured"


@pytest.mark.parametrize("end", [orders.cancel, orders.expire, orders.mark_paid_manually])
@pytest.mark.parametrize("is_authorized", [False, True], ids=["started", "authorized"])
def test_an_unneeded_payment_is_voided(
    provider,
    order_id,
    shifted_clock,
    end,
    is_authorized,
):
    payment_id = start_payment(order_id)
    update_order(order_id, end)
    if is_authorized:
        webhook_outcome(provider.report_authorized(payment_id))
    lose_events()
    shifted_clock.ahead = GRACE

    assert sweep() == {"settled": 1}

    assert provider.payments[payment_id].status == "void"
    assert get_order(order_id).payment.status == "void"


def test_a_payment_captured_before_the_void_is_refunded(
    provider,
    order_id,
    shifted_clock,
):
    """Its webhook and all events were lost."""
    payment_id = start_payment(order_id)
    update_order(order_id, orders.cancel)
    provider.report_captured(payment_id)
    lose_events()

    shifted_clock.ahead = GRACE
    assert sweep() == {"pending": 1}
    lose_events()
    shifted_clock.ahead = GRACE + HOUR
    assert sweep() == {"settled": 1}

    assert provider.payments[payment_id].refunded_minor == 2000
    assert balances.refunded_minor(get_order(order_id)) == 2000


@pytest.mark.parametrize("status", ["succeeded", "failed"])
def test_a_refund_left_pending_is_polled(
    provider,
    order_id,
    shifted_clock,
    status,
):
    payment_id = pay(provider, order_id)
    update_order(order_id, orders.refund(500))
    provider.refund_status = "requested"
    run_payment_worker()
    shifted_clock.ahead = GRACE

    assert sweep() == {"pending": 1}
    assert sweep() == {}  # it waits for an hour
    (refund_id,) = provider.payments[payment_id].refunds
    ended = Refund(f"re_{refund_id}", status)
    provider.payments[payment_id].refunds[refund_id] = ended
    shifted_clock.ahead = GRACE + HOUR
    assert sweep() == {"settled": 1}

    (refund,) = get_order(order_id).refunds
    assert refund.status == status
    assert webhook_outcome(
        provider.report_refund(payment_id, 500, refund_id=refund_id, status=status)
    ) == ("repeated")
    assert provider.calls.count("create_refund") == 1


def test_a_refund_pending_with_an_unknown_status_stays_so(
    provider,
    order_id,
    shifted_clock,
):
    pay(provider, order_id)
    update_order(order_id, orders.refund(500))
    provider.refund_status = "unknown"

    with logs.captured() as lines:
        assert run_payment_worker() == NOTHING_FAILED
    assert [line["reason"] for line in lines.saying("payment needs review")] == ["unknown_status"]
    assert run_payment_worker() == NOTHING_FAILED
    shifted_clock.ahead = GRACE
    with logs.captured() as lines:
        handler(sample("orders.sweep_payments"), RUN)

    assert summary(lines) == {"pending": 1}
    assert lines.saying("payment needs review") == []  # one alarm is enough
    assert get_order(order_id).refunds[0].status == "requested"
    assert provider.calls.count("create_refund") == 1


def test_a_payment_with_an_unknown_status_stays_open(
    provider,
    order_id,
    monkeypatch,
):
    payment_id = authorize(provider, order_id)
    update_order(order_id, orders.ship)
    unknown = Payment(payment_id, "secret", "unknown")
    monkeypatch.setattr(provider, "capture_payment", lambda *_: unknown)

    with logs.captured() as lines:
        assert run_payment_worker() == NOTHING_FAILED

    assert [line["reason"] for line in lines.saying("payment needs review")] == ["unknown_status"]
    assert get_order(order_id).payment.status == "authorized"
    assert is_due(order_id)


def test_an_order_that_fails_stops_no_other(provider, tea, shifted_clock):
    first, second = (place_order(tea, key=uuid4().hex) for _ in range(2))
    for order in (first, second):
        pay(provider, order)
        update_order(order, orders.refund(500))
    shifted_clock.ahead = GRACE
    provider.refusals = [PaymentUnavailable()]

    with logs.captured() as lines, pytest.raises(OrdersNotSettled):
        handler(sample("orders.sweep_payments"), RUN)

    assert summary(lines) == {"settled": 1, "failed": 1}
    (line,) = lines.saying("order not settled")
    assert (line["level"], line["reason"]) == ("ERROR", "PaymentUnavailable")
    statuses = [get_order(order).refunds[0].status for order in (first, second)]
    assert sorted(statuses) == ["requested", "succeeded"]
    assert sweep() == {}  # the failed one waits for an hour
    shifted_clock.ahead = GRACE + HOUR
    assert sweep() == {"settled": 1}


def test_an_unreadable_order_stops_no_other(provider, tea, shifted_clock):
    first, second = (place_order(tea, key=uuid4().hex) for _ in range(2))
    for order in (first, second):
        pay(provider, order)
        update_order(order, orders.refund(500))
    Order(first).update(actions=[Order.currency.remove(), Order.totals.remove()])
    shifted_clock.ahead = GRACE

    with logs.captured() as lines, pytest.raises(OrdersNotSettled):
        handler(sample("orders.sweep_payments"), RUN)

    assert summary(lines) == {"settled": 1, "failed": 1}
    assert sweep() == {}


def test_one_failure_stops_no_other_request_of_the_order(
    provider,
    order_id,
    shifted_clock,
):
    pay(provider, order_id)
    for number in range(2):
        update_order(order_id, orders.refund(500, key=f"key-{number}"))
    shifted_clock.ahead = GRACE
    provider.refusals = [PaymentUnavailable()]

    with pytest.raises(OrdersNotSettled):
        sweep()

    statuses = [refund.status for refund in get_order(order_id).refunds]
    assert statuses == ["requested", "succeeded"]


def test_the_run_ends_before_its_time_is_over(provider, tea, shifted_clock):
    for _ in range(2):
        order = place_order(tea, key=uuid4().hex)
        pay(provider, order)
        update_order(order, orders.refund(500))
    shifted_clock.ahead = GRACE

    assert sweep(context_with(60_000, 60_000, 34_999)) == {"settled": 1, "left_for_next_run": 1}
    assert sweep() == {"settled": 1}


def test_the_earliest_order_comes_first(provider, tea, shifted_clock):
    placed = []
    for minutes in (0, 5, 10):
        shifted_clock.ahead = timedelta(minutes=minutes)
        placed.append(place_order(tea, key=uuid4().hex))
        pay(provider, placed[-1])
        update_order(placed[-1], orders.refund(500))

    due = repository.list_unsettled_orders(LATE, limit=2)

    assert [order for order, _ in due] == placed[:2]


def test_two_runs_at_once_take_an_order_once(
    provider,
    order_id,
    shifted_clock,
    monkeypatch,
):
    pay(provider, order_id)
    update_order(order_id, orders.refund(500))
    shifted_clock.ahead = GRACE
    listed = repository.list_unsettled_orders

    def list_then_run(*arguments, **limits):
        monkeypatch.setattr(repository, "list_unsettled_orders", listed)
        due = listed(*arguments, **limits)
        assert sweep() == {"settled": 1}
        return due

    monkeypatch.setattr(repository, "list_unsettled_orders", list_then_run)

    assert sweep() == {"skipped": 1}
    assert provider.calls.count("create_refund") == 1


def test_the_queue_and_the_sweep_settle_an_order_once(
    provider,
    order_id,
    shifted_clock,
    monkeypatch,
):
    """The worker takes the refund between the sweep's read and its call."""
    payment_id = pay(provider, order_id)
    update_order(order_id, orders.refund(500))
    shifted_clock.ahead = GRACE
    create_refund = provider.create_refund

    def create_after_the_worker(*arguments):
        monkeypatch.setattr(provider, "create_refund", create_refund)
        assert run_payment_worker() == NOTHING_FAILED
        return create_refund(*arguments)

    monkeypatch.setattr(provider, "create_refund", create_after_the_worker)

    assert sweep() == {"settled": 1}
    assert provider.payments[payment_id].refunded_minor == 500
    assert [refund.status for refund in get_order(order_id).refunds] == ["succeeded"]


def test_an_order_of_another_provider_waits(provider, order_id, shifted_clock):
    pay(provider, order_id)
    update_order(order_id, orders.refund(500))
    provider.name = "stripe"
    provider.calls.clear()
    shifted_clock.ahead = GRACE

    assert sweep() == {"pending": 1}
    assert provider.calls == []
    assert sweep() == {}


def test_a_mark_that_older_code_left_is_removed(provider, order_id, shifted_clock):
    """Code without the mark settles the order and keeps an attribute that it does not know."""
    pay(provider, order_id)
    update_order(order_id, orders.refund(500))
    run_payment_worker()
    Order(order_id).update(
        actions=[
            Order.settlement.set("open"),
            Order.settlement_due_at.set(sweep_payments.clock.utc_now()),
        ]
    )
    shifted_clock.ahead = GRACE

    assert sweep() == {"settled": 1}
    assert not is_due(order_id)


def test_a_refused_poll_keeps_the_refund_and_fails(
    provider,
    order_id,
    shifted_clock,
):
    pay(provider, order_id)
    update_order(order_id, orders.refund(500))
    provider.refund_status = "requested"
    run_payment_worker()
    provider.refusals = [PaymentRefused(reason="not_found")]
    shifted_clock.ahead = GRACE

    with pytest.raises(OrdersNotSettled):
        sweep()

    assert get_order(order_id).refunds[0].status == "requested"


@pytest.mark.parametrize("decisions", orders.LIFECYCLES.values(), ids=list(orders.LIFECYCLES))
def test_a_settled_order_has_no_mark(decisions):
    order = orders.create_order(*decisions)

    assert (order.settlement, is_due(order.order_id)) == (None, False)


def test_later_edits_do_not_put_the_sweep_off(provider, order_id, shifted_clock):
    pay(provider, order_id)
    due = update_order(order_id, orders.refund(500)).settlement_due_at
    shifted_clock.ahead = timedelta(minutes=10)

    order = update_order(order_id, orders.refund(1, key="another"))

    assert order.settlement_due_at == due
