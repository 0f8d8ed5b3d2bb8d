"""What the payment provider has given the shop: put where the functions read it."""

import json

import pytest

from local import payment_keys
from local.payment_keys import set_payment_keys
from local.targets import OperationFailed
from orders.payments.credentials import Credentials
from tests.local import shops

pytestmark = pytest.mark.usefixtures("aws")

EMPTY = json.dumps({"api_key": "", "webhook_secrets": []})


def held() -> Credentials:
    return Credentials.parse(stored())


def stored() -> str:
    manager = shops.shop().client("secretsmanager")
    return manager.get_secret_value(SecretId="souk/payments")["SecretString"]


def store(secret: str) -> None:
    shops.shop().client("secretsmanager").put_secret_value(
        SecretId="souk/payments", SecretString=secret
    )


class Person:
    """Who sits at the terminal, and answers one question after the other."""

    def __init__(self, *answers: str) -> None:
        self.answers = list(answers)

    def __call__(self, _: str) -> str:
        return self.answers.pop(0)


def test_a_person_enters_both_keys_and_reads_neither() -> None:
    store(EMPTY)

    said = set_payment_keys(shops.shop(), Person("sk_live_1", "whsec_1 "))

    assert held() == Credentials("sk_live_1", ("whsec_1",))
    assert "sk_live_1" not in said
    assert "whsec_1" not in said


def test_what_is_in_the_environment_is_not_asked_for(monkeypatch) -> None:
    store(EMPTY)
    monkeypatch.setenv("PAYMENT_API_KEY", "sk_live_1")
    monkeypatch.setenv("PAYMENT_WEBHOOK_SECRET", "whsec_1")

    set_payment_keys(shops.shop(), Person())

    assert held() == Credentials("sk_live_1", ("whsec_1",))


def test_a_new_webhook_secret_is_good_beside_the_one_before_it_and_no_other() -> None:
    store(EMPTY)
    set_payment_keys(shops.shop(), Person("sk_live_1", "whsec_1"))

    for secret in ("whsec_2", "whsec_3", "whsec_3"):
        set_payment_keys(shops.shop(), Person("", secret))

    assert held() == Credentials("sk_live_1", ("whsec_3", "whsec_2"))


def test_a_new_api_key_leaves_the_webhook_s_secrets() -> None:
    before = held()

    set_payment_keys(shops.shop(), Person("sk_live_2", ""))

    assert held() == Credentials("sk_live_2", before.webhook_secrets)


@pytest.mark.parametrize("answers", [("", ""), ("sk_live_1", ""), ("", "whsec_1")])
def test_one_without_the_other_is_not_stored(answers) -> None:
    store(EMPTY)

    with pytest.raises(OperationFailed, match="Both are needed"):
        set_payment_keys(shops.shop(), Person(*answers))

    assert stored() == EMPTY


def test_a_stack_that_is_its_own_provider_keeps_the_keys_that_it_made(monkeypatch) -> None:
    before = stored()
    monkeypatch.setattr(shops.Shop, "environment_of", lambda *_: {"PAYMENT_PROVIDER": "local"})

    with pytest.raises(OperationFailed, match="its own payment provider"):
        set_payment_keys(shops.shop(), Person("sk_live_1", "whsec_1"))

    assert stored() == before


def test_the_local_stack_makes_up_its_keys_once() -> None:
    store(EMPTY)
    manager = shops.shop().client("secretsmanager")

    made = payment_keys.made_up("souk/payments", manager)

    assert payment_keys.made_up("souk/payments", manager) == made == stored()
    assert len(held().api_key) > 40
    assert len(held().webhook_secrets[0]) > 40
