"""The local payment provider: payments, refunds and its misbehaviour on demand."""

import asyncio
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.local import payments
from tests.local.payments import Shop, run_with_shop, wait_until


@pytest.fixture(autouse=True)
def retry_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    payments.retry_at_once(monkeypatch)


def code(answer: httpx.Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["error"]["code"]


def test_a_paid_payment_is_reported_without_its_secret() -> None:
    async def run(shop: Shop) -> None:
        payment = await shop.create_payment()
        confirmed = await shop.confirm(payment)
        await wait_until(lambda: shop.event_types == ["payment.captured"])

        shown = (await shop.call("GET", f"/payments/{payment['id']}")).json()
        assert (payment["status"], shown["status"]) == ("awaiting", "captured")
        assert (shown["captured_minor"], shown["order_id"]) == (1000, "ord_1")
        assert shown["client_secret"] == payment["client_secret"]
        assert "client_secret" not in confirmed.json()
        assert shop.events[0]["data"] == confirmed.json()

    run_with_shop(run)


def test_a_captured_payment_cannot_be_cancelled() -> None:
    async def run(shop: Shop) -> None:
        payment = await shop.create_paid_payment(capture="manual")
        path = f"/payments/{payment['id']}"
        captured = await shop.call("POST", f"{path}/capture", {"amount_minor": 900}, key="capture")
        cancelled = await shop.call("POST", f"{path}/cancel", {}, key="cancel")
        await wait_until(lambda: len(shop.webhooks) == 2)

        assert captured.json()["captured_minor"] == 900
        assert code(cancelled) == (409, "status_conflict")
        assert shop.event_types == ["payment.authorized", "payment.captured"]

    run_with_shop(run)


def test_a_cancelled_payment_cannot_be_paid() -> None:
    async def run(shop: Shop) -> None:
        payment = await shop.create_payment()
        path = f"/payments/{payment['id']}/cancel"
        first = await shop.call("POST", path, {}, key="one")
        second = await shop.call("POST", path, {}, key="two")
        await wait_until(lambda: shop.event_types == ["payment.voided"])

        assert [answer.json()["status"] for answer in (first, second)] == ["void", "void"]
        assert code(await shop.confirm(payment)) == (409, "status_conflict")

    run_with_shop(run)


def test_a_buyer_can_pay_after_a_declined_card() -> None:
    async def run(shop: Shop) -> None:
        payment = await shop.create_payment()
        declined = await shop.confirm(payment, card="declined")
        await shop.confirm(payment)
        await wait_until(lambda: len(shop.webhooks) == 2)

        assert declined.json()["status"] == "awaiting"
        assert shop.event_types == ["payment.declined", "payment.captured"]

    run_with_shop(run)


def test_paying_needs_the_secret_of_the_payment() -> None:
    async def run(shop: Shop) -> None:
        payment = await shop.create_payment()

        for wrong in ({"client_secret": "guessed"}, {"id": "pay_unknown"}):
            assert code(await shop.confirm(payment | wrong)) == (404, "not_found")
        assert (await shop.call("GET", "/events")).json() == {"events": []}

    run_with_shop(run)


@pytest.mark.parametrize("headers", [{}, {"authorization": "Bearer guessed"}])
@pytest.mark.parametrize(
    ("method", "path"), [("POST", "/payments"), ("GET", "/payments/x"), ("PUT", "/behaviour")]
)
def test_calls_by_the_shop_need_the_api_key(
    method: str, path: str, headers: dict[str, str]
) -> None:
    async def run(shop: Shop) -> None:
        answer = await shop.client.request(method, path, json={}, headers=headers)

        assert code(answer) == (401, "unauthorized")

    run_with_shop(run)


def test_a_repeated_idempotency_key_gets_the_first_answer() -> None:
    async def run(shop: Shop) -> None:
        payment = await shop.create_paid_payment()
        again = await shop.create_payment()
        other = await shop.call("POST", "/payments", {"order_id": "ord_2"}, key="create")
        refused = [await shop.refund(payment, 1001) for _ in range(2)]

        assert again == payment
        assert again["status"] == "awaiting"
        assert code(other) == (409, "idempotency_key_reused")
        assert [code(answer) for answer in refused] == [(409, "amount_too_large")] * 2

    run_with_shop(run)


@pytest.mark.parametrize(
    "wrong",
    [
        {"amount_minor": 0},
        {"amount_minor": 1.5},
        {"amount_minor": "1000"},
        {"currency": "euro"},
        {"capture": "later"},
        {"more": 1},
    ],
)
def test_an_invalid_payment_is_not_created(wrong: dict[str, Any]) -> None:
    async def run(shop: Shop) -> None:
        body = {"order_id": "o", "amount_minor": 1, "currency": "EUR", "capture": "manual"}
        answer = await shop.call("POST", "/payments", body | wrong, key="create")

        assert code(answer) == (422, "invalid")

    run_with_shop(run)


def test_a_call_without_an_idempotency_key_is_refused() -> None:
    async def run(shop: Shop) -> None:
        payment = await shop.create_paid_payment()
        answer = await shop.call("POST", "/refunds", {"payment_id": payment["id"]})

        assert code(answer) == (422, "invalid")

    run_with_shop(run)


def test_refunds_do_not_exceed_the_captured_amount() -> None:
    async def run(shop: Shop) -> None:
        payment = await shop.create_paid_payment()
        first = await shop.refund(payment, 600, "rfd_1")
        too_much = await shop.refund(payment, 500, "rfd_2")
        rest = await shop.refund(payment, 400, "rfd_3")
        await wait_until(lambda: len(shop.webhooks) == 3)

        assert (first.status_code, first.json()["status"]) == (201, "succeeded")
        assert code(too_much) == (409, "amount_too_large")
        assert rest.status_code == 201
        assert [event["data"]["refund_id"] for event in shop.events[1:]] == ["rfd_1", "rfd_3"]

    run_with_shop(run)


def test_an_uncaptured_payment_cannot_be_refunded() -> None:
    async def run(shop: Shop) -> None:
        assert code(await shop.refund(await shop.create_payment(), 1)) == (409, "status_conflict")
        assert code(await shop.refund({"id": "pay_unknown"}, 1, "rfd_2")) == (404, "not_found")

    run_with_shop(run)


@pytest.mark.parametrize(("how", "end"), [("pending", "succeeded"), ("fail", "failed")])
def test_a_pending_refund_settles_later(how: str, end: str) -> None:
    async def run(shop: Shop) -> None:
        payment = await shop.create_paid_payment()
        await shop.set_behaviour(refunds=how)
        refund = (await shop.refund(payment, 600)).json()
        await wait_until(lambda: len(shop.webhooks) == 3)

        assert refund["status"] == "pending"
        assert [event["data"]["status"] for event in shop.events[1:]] == ["pending", end]
        shown = (await shop.call("GET", f"/payments/{payment['id']}")).json()
        assert shown["refunds"] == [refund | {"status": end}]

    run_with_shop(run)


def test_a_failed_refund_can_be_made_again() -> None:
    async def run(shop: Shop) -> None:
        payment = await shop.create_paid_payment()
        await shop.set_behaviour(refunds="refuse")
        refused = await shop.refund(payment, 1000, "rfd_1")
        await shop.set_behaviour(refunds="fail")
        await shop.refund(payment, 1000, "rfd_2")
        await wait_until(lambda: len(shop.webhooks) == 3)
        await shop.set_behaviour(refunds="succeed")

        assert code(refused) == (409, "status_conflict")
        assert (await shop.refund(payment, 1000, "rfd_3")).status_code == 201

    run_with_shop(run)


def test_a_dashboard_refund_has_no_refund_id_of_the_shop() -> None:
    async def run(shop: Shop) -> None:
        payment = await shop.create_paid_payment()
        path = f"/payments/{payment['id']}/dashboard-refund"
        refund = await shop.call("POST", path, {"amount_minor": 100})
        await wait_until(lambda: len(shop.webhooks) == 2)

        assert (refund.status_code, refund.json()["refund_id"]) == (201, None)
        assert shop.events[1]["data"] == refund.json()

    run_with_shop(run)


def test_all_cards_can_be_declined() -> None:
    async def run(shop: Shop) -> None:
        await shop.set_behaviour(declines=True)
        payment = await shop.create_payment()

        assert (await shop.confirm(payment)).json()["status"] == "awaiting"

    run_with_shop(run)


def test_a_call_can_fail_or_lose_its_answer() -> None:
    async def run(shop: Shop) -> None:
        payment = await shop.create_paid_payment()
        await shop.set_behaviour(fail_next=1, lose_next=1)
        failed = await shop.refund(payment, 1000)
        await wait_until(lambda: shop.event_types == ["payment.captured"])
        lost = await shop.refund(payment, 1000)
        await wait_until(lambda: len(shop.webhooks) == 2)
        again = await shop.refund(payment, 1000)

        assert code(failed) == code(lost) == (503, "unavailable")
        assert again.json()["id"] == shop.events[1]["data"]["id"]
        assert len(shop.webhooks) == 2

    run_with_shop(run)


@pytest.mark.parametrize("wrong", [{"copies": 0}, {"refunds": "maybe"}, {"unknown": 1}, []])
def test_an_unknown_behaviour_is_refused(wrong: Any) -> None:
    async def run(shop: Shop) -> None:
        before = (await shop.call("GET", "/behaviour")).json()
        answer = await shop.call("PUT", "/behaviour", wrong)

        assert answer.status_code == 422
        assert (await shop.call("GET", "/behaviour")).json() == before

    run_with_shop(run)


def test_a_restart_keeps_payments_and_undelivered_events(tmp_path: Path) -> None:
    state = tmp_path / "payments.json"
    first_payment: dict[str, Any] = {}

    async def first(shop: Shop) -> None:
        await shop.set_behaviour(hold=True, refunds="fail", delay_seconds=60)
        first_payment.update(await shop.create_paid_payment())
        await shop.refund(first_payment, 400)

    async def second(shop: Shop) -> None:
        await wait_until(lambda: len(shop.webhooks) == 3)
        assert await shop.create_payment() == first_payment
        assert sorted(shop.event_types) == ["payment.captured", "refund.updated", "refund.updated"]
        assert shop.events[-1]["data"]["status"] == "failed"

    async def third(shop: Shop) -> None:
        await asyncio.sleep(0.1)
        assert shop.webhooks == []

    run_with_shop(first, state)
    assert state.stat().st_mode & 0o077 == 0
    run_with_shop(second, state)
    run_with_shop(third, state)
