"""The local provider's pages, where a person sees and pays payments."""

import asyncio
from collections.abc import Callable
from typing import Any

import httpx
import pytest

from local.payments.provider import Provider
from local.payments.records import Payment
from tests.local.activity_stack import FakeReader, order
from tests.local.gateway_client import create_app
from tests.local.payments import provider, wait_until
from tests.local.test_shop_pages import BASE, FRAME, Tags, policy_of, sources_of


@pytest.fixture
def local_provider() -> Provider:
    return provider()


@pytest.fixture
def payment(local_provider: Provider) -> Payment:
    return local_provider.ledger.create_payment("ord_1", 1999, "EUR", "automatic")


def ask(
    local_provider: Provider,
    path: str,
    method: str = "GET",
    *,
    reader: FakeReader | None = None,
    shop: Callable[[httpx.Request], httpx.Response] | None = None,
    **request: Any,
) -> httpx.Response:
    """The gateway's answer. The webhooks that the call causes reach `shop` first."""

    async def call() -> httpx.Response:
        async with httpx.AsyncClient(transport=httpx.MockTransport(unreachable)) as nobody:
            app = create_app(nobody, payments=local_provider, reader=reader)
            transport = httpx.ASGITransport(app)
            async with (
                local_provider.running(httpx.MockTransport(shop or unreachable)),
                httpx.AsyncClient(transport=transport, base_url=BASE) as client,
            ):
                response = await client.request(method, path, **request)
                await wait_until(
                    lambda: all(event.attempts for event in local_provider.ledger.events)
                )
                return response

    return asyncio.run(call())


def unreachable(request: httpx.Request) -> httpx.Response:
    pytest.fail(f"{request.method} {request.url} was called")


def accept(_: httpx.Request) -> httpx.Response:
    return httpx.Response(200, json={"outcome": "applied", "reason": None})


def pay(local_provider: Provider, payment: Payment, shop: Any = accept) -> None:
    """As the buyer's browser does."""
    body = {"client_secret": payment.client_secret, "card": "ok"}
    path = f"/provider/payments/{payment.id}/confirm"
    assert ask(local_provider, path, "POST", json=body, shop=shop).status_code == 200


def test_the_list_has_what_a_person_looks_for(local_provider, payment) -> None:
    reader = FakeReader()
    reader.orders, reader.users = {"ord_1": order()}, {"usr_1": {"email": "ada@example.com"}}
    pay(local_provider, payment)

    listed = ask(local_provider, "/payments.json", reader=reader)

    [shown] = listed.json()["payments"]
    assert listed.headers["cache-control"] == "no-store"
    assert (shown["amount"], shown["status"]) == ("EUR 19.99", "captured")
    assert (shown["buyer"], shown["order_id"]) == ("ada@example.com", "ord_1")
    assert shown["created"] == payment.created
    [webhook] = shown["webhooks"]
    assert (webhook["type"], webhook["delivered"]) == ("payment.captured", True)
    assert [(each["status"], each["outcome"]) for each in webhook["answers"]] == [(200, "applied")]


@pytest.mark.usefixtures("payment")
def test_a_guest_is_named_by_the_order_s_address(local_provider) -> None:
    reader = FakeReader()
    reader.orders = {"ord_1": order(buyer_id="gst_1", guest_email="guest@example.com")}

    [shown] = ask(local_provider, "/payments.json", reader=reader).json()["payments"]

    assert shown["buyer"] == "guest@example.com"


def test_a_payment_whose_order_is_unknown_is_listed(local_provider, payment) -> None:
    [shown] = ask(local_provider, "/payments.json").json()["payments"]

    assert (shown["id"], shown["buyer"]) == (payment.id, None)


def test_an_empty_list_reads_nothing(local_provider) -> None:
    reader = FakeReader()

    assert ask(local_provider, "/payments.json", reader=reader).json()["payments"] == []
    assert reader.readings == []


def test_an_empty_list_says_how_to_start_a_payment(local_provider) -> None:
    assert "POST /v1/orders/{order_id}/payment" in ask(local_provider, "/payments").text


@pytest.mark.parametrize(
    ("answer", "shown"),
    [
        (
            httpx.Response(200, json={"outcome": "refused", "reason": "amount_differs"}),
            (200, "refused: amount_differs"),
        ),
        (
            httpx.Response(400, json={"error": {"code": "webhook_too_old"}}),
            (400, "webhook_too_old"),
        ),
        (
            httpx.Response(503, json={"message": "Service Unavailable"}),
            (503, "Service Unavailable"),
        ),
        (httpx.Response(502, text="not JSON"), (502, "Bad Gateway")),
    ],
)
def test_a_webhook_shows_what_the_shop_answered(local_provider, payment, answer, shown) -> None:
    pay(local_provider, payment, lambda _: answer)

    [webhook] = ask(local_provider, f"/payments/{payment.id}.json", shop=accept).json()["webhooks"]

    first = webhook["answers"][0]
    assert (first["status"], first["outcome"]) == shown


def test_a_webhook_without_an_answer_names_the_error(local_provider, payment) -> None:
    def break_off(_: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("refused")

    pay(local_provider, payment, break_off)

    [webhook] = ask(local_provider, f"/payments/{payment.id}.json", shop=accept).json()["webhooks"]
    assert webhook["answers"][0] | {"at": 0} == {"at": 0, "status": None, "outcome": "ConnectError"}


def dispute(
    local_provider: Provider, payment: Payment, status: str, **request: Any
) -> httpx.Response:
    path = f"/payments/{payment.id}/dispute"
    return ask(local_provider, path, "POST", json={"status": status}, shop=accept, **request)


@pytest.mark.parametrize("end", ["won", "lost"])
def test_a_dispute_is_opened_and_closed(local_provider, payment, end) -> None:
    pay(local_provider, payment)

    opened = dispute(local_provider, payment, "needs_response").json()
    closed = dispute(local_provider, payment, end).json()

    assert [(each["status"], each["amount"]) for each in opened["disputes"]] == [
        ("needs_response", "EUR 19.99")
    ]
    assert [each["status"] for each in closed["disputes"]] == [end]
    assert [event.type for event in local_provider.ledger.events] == [
        "payment.captured",
        "dispute.updated",
        "dispute.updated",
    ]


def test_an_unpaid_payment_cannot_be_disputed(local_provider, payment) -> None:
    assert dispute(local_provider, payment, "needs_response").status_code == 409
    assert payment.disputes == []


@pytest.mark.parametrize("status", ["won", "lost"])
def test_a_dispute_that_is_not_open_cannot_be_closed(local_provider, payment, status) -> None:
    pay(local_provider, payment)

    assert dispute(local_provider, payment, status).status_code == 409


def test_a_payment_is_disputed_once(local_provider, payment) -> None:
    pay(local_provider, payment)
    dispute(local_provider, payment, "needs_response")

    again = dispute(local_provider, payment, "needs_response")
    dispute(local_provider, payment, "won")

    assert again.status_code == 409
    assert dispute(local_provider, payment, "needs_response").status_code == 409
    assert dispute(local_provider, payment, "lost").status_code == 409


@pytest.mark.parametrize("body", [b"", b"{}", b'{"status": "other"}', b'{"status": "won", "x": 1}'])
def test_a_dispute_without_a_known_status_is_refused(local_provider, payment, body) -> None:
    path = f"/payments/{payment.id}/dispute"

    assert ask(local_provider, path, "POST", content=body).status_code == 422


@pytest.mark.parametrize(
    "headers", [{"origin": "https://evil.example"}, {"sec-fetch-site": "cross-site"}]
)
def test_a_foreign_page_disputes_nothing(local_provider, payment, headers) -> None:
    pay(local_provider, payment)

    assert dispute(local_provider, payment, "needs_response", headers=headers).status_code == 403
    assert payment.disputes == []


def test_the_pay_page_has_two_buttons_and_no_secret(local_provider, payment) -> None:
    shown = ask(local_provider, f"/payments/{payment.id}")

    tags, policy = Tags(shown.text), policy_of(shown)
    (form,) = tags.all("form")
    assert form["data-route"] == f"/provider/payments/{payment.id}/confirm"
    assert [button["value"] for button in tags.all("button")] == ["ok", "declined"]
    assert payment.client_secret not in shown.text
    assert sources_of(tags) == [FRAME, "/assets/pay.js", "/assets/payment.js"]
    assert policy["script-src"] == policy["connect-src"] == ["'self'"]
    assert policy["form-action"] == policy["frame-ancestors"] == ["'none'"]


def test_a_paid_payment_has_no_form(local_provider, payment) -> None:
    local_provider.ledger.confirm(payment, is_declined=False)

    shown = ask(local_provider, f"/payments/{payment.id}", shop=accept)

    assert Tags(shown.text).all("form") == []


def test_an_unknown_payment_is_a_404(local_provider) -> None:
    assert ask(local_provider, "/payments/pay_unknown").status_code == 404


def test_the_secret_leaves_the_address_before_it_is_used(local_provider) -> None:
    script = ask(local_provider, "/assets/pay.js").text

    assert 0 < script.index("location.hash") < script.index("history.replaceState")
    assert script.index("history.replaceState") < script.index("fetch(")


def test_functions_reach_the_provider_through_the_gateway(local_provider, payment) -> None:
    assert ask(local_provider, f"/provider/payments/{payment.id}").status_code == 401
