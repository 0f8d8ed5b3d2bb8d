"""Where a person on the laptop sees payments, and pays them."""

import asyncio
from pathlib import Path

import httpx
import pytest

from local import gateway
from local.instances import InstanceQueues
from local.mailbox import Mailbox
from local.payments.ledger import Payment
from local.payments.provider import Provider
from tests.local.payments import provider
from tests.local.test_shop_pages import BASE, Tags, policy_of


@pytest.fixture
def paying() -> Provider:
    return provider()


@pytest.fixture
def payment(paying: Provider) -> Payment:
    return paying.ledger.begin("ord_1", 1999, "EUR", "automatic")


def ask(paying: Provider, path: str) -> httpx.Response:
    async def call() -> httpx.Response:
        async with httpx.AsyncClient(transport=httpx.MockTransport(unreachable)) as nobody:
            mailbox = Mailbox("http://127.0.0.1:4566", nobody, Path("no mails from earlier runs"))
            api_gateway = gateway.Gateway(
                "http://127.0.0.1:4566/gateway", nobody, InstanceQueues({})
            )
            app = gateway.create_app(BASE, api_gateway, mailbox, paying)
            async with httpx.AsyncClient(
                transport=httpx.ASGITransport(app), base_url=BASE
            ) as client:
                return await client.get(path)

    return asyncio.run(call())


def unreachable(request: httpx.Request) -> httpx.Response:
    pytest.fail(f"{request.method} {request.url} was called")


def test_the_list_shows_each_payment_and_leads_to_where_it_is_paid(paying, payment) -> None:
    shown = ask(paying, "/payments")

    links = [it["href"] for it in Tags(shown.text).all("a")]
    assert "EUR 19.99" in shown.text
    assert "awaiting" in shown.text
    assert f"/payments/{payment.id}#{payment.client_secret}" in links
    assert "script-src" not in policy_of(shown)


def test_without_payments_the_list_says_how_one_is_begun(paying) -> None:
    assert "POST /v1/orders/{order_id}/payment" in ask(paying, "/payments").text


def test_the_pay_page_has_two_buttons_for_the_payment_and_not_its_secret(paying, payment) -> None:
    shown = ask(paying, f"/payments/{payment.id}")

    tags, policy = Tags(shown.text), policy_of(shown)
    (form,) = tags.all("form")
    assert form["data-route"] == f"/provider/payments/{payment.id}/confirm"
    assert [it["value"] for it in tags.all("button")] == ["ok", "declined"]
    assert payment.client_secret not in shown.text
    assert [it["src"] for it in tags.all("script")] == ["/pay.js"]
    assert policy["script-src"] == policy["connect-src"] == ["'self'"]
    assert policy["form-action"] == policy["frame-ancestors"] == ["'none'"]


def test_what_is_paid_is_not_paid_again(paying, payment) -> None:
    paying.ledger.confirm(payment, is_declined=False)

    assert Tags(ask(paying, f"/payments/{payment.id}").text).all("form") == []


def test_an_unknown_payment_is_a_404(paying) -> None:
    assert ask(paying, "/payments/pay_unknown").status_code == 404


def test_the_secret_is_out_of_the_address_before_it_is_used(paying) -> None:
    script = ask(paying, "/pay.js").text

    assert 0 < script.index("location.hash") < script.index("history.replaceState")
    assert script.index("history.replaceState") < script.index("fetch(")


def test_functions_find_the_provider_under_the_front(paying, payment) -> None:
    assert ask(paying, f"/provider/payments/{payment.id}").status_code == 401
