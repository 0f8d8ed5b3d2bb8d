"""Storing the payment provider's keys where the functions read them."""

import json

import pytest

from local import payment_keys
from local.payment_keys import set_payment_keys
from local.targets import OperationFailed
from orders.payments.credentials import Credentials
from tests.local import shops

pytestmark = pytest.mark.usefixtures("aws")

EMPTY = json.dumps({"api_key": "", "webhook_secrets": []})


def stored_credentials() -> Credentials:
    return Credentials.parse(stored_secret())


def stored_secret() -> str:
    manager = shops.shop().client("secretsmanager")
    return manager.get_secret_value(SecretId="souk/payments")["SecretString"]


def store(secret: str) -> None:
    shops.shop().client("secretsmanager").put_secret_value(
        SecretId="souk/payments", SecretString=secret
    )


class Person:
    """A person at the terminal who gives these answers, one for each question."""

    def __init__(self, *answers: str) -> None:
        self.answers = list(answers)

    def __call__(self, _: str) -> str:
        return self.answers.pop(0)


def test_entered_keys_are_stored_and_not_printed() -> None:
    store(EMPTY)

    message = set_payment_keys(shops.shop(), Person("sk_live_1", "whsec_1 "))

    assert stored_credentials() == Credentials("sk_live_1", ("whsec_1",))
    assert "sk_live_1" not in message
    assert "whsec_1" not in message


def test_keys_in_the_environment_are_not_asked_for(monkeypatch) -> None:
    store(EMPTY)
    monkeypatch.setenv("PAYMENT_API_KEY", "sk_live_1")
    monkeypatch.setenv("PAYMENT_WEBHOOK_SECRET", "whsec_1")

    set_payment_keys(shops.shop(), Person())

    assert stored_credentials() == Credentials("sk_live_1", ("whsec_1",))


def test_a_new_webhook_secret_keeps_only_the_previous_one() -> None:
    store(EMPTY)
    set_payment_keys(shops.shop(), Person("sk_live_1", "whsec_1"))

    for secret in ("whsec_2", "whsec_3", "whsec_3"):
        set_payment_keys(shops.shop(), Person("", secret))

    assert stored_credentials() == Credentials("sk_live_1", ("whsec_3", "whsec_2"))


def test_a_new_api_key_keeps_the_webhook_secrets() -> None:
    before = stored_credentials()

    set_payment_keys(shops.shop(), Person("sk_live_2", ""))

    assert stored_credentials() == Credentials("sk_live_2", before.webhook_secrets)


@pytest.mark.parametrize("answers", [("", ""), ("sk_live_1", ""), ("", "whsec_1")])
def test_an_incomplete_pair_of_keys_is_not_stored(answers) -> None:
    store(EMPTY)

    with pytest.raises(OperationFailed, match="Enter both"):
        set_payment_keys(shops.shop(), Person(*answers))

    assert stored_secret() == EMPTY


def test_the_local_provider_keeps_its_own_keys(monkeypatch) -> None:
    before = stored_secret()
    monkeypatch.setattr(shops.Shop, "environment_of", lambda *_: {"PAYMENT_PROVIDER": "local"})

    with pytest.raises(OperationFailed, match="runs the local payment provider"):
        set_payment_keys(shops.shop(), Person("sk_live_1", "whsec_1"))

    assert stored_secret() == before


def test_the_local_stack_creates_its_keys_once() -> None:
    store(EMPTY)
    manager = shops.shop().client("secretsmanager")

    keys = payment_keys.create_local_keys("souk/payments", manager)

    assert payment_keys.create_local_keys("souk/payments", manager) == keys == stored_secret()
    assert len(stored_credentials().api_key) > 40
    assert len(stored_credentials().webhook_secrets[0]) > 40
