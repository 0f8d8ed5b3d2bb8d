"""The smoke test's report and its steps; tests/e2e/test_smoke.py runs it on the local stack."""

import json
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import httpx
import pytest

from local import operations, smoke, smoke_access, smoke_journey
from local.account_roles import AccountKeys
from local.smoke import Step
from local.smoke_access import SesRecords, confirm_payment
from local.smoke_journey import Journey
from local.targets import OperationFailed
from notifications import repository as mails
from shared.events.accounts import AccessData, UserRegistered
from shared.storage import outbox
from shared.storage.transactions import Transaction
from tests.local import shops
from tests.support.stripe_api import API_KEY

PARAMETERS = {
    "Environment": "development",
    "AllowedOrigins": "https://shop.example,https://staff.example",
    "PaymentProvider": "stripe",
    "PaymentProviderUrl": "",
    "RequireStaffSecondFactor": "false",
    "ShopCurrency": "EUR",
    "ShopUrl": "https://shop.example",
}
ACCOUNT = AccountKeys("souk-users", "souk-logins", "usr_ada", "ada@example.com")


class DeployedShop(shops.Shop):
    def parameters(self) -> dict[str, str]:
        return PARAMETERS

    def physical_id(self, logical_id: str) -> str:
        if logical_id == "MailFunction":
            return "souk-mail"
        return super().physical_id(logical_id)


def deployed_shop() -> DeployedShop:
    return DeployedShop("souk-test", shops.shop().session, None, None)


Answer = Callable[[httpx.Request], httpx.Response]


def visit(answer: Answer) -> Journey:
    client = httpx.Client(base_url="https://api/v1", transport=httpx.MockTransport(answer))
    return Journey(deployed_shop(), PARAMETERS, client)


def run_steps(monkeypatch: pytest.MonkeyPatch, *steps: Step) -> tuple[smoke.SmokeReport, list[str]]:
    @contextmanager
    def open_journey(*_: Any) -> Iterator[Journey]:
        yield visit(lambda _: httpx.Response(200))

    said: list[str] = []
    monkeypatch.setattr(smoke, "STEPS", steps)
    monkeypatch.setattr(Journey, "open", open_journey)
    return smoke.run_smoke(deployed_shop(), said.append), said


def passing(name: str, *needs: str) -> Step:
    return Step(name, lambda _: "all is well", "no hint", needs)


def failing(name: str, error: Exception) -> Step:
    def fail(_: Journey) -> str:
        raise error

    return Step(name, fail, "look at the logs")


def test_each_step_is_printed_with_its_time(monkeypatch):
    report, said = run_steps(monkeypatch, passing("health"), passing("order", "health"))

    assert report.is_ok
    assert report.to_text() == "All 2 steps passed."
    assert said[0] == "https://api/v1/ (souk-test)"
    assert said[1].startswith("ok        0.00 s  health: all is well")


@pytest.mark.parametrize(
    "error",
    [
        OperationFailed("POST /orders answered 503"),
        httpx.ConnectError("refused"),
        KeyError("id"),
        json.JSONDecodeError("no JSON", "", 0),
    ],
)
def test_a_failed_step_has_a_hint_and_skips_what_needs_it(monkeypatch, error):
    report, said = run_steps(
        monkeypatch,
        failing("order", error),
        passing("payment", "order"),
        passing("webhook", "payment"),
        passing("import"),
    )

    assert (report.failed, report.skipped) == (["order"], ["payment", "webhook"])
    assert report.to_text() == "Failed: order. Skipped: payment, webhook."
    assert said[1].startswith("FAILED")
    assert said[2].strip() == "look at the logs"
    assert said[3].strip() == "skipped           payment: needs order"
    assert said[5].endswith("import: all is well")


@pytest.mark.parametrize(("steps", "status"), [(passing("a"), 0), (failing("a", KeyError()), 1)])
def test_a_failure_is_the_exit_status(monkeypatch, capsys, steps, status):
    monkeypatch.setattr(operations, "run_smoke", lambda _: run_steps(monkeypatch, steps)[0])
    monkeypatch.setattr(operations, "get_target", lambda _: deployed_shop())

    assert operations.main(["smoke"]) == status
    assert capsys.readouterr().out.strip() in ("All 1 steps passed.", "Failed: a.")


def test_every_need_of_a_step_is_an_earlier_step():
    names = [step.name for step in smoke.STEPS]

    for step in smoke.STEPS:
        assert set(step.needs) <= set(names[: names.index(step.name)])


def test_a_production_stack_is_refused(monkeypatch):
    monkeypatch.setitem(PARAMETERS, "Environment", "production")

    with pytest.raises(OperationFailed, match="development stack"):
        smoke.run_smoke(deployed_shop(), pytest.fail)


@pytest.mark.parametrize(
    ("status", "headers"),
    [(403, {}), (204, {}), (204, {"access-control-allow-origin": "https://other.example"})],
)
def test_a_preflight_must_allow_the_shops_first_origin(status, headers):
    with pytest.raises(OperationFailed, match="allows"):
        visit(lambda _: httpx.Response(status, headers=headers)).check_preflight()


def test_a_preflight_asks_for_the_headers_of_an_order():
    def answer(request: httpx.Request) -> httpx.Response:
        assert request.headers["origin"] == "https://shop.example"
        assert "idempotency-key" in request.headers["access-control-request-headers"]
        allowed = {"access-control-allow-origin": "https://shop.example"}
        return httpx.Response(204, headers=allowed)

    assert "https://shop.example" in visit(answer).check_preflight()


def test_a_refusal_names_the_call_and_the_answer():
    with pytest.raises(OperationFailed, match=r"GET /health answered 503: busy"):
        visit(lambda _: httpx.Response(503, text="busy")).check_health()


def test_an_order_that_is_not_paid_in_time_fails(monkeypatch):
    monkeypatch.setattr(smoke_journey, "WEBHOOK_SECONDS_MAX", 0)

    with pytest.raises(OperationFailed, match="pending_payment and not paid"):
        visit(lambda _: httpx.Response(200, json={"status": "pending_payment"})).wait_for_webhook()


def store_registration() -> UserRegistered:
    event = UserRegistered(data=AccessData(user_id=ACCOUNT.user_id, access_epoch=0))
    transaction = Transaction()
    outbox.stage_event(transaction, event)
    transaction.commit()
    return event


@pytest.fixture
def records(monkeypatch) -> SesRecords:
    monkeypatch.setattr(smoke_access, "assume_environment", lambda *_: None)
    monkeypatch.setattr(smoke_access, "POLL_SECONDS", 0.01)
    monkeypatch.setitem(os.environ, "AWS_LAMBDA_FUNCTION_NAME", "souk-mail")
    return SesRecords(deployed_shop())


@pytest.mark.usefixtures("aws")
def test_the_record_of_a_mail_says_that_ses_accepted_it(records):
    mails.complete_mail(store_registration().id, "sent")

    seen, token = records.wait_for_registration(ACCOUNT, 1)

    assert "nobody has read it" in seen
    assert token is None


@pytest.mark.usefixtures("aws")
@pytest.mark.parametrize("outcome", ["unknown", "not_mailed"])
def test_a_mail_that_may_not_have_been_sent_fails(records, outcome):
    mails.complete_mail(store_registration().id, outcome)

    with pytest.raises(OperationFailed, match=outcome):
        records.wait_for_registration(ACCOUNT, 1)


@pytest.mark.usefixtures("aws")
def test_a_mail_that_ses_has_not_accepted_fails(records):
    with pytest.raises(OperationFailed, match="no event of the registration"):
        records.wait_for_registration(ACCOUNT, 0.05)

    store_registration()
    with pytest.raises(OperationFailed, match="SES has accepted no mail"):
        records.wait_for_registration(ACCOUNT, 0.05)


def test_the_address_is_one_of_the_mailbox_simulator(records):
    assert records.new_address("1a2b") == "success+souk-1a2b@simulator.amazonses.com"


@pytest.mark.usefixtures("aws")
@pytest.mark.parametrize("api_key", ["sk_live_key", "", "key-of-the-shop"])
def test_a_payment_needs_a_key_of_test_mode(monkeypatch, api_key):
    store_key(api_key)
    monkeypatch.setattr(smoke_access.httpx, "post", lambda *_, **__: pytest.fail("it was sent"))

    with pytest.raises(OperationFailed, match="test mode"):
        confirm_payment(deployed_shop(), PARAMETERS, {"payment_id": "pi_1"})


def store_key(api_key: str) -> None:
    keys = {"api_key": api_key, "webhook_secrets": ["whsec_1"]}
    manager = deployed_shop().client("secretsmanager")
    manager.put_secret_value(SecretId="souk/payments", SecretString=json.dumps(keys))


@pytest.mark.usefixtures("aws")
@pytest.mark.parametrize(
    ("status", "body", "is_paid"),
    [
        (200, {"status": "succeeded"}, True),
        (200, {"status": "requires_capture"}, True),
        (200, {"status": "requires_action"}, False),
        (402, {"error": {"code": "card_declined"}}, False),
    ],
)
def test_stripe_confirms_a_payment_with_its_test_card(monkeypatch, status, body, is_paid):
    sent: list[tuple[str, dict[str, Any]]] = []

    def post(url: str, **request: Any) -> httpx.Response:
        sent.append((url, request))
        return httpx.Response(status, json=body)

    store_key(API_KEY)
    monkeypatch.setattr(smoke_access.httpx, "post", post)

    if is_paid:
        assert "test mode" in confirm_payment(deployed_shop(), PARAMETERS, {"payment_id": "pi_1"})
    else:
        with pytest.raises(OperationFailed, match=f"Stripe answered {status}"):
            confirm_payment(deployed_shop(), PARAMETERS, {"payment_id": "pi_1"})
    [(url, request)] = sent
    assert url == "https://api.stripe.com/v1/payment_intents/pi_1/confirm"
    assert request["headers"] == {"Authorization": f"Bearer {API_KEY}"}
    assert request["data"]["payment_method"] == "pm_card_visa"
