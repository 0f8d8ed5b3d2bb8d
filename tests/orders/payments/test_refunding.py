"""Whole slice: money is paid back, by messages that may come twice and late."""

import json
from datetime import timedelta
from functools import partial

import pytest

from orders.lifecycle import decisions
from orders.lifecycle.service import update_order
from orders.payments.provider import Refund
from shared.errors.orders import PaymentRefused, PaymentUnavailable
from shared.events.all_events import parse_event
from shared.events.orders import OrderPaid
from shared.storage.models.orders import Order
from tests.support import logs, shop
from tests.support.events import sorted_event_types
from tests.support.http import sample
from tests.support.order_requests import place_order
from tests.support.payments import (
    FIRST_FAILED,
    NOTHING_FAILED,
    get_order,
    payment_requests,
    run_payment_worker,
    start_payment,
    webhook_outcome,
)

pytestmark = pytest.mark.usefixtures("aws", "bank")


@pytest.fixture
def order_id(tea):
    return place_order(tea)


def paid(bank, order_id: str) -> str:
    """Its payment's id."""
    payment_id = start_payment(order_id)
    assert webhook_outcome(bank.capture_payment(payment_id)) == "applied"
    return payment_id


def refund(order_id: str, amount_minor: int | None = None, key: str = "key-1") -> str:
    """The refund's id."""
    asked = partial(
        decisions.refund,
        amount_minor=amount_minor,
        by="usr_staff",
        reason=None,
        key=key,
        fingerprint="-",
    )
    return str(update_order(order_id, asked).refunds[-1].refund_id)


def refund_of(order_id: str):
    (made,) = get_order(order_id).refunds
    return made


def test_a_refund_is_made_at_the_provider_and_known_then(bank, order_id):
    payment_id = paid(bank, order_id)
    refund_id = refund(order_id, 500)

    assert run_payment_worker() == NOTHING_FAILED

    assert bank.payments[payment_id].refunds == {refund_id: Refund(f"re_{refund_id}", "succeeded")}
    made = refund_of(order_id)
    assert (made.status, made.provider_refund_id) == ("succeeded", f"re_{refund_id}")
    assert get_order(order_id).status == "paid"
    assert "order.refunded" in sorted_event_types()


def test_a_refund_of_all_ends_the_order(bank, tea, order_id):
    paid(bank, order_id)
    refund(order_id)

    run_payment_worker()

    assert get_order(order_id).status == "refunded"
    assert shop.available(tea) == 10


def test_a_message_that_comes_again_asks_nothing(bank, order_id):
    paid(bank, order_id)
    refund(order_id, 500)
    run_payment_worker()
    before = Order.get(order_id).serialize()
    bank.calls.clear()

    assert run_payment_worker() == NOTHING_FAILED

    assert bank.calls == []
    assert Order.get(order_id).serialize() == before


def test_a_refund_that_is_under_way_is_not_asked_for_again_and_succeeds_by_webhook(bank, order_id):
    payment_id = paid(bank, order_id)
    refund_id = refund(order_id, 500)
    bank.refund_status = "requested"
    run_payment_worker()
    bank.calls.clear()

    run_payment_worker()

    assert bank.calls == []
    assert refund_of(order_id).status == "requested"
    assert "order.refunded" not in sorted_event_types()
    assert webhook_outcome(bank.refund_payment(payment_id, 500, refund_id=refund_id)) == "applied"
    assert refund_of(order_id).status == "succeeded"
    assert "order.refunded" in sorted_event_types()


@pytest.mark.parametrize("is_first", [True, False])
def test_webhook_and_worker_tell_of_one_refund_in_either_order(bank, order_id, is_first):
    payment_id = paid(bank, order_id)
    refund_id = refund(order_id, 500)
    event = bank.refund_payment(payment_id, 500, refund_id=refund_id)

    outcomes = (
        [webhook_outcome(event), run_payment_worker()]
        if is_first
        else [run_payment_worker(), webhook_outcome(event)]
    )

    assert outcomes in (["applied", NOTHING_FAILED], [NOTHING_FAILED, "repeated"])
    assert refund_of(order_id).status == "succeeded"
    assert sorted_event_types().count("order.refunded") == 1


def test_what_the_provider_refuses_for_good_has_failed_and_is_told(bank, order_id):
    paid(bank, order_id)
    refund(order_id, 500)
    bank.refusals = [PaymentRefused("No.", reason="charge_disputed")]

    with logs.captured() as lines:
        assert run_payment_worker() == NOTHING_FAILED

    assert refund_of(order_id).status == "failed"
    assert "order.refund_failed" in sorted_event_types()
    assert [it["reason"] for it in lines.saying("audit")] == ["charge_disputed"]
    assert refund(order_id, 2000, key="key-2")  # what has failed is still there to be paid back


def test_a_refund_that_fails_later_is_told_too(bank, order_id):
    payment_id = paid(bank, order_id)
    refund_id = refund(order_id, 500)
    run_payment_worker()

    webhook_outcome(bank.refund_payment(payment_id, 500, refund_id=refund_id, status="failed"))

    assert refund_of(order_id).status == "failed"
    assert "order.refund_failed" in sorted_event_types()


def test_while_the_provider_is_out_of_reach_the_message_comes_again(bank, order_id):
    paid(bank, order_id)
    refund(order_id, 500)
    bank.refusals = [PaymentUnavailable("Not now.")]

    with logs.captured() as lines:
        assert run_payment_worker() == FIRST_FAILED

    assert refund_of(order_id).status == "requested"
    (line,) = lines.saying("payment not settled")
    assert (line["level"], line["reason"]) == ("ERROR", "PaymentUnavailable")
    assert run_payment_worker() == NOTHING_FAILED
    assert refund_of(order_id).status == "succeeded"


def test_a_message_that_fails_holds_up_no_other(bank, tea):
    first, second = place_order(tea, key="key-1"), place_order(tea, key="key-2")
    for order_id in (first, second):
        paid(bank, order_id)
        refund(order_id, 500)
    messages = sorted(payment_requests(), key=lambda it: it.data.order_id != first)
    bank.refusals = [PaymentUnavailable("Not now."), None]

    assert run_payment_worker(*messages) == FIRST_FAILED

    assert refund_of(first).status == "requested"
    assert refund_of(second).status == "succeeded"


def test_a_refund_whose_answer_was_lost_is_made_once(bank, order_id, monkeypatch):
    payment_id = paid(bank, order_id)
    refund_id = refund(order_id, 500)
    refunding = bank.refund

    def lose(*asked):
        refunding(*asked)
        raise PaymentUnavailable("No answer.")

    with monkeypatch.context() as patched:
        patched.setattr(bank, "refund", lose)
        assert run_payment_worker() == FIRST_FAILED

    run_payment_worker()

    assert list(bank.payments[payment_id].refunds) == [refund_id]
    assert refund_of(order_id).status == "succeeded"


def test_a_day_later_the_provider_is_asked_first_whether_it_has_paid_back(bank, order_id, later):
    """It has forgotten the key by then."""
    payment_id = paid(bank, order_id)
    refund_id = refund(order_id, 500)
    bank.payments[payment_id].refunds[refund_id] = Refund("re_made_yesterday", "succeeded")
    later.by = timedelta(days=1)
    bank.calls.clear()

    run_payment_worker()

    assert bank.calls == ["find_refund"]
    assert refund_of(order_id).provider_refund_id == "re_made_yesterday"


def test_a_day_later_it_is_paid_back_if_it_was_not(bank, order_id, later):
    paid(bank, order_id)
    refund(order_id, 500)
    later.by = timedelta(days=1)
    bank.calls.clear()

    run_payment_worker()

    assert bank.calls == ["find_refund", "refund"]
    assert refund_of(order_id).status == "succeeded"


def test_a_payment_of_another_provider_is_left_to_people(bank, order_id):
    """The shop was set up with another meanwhile."""
    paid(bank, order_id)
    refund(order_id, 500)
    bank.name = "stripe"
    bank.calls.clear()

    with logs.captured() as lines:
        assert run_payment_worker() == FIRST_FAILED

    assert bank.calls == []
    assert [it["reason"] for it in lines.saying("payment not settled")] == ["OtherProvider"]


def test_a_message_for_another_queue_is_not_lost(order_id):
    paid_event = OrderPaid.model_validate(
        {
            "data": {
                "order_id": order_id,
                "buyer_id": "usr_ada",
                "total": {"amount_minor": 1, "currency": "EUR"},
            }
        }
    )

    assert run_payment_worker(paid_event) == FIRST_FAILED


def test_a_message_about_an_order_or_refund_that_is_not_there_is_not_lost(bank, order_id):
    (record,) = sample("orders.execute_payment_requests")["Records"]
    unknown = parse_event(json.loads(record["body"])["detail"])
    paid(bank, order_id)
    about = unknown.data.model_copy(update={"order_id": order_id})

    assert run_payment_worker(unknown) == FIRST_FAILED
    assert run_payment_worker(unknown.model_copy(update={"data": about})) == FIRST_FAILED
