"""The local provider's pages, where a person sees and pays payments."""

import asyncio
from pathlib import Path

import httpx
import pytest

from local import gateway
from local.instances import InstanceQueues
from local.mailbox import Mailbox
from local.payments.provider import Provider
from local.payments.records import Payment
from tests.local.payments import provider
from tests.local.test_shop_pages import BASE, FRAME, Tags, policy_of, sources_of


@pytest.fixture
def local_provider() -> Provider:
    return provider()


@pytest.fixture
def payment(local_provider: Provider) -> Payment:
    return local_provider.ledger.create_payment("ord_1", 1999, "EUR", "automatic")


def ask(local_provider: Provider, path: str) -> httpx.Response:
    async def call() -> httpx.Response:
        async with httpx.AsyncClient(transport=httpx.MockTransport(unreachable)) as nobody:
            mailbox = Mailbox("http://127.0.0.1:4566", nobody, Path("no mails from earlier runs"))
            api_gateway = gateway.Gateway(
                "http://127.0.0.1:4566/gateway", nobody, InstanceQueues({})
            )
            app = gateway.create_app(BASE, api_gateway, mailbox, local_provider)
            async with httpx.AsyncClient(
                transport=httpx.ASGITransport(app), base_url=BASE
            ) as client:
                return await client.get(path)

    return asyncio.run(call())


def unreachable(request: httpx.Request) -> httpx.Response:
    pytest.fail(f"{request.method} {request.url} was called")


def test_the_list_links_to_each_payment_s_page(local_provider, payment) -> None:
    shown = ask(local_provider, "/payments")

    links = [link["href"] for link in Tags(shown.text).all("a")]
    assert "EUR 19.99" in shown.text
    assert "awaiting" in shown.text
    assert f"/payments/{payment.id}#{payment.client_secret}" in links


def test_an_empty_list_says_how_to_start_a_payment(local_provider) -> None:
    assert "POST /v1/orders/{order_id}/payment" in ask(local_provider, "/payments").text


def test_the_pay_page_has_two_buttons_and_no_secret(local_provider, payment) -> None:
    shown = ask(local_provider, f"/payments/{payment.id}")

    tags, policy = Tags(shown.text), policy_of(shown)
    (form,) = tags.all("form")
    assert form["data-route"] == f"/provider/payments/{payment.id}/confirm"
    assert [button["value"] for button in tags.all("button")] == ["ok", "declined"]
    assert payment.client_secret not in shown.text
    assert sources_of(tags) == [FRAME, "/assets/pay.js"]
    assert policy["script-src"] == policy["connect-src"] == ["'self'"]
    assert policy["form-action"] == policy["frame-ancestors"] == ["'none'"]


def test_a_paid_payment_has_no_form(local_provider, payment) -> None:
    local_provider.ledger.confirm(payment, is_declined=False)

    assert Tags(ask(local_provider, f"/payments/{payment.id}").text).all("form") == []


def test_an_unknown_payment_is_a_404(local_provider) -> None:
    assert ask(local_provider, "/payments/pay_unknown").status_code == 404


def test_the_secret_leaves_the_address_before_it_is_used(local_provider) -> None:
    script = ask(local_provider, "/assets/pay.js").text

    assert 0 < script.index("location.hash") < script.index("history.replaceState")
    assert script.index("history.replaceState") < script.index("fetch(")


def test_functions_reach_the_provider_through_the_gateway(local_provider, payment) -> None:
    assert ask(local_provider, f"/provider/payments/{payment.id}").status_code == 401
