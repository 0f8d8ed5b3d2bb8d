"""The local payment provider behaves like one, also where one misbehaves."""

import asyncio
import time
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.local import payments
from tests.local.payments import Shop, until, with_shop


@pytest.fixture(autouse=True)
def hurried(monkeypatch: pytest.MonkeyPatch) -> None:
    payments.hurried(monkeypatch)


def code(answer: httpx.Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["error"]["code"]


def test_a_payment_is_begun_paid_and_told_of_without_its_secret() -> None:
    async def run(shop: Shop) -> None:
        payment = await shop.begun()
        confirmed = await shop.confirm(payment)
        await until(lambda: shop.told == ["payment.captured"])

        shown = (await shop.call("GET", f"/payments/{payment['id']}")).json()
        assert (payment["status"], shown["status"]) == ("awaiting", "captured")
        assert (shown["captured_minor"], shown["order_id"]) == (1000, "ord_1")
        assert shown["client_secret"] == payment["client_secret"]
        assert "client_secret" not in confirmed.json()
        assert shop.events[0]["data"] == confirmed.json()

    with_shop(run)


def test_a_webhook_is_signed_at_the_time_of_its_sending() -> None:
    async def run(shop: Shop) -> None:
        await shop.paid()
        await until(lambda: len(shop.heard) == 1)

        signed_at, is_ours = payments.signature_of(shop.heard[0])
        assert is_ours
        assert abs(time.time() - signed_at) < 5
        assert str(shop.heard[0].url) == payments.WEBHOOK_URL

    with_shop(run)


def test_a_manual_payment_is_authorized_captured_in_part_and_not_cancelled_after() -> None:
    async def run(shop: Shop) -> None:
        payment = await shop.paid(capture="manual")
        path = f"/payments/{payment['id']}"
        captured = await shop.call("POST", f"{path}/capture", {"amount_minor": 900}, key="capture")
        cancelled = await shop.call("POST", f"{path}/cancel", {}, key="cancel")
        await until(lambda: len(shop.heard) == 2)

        assert captured.json()["captured_minor"] == 900
        assert code(cancelled) == (409, "status_conflict")
        assert shop.told == ["payment.authorized", "payment.captured"]

    with_shop(run)


def test_a_payment_is_cancelled_once_and_cannot_be_paid_any_more() -> None:
    async def run(shop: Shop) -> None:
        payment = await shop.begun()
        path = f"/payments/{payment['id']}/cancel"
        first = await shop.call("POST", path, {}, key="one")
        second = await shop.call("POST", path, {}, key="two")
        await until(lambda: shop.told == ["payment.voided"])

        assert [it.json()["status"] for it in (first, second)] == ["void", "void"]
        assert code(await shop.confirm(payment)) == (409, "status_conflict")

    with_shop(run)


def test_a_card_that_is_declined_can_be_followed_by_another() -> None:
    async def run(shop: Shop) -> None:
        payment = await shop.begun()
        declined = await shop.confirm(payment, card="declined")
        await shop.confirm(payment)
        await until(lambda: len(shop.heard) == 2)

        assert declined.json()["status"] == "awaiting"
        assert shop.told == ["payment.declined", "payment.captured"]

    with_shop(run)


def test_nobody_pays_without_the_payment_s_secret() -> None:
    async def run(shop: Shop) -> None:
        payment = await shop.begun()

        for wrong in ({"client_secret": "guessed"}, {"id": "pay_unknown"}):
            assert code(await shop.confirm(payment | wrong)) == (404, "not_found")
        assert (await shop.call("GET", "/events")).json() == {"events": []}

    with_shop(run)


@pytest.mark.parametrize("headers", [{}, {"authorization": "Bearer guessed"}])
@pytest.mark.parametrize(
    ("method", "path"), [("POST", "/payments"), ("GET", "/payments/x"), ("PUT", "/behaviour")]
)
def test_the_shop_s_side_takes_its_key(method: str, path: str, headers: dict[str, str]) -> None:
    async def run(shop: Shop) -> None:
        answer = await shop.client.request(method, path, json={}, headers=headers)

        assert code(answer) == (401, "unauthorized")

    with_shop(run)


def test_an_idempotency_key_is_answered_as_it_first_was() -> None:
    async def run(shop: Shop) -> None:
        payment = await shop.paid()
        again = await shop.begun()
        other = await shop.call("POST", "/payments", {"order_id": "ord_2"}, key="begin")
        refused = [await shop.refund(payment, 1001) for _ in range(2)]

        assert again == payment
        assert again["status"] == "awaiting"
        assert code(other) == (409, "idempotency_key_reused")
        assert [code(it) for it in refused] == [(409, "amount_too_large")] * 2

    with_shop(run)


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
def test_a_payment_that_makes_no_sense_is_not_begun(wrong: dict[str, Any]) -> None:
    async def run(shop: Shop) -> None:
        wanted = {"order_id": "o", "amount_minor": 1, "currency": "EUR", "capture": "manual"}
        answer = await shop.call("POST", "/payments", wanted | wrong, key="begin")

        assert code(answer) == (422, "invalid")

    with_shop(run)


def test_a_call_without_an_idempotency_key_does_nothing() -> None:
    async def run(shop: Shop) -> None:
        payment = await shop.paid()
        answer = await shop.call("POST", "/refunds", {"payment_id": payment["id"]})

        assert code(answer) == (422, "invalid")

    with_shop(run)


def test_no_more_is_paid_back_than_was_captured() -> None:
    async def run(shop: Shop) -> None:
        payment = await shop.paid()
        first = await shop.refund(payment, 600, "rfd_1")
        too_much = await shop.refund(payment, 500, "rfd_2")
        rest = await shop.refund(payment, 400, "rfd_3")
        await until(lambda: len(shop.heard) == 3)

        assert (first.status_code, first.json()["status"]) == (201, "succeeded")
        assert code(too_much) == (409, "amount_too_large")
        assert rest.status_code == 201
        assert [it["data"]["refund_id"] for it in shop.events[1:]] == ["rfd_1", "rfd_3"]

    with_shop(run)


def test_what_was_never_captured_is_not_paid_back() -> None:
    async def run(shop: Shop) -> None:
        assert code(await shop.refund(await shop.begun(), 1)) == (409, "status_conflict")
        assert code(await shop.refund({"id": "pay_unknown"}, 1, "rfd_2")) == (404, "not_found")

    with_shop(run)


@pytest.mark.parametrize(("how", "end"), [("pending", "succeeded"), ("fail", "failed")])
def test_a_refund_may_take_its_time_and_fail(how: str, end: str) -> None:
    async def run(shop: Shop) -> None:
        payment = await shop.paid()
        await shop.behave(refunds=how)
        refund = (await shop.refund(payment, 600)).json()
        await until(lambda: len(shop.heard) == 3)

        assert refund["status"] == "pending"
        assert [it["data"]["status"] for it in shop.events[1:]] == ["pending", end]
        shown = (await shop.call("GET", f"/payments/{payment['id']}")).json()
        assert shown["refunds"] == [refund | {"status": end}]

    with_shop(run)


def test_a_refund_may_be_refused_and_what_failed_can_be_paid_back_again() -> None:
    async def run(shop: Shop) -> None:
        payment = await shop.paid()
        await shop.behave(refunds="refuse")
        refused = await shop.refund(payment, 1000, "rfd_1")
        await shop.behave(refunds="fail")
        await shop.refund(payment, 1000, "rfd_2")
        await until(lambda: len(shop.heard) == 3)
        await shop.behave(refunds="succeed")

        assert code(refused) == (409, "status_conflict")
        assert (await shop.refund(payment, 1000, "rfd_3")).status_code == 201

    with_shop(run)


def test_a_refund_in_the_provider_s_own_pages_is_none_of_the_shop_s() -> None:
    async def run(shop: Shop) -> None:
        payment = await shop.paid()
        path = f"/payments/{payment['id']}/dashboard-refund"
        made = await shop.call("POST", path, {"amount_minor": 100})
        await until(lambda: len(shop.heard) == 2)

        assert (made.status_code, made.json()["refund_id"]) == (201, None)
        assert shop.events[1]["data"] == made.json()

    with_shop(run)


def test_a_webhook_that_is_not_taken_comes_again_the_same_but_signed_anew() -> None:
    async def run(shop: Shop) -> None:
        shop.answers = [500, 404]
        await shop.paid()
        await until(lambda: len(shop.heard) == 3)
        (event,) = (await shop.call("GET", "/events")).json()["events"]

        assert len({request.content for request in shop.heard}) == 1
        assert all(payments.signature_of(request)[1] for request in shop.heard)
        assert (event["attempts"], event["delivered"]) == (3, True)

    with_shop(run)


def test_webhooks_of_one_payment_come_in_order_unless_one_is_not_taken() -> None:
    async def run(shop: Shop) -> None:
        payment = await shop.begun()
        for _ in range(3):
            await shop.confirm(payment, card="declined")
        await shop.confirm(payment)
        await until(lambda: len(shop.heard) == 4)

        assert shop.told == [*["payment.declined"] * 3, "payment.captured"]

    with_shop(run)


def test_webhooks_may_come_twice() -> None:
    async def run(shop: Shop) -> None:
        await shop.behave(copies=2)
        await shop.paid()
        await until(lambda: len(shop.heard) == 2)

        assert shop.events[0] == shop.events[1]

    with_shop(run)


def test_webhooks_may_come_in_reverse() -> None:
    async def run(shop: Shop) -> None:
        await shop.behave(shuffle_seconds=0.1)
        payment = await shop.paid()
        await shop.refund(payment, 1000)
        await until(lambda: len(shop.heard) == 2)

        assert shop.told == ["refund.updated", "payment.captured"]

    with_shop(run)


def test_webhooks_may_be_late_or_held_until_they_are_let_go() -> None:
    async def run(shop: Shop) -> None:
        await shop.behave(hold=True)
        await shop.paid()
        await asyncio.sleep(0.1)
        before = len(shop.heard)
        await shop.behave(hold=False, delay_seconds=0.2)
        await until(lambda: len(shop.heard) == 1)
        began = time.monotonic()
        await shop.paid(key="another", order_id="ord_2")
        await until(lambda: len(shop.heard) == 2)

        assert before == 0
        assert time.monotonic() - began >= 0.2

    with_shop(run)


def test_a_webhook_may_be_old_or_somebody_else_s() -> None:
    async def run(shop: Shop) -> None:
        await shop.behave(signed_ago_seconds=1000)
        await shop.paid()
        await until(lambda: len(shop.heard) == 1)
        await shop.behave(signed_ago_seconds=0, wrong_secret=True)
        await shop.paid(key="another")
        await until(lambda: len(shop.heard) == 2)

        (old, is_ours), (_, of_another) = map(payments.signature_of, shop.heard)
        assert is_ours
        assert time.time() - old > 990
        assert not of_another

    with_shop(run)


def test_cards_may_all_be_declined() -> None:
    async def run(shop: Shop) -> None:
        await shop.behave(declines=True)
        payment = await shop.begun()

        assert (await shop.confirm(payment)).json()["status"] == "awaiting"

    with_shop(run)


def test_a_call_may_fail_undone_or_be_done_and_its_answer_lost() -> None:
    async def run(shop: Shop) -> None:
        payment = await shop.paid()
        await shop.behave(fail_next=1, lose_next=1)
        failed = await shop.refund(payment, 1000)
        await until(lambda: shop.told == ["payment.captured"])
        lost = await shop.refund(payment, 1000)
        await until(lambda: len(shop.heard) == 2)
        again = await shop.refund(payment, 1000)

        assert code(failed) == code(lost) == (503, "unavailable")
        assert again.json()["id"] == shop.events[1]["data"]["id"]
        assert len(shop.heard) == 2

    with_shop(run)


@pytest.mark.parametrize("wrong", [{"copies": 0}, {"refunds": "maybe"}, {"unknown": 1}, []])
def test_a_behaviour_that_there_is_not_changes_none(wrong: Any) -> None:
    async def run(shop: Shop) -> None:
        before = (await shop.call("GET", "/behaviour")).json()
        answer = await shop.call("PUT", "/behaviour", wrong)

        assert answer.status_code == 422
        assert (await shop.call("GET", "/behaviour")).json() == before

    with_shop(run)


def test_the_next_start_knows_the_payments_and_tells_what_nobody_has_taken(tmp_path: Path) -> None:
    state = tmp_path / "payments.json"
    known: dict[str, Any] = {}

    async def first(shop: Shop) -> None:
        await shop.behave(hold=True, refunds="fail", delay_seconds=60)
        known.update(await shop.paid())
        await shop.refund(known, 400)

    async def second(shop: Shop) -> None:
        await until(lambda: len(shop.heard) == 3)
        assert await shop.begun() == known
        assert sorted(shop.told) == ["payment.captured", "refund.updated", "refund.updated"]
        assert shop.events[-1]["data"]["status"] == "failed"

    async def third(shop: Shop) -> None:
        await asyncio.sleep(0.1)
        assert shop.heard == []

    with_shop(first, state)
    assert state.stat().st_mode & 0o077 == 0
    with_shop(second, state)
    with_shop(third, state)
