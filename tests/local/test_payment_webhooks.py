"""The webhooks of the local payment provider: signed, ordered, repeated until accepted."""

import asyncio
import time

import pytest

from tests.local import payments
from tests.local.payments import Shop, run_with_shop, wait_until


@pytest.fixture(autouse=True)
def retry_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    payments.retry_at_once(monkeypatch)


def test_a_webhook_is_signed_with_the_time_of_sending() -> None:
    async def run(shop: Shop) -> None:
        await shop.create_paid_payment()
        await wait_until(lambda: len(shop.webhooks) == 1)

        signed_at, is_valid = payments.read_signature(shop.webhooks[0])
        assert is_valid
        assert abs(time.time() - signed_at) < 5
        assert str(shop.webhooks[0].url) == payments.WEBHOOK_URL

    run_with_shop(run)


def test_a_refused_webhook_is_sent_again_with_a_new_signature() -> None:
    async def run(shop: Shop) -> None:
        shop.answers = [500, 404]
        await shop.create_paid_payment()
        await wait_until(lambda: len(shop.webhooks) == 3)
        (event,) = (await shop.call("GET", "/events")).json()["events"]

        assert len({request.content for request in shop.webhooks}) == 1
        assert all(payments.read_signature(request)[1] for request in shop.webhooks)
        assert (event["attempts"], event["delivered"]) == (3, True)

    run_with_shop(run)


def test_webhooks_of_one_payment_arrive_in_order() -> None:
    async def run(shop: Shop) -> None:
        payment = await shop.create_payment()
        for _ in range(3):
            await shop.confirm(payment, card="declined")
        await shop.confirm(payment)
        await wait_until(lambda: len(shop.webhooks) == 4)

        assert shop.event_types == [*["payment.declined"] * 3, "payment.captured"]

    run_with_shop(run)


def test_webhooks_can_arrive_twice() -> None:
    async def run(shop: Shop) -> None:
        await shop.set_behaviour(copies=2)
        await shop.create_paid_payment()
        await wait_until(lambda: len(shop.webhooks) == 2)

        assert shop.events[0] == shop.events[1]

    run_with_shop(run)


def test_webhooks_can_arrive_in_reverse_order() -> None:
    async def run(shop: Shop) -> None:
        await shop.set_behaviour(shuffle_seconds=0.1)
        payment = await shop.create_paid_payment()
        await shop.refund(payment, 1000)
        await wait_until(lambda: len(shop.webhooks) == 2)

        assert shop.event_types == ["refund.updated", "payment.captured"]

    run_with_shop(run)


def test_webhooks_can_be_delayed_or_held() -> None:
    async def run(shop: Shop) -> None:
        await shop.set_behaviour(hold=True)
        await shop.create_paid_payment()
        await asyncio.sleep(0.1)
        before = len(shop.webhooks)
        await shop.set_behaviour(hold=False, delay_seconds=0.2)
        await wait_until(lambda: len(shop.webhooks) == 1)
        began = time.monotonic()
        await shop.create_paid_payment(key="another", order_id="ord_2")
        await wait_until(lambda: len(shop.webhooks) == 2)

        assert before == 0
        assert time.monotonic() - began >= 0.2

    run_with_shop(run)


def test_a_webhook_can_have_an_old_or_wrong_signature() -> None:
    async def run(shop: Shop) -> None:
        await shop.set_behaviour(signed_ago_seconds=1000)
        await shop.create_paid_payment()
        await wait_until(lambda: len(shop.webhooks) == 1)
        await shop.set_behaviour(signed_ago_seconds=0, wrong_secret=True)
        await shop.create_paid_payment(key="another")
        await wait_until(lambda: len(shop.webhooks) == 2)

        (old_time, is_valid), (_, is_other_valid) = map(payments.read_signature, shop.webhooks)
        assert is_valid
        assert time.time() - old_time > 990
        assert not is_other_valid

    run_with_shop(run)
