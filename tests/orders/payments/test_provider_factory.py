"""The selection of the payment provider, its credentials, and who imports Stripe's library."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from orders.payments import credentials, provider_factory
from orders.payments.credentials import Credentials
from orders.payments.local_provider import LocalProvider
from shared.aws import client
from shared.config import ConfigurationError, PaymentSettings
from shared.errors.orders import PaymentUnavailable
from shared.security.key_rings import REREAD_SECONDS
from tests.conftest import PAYMENT_KEYS
from tests.support import shop
from tests.support.faults import error_reply, inject_faults
from tests.support.order_requests import place_order
from tests.support.payments import post_payment, send_webhook

pytestmark = pytest.mark.usefixtures("aws")

ROOT = Path(__file__).parents[3]
SECRET = "souk/payments"


@pytest.fixture(autouse=True)
def empty_cache():
    credentials.get_credentials.forget()
    yield
    credentials.get_credentials.forget()


def store(secret: str) -> None:
    client("secretsmanager").put_secret_value(SecretId=SECRET, SecretString=secret)


def imports_stripe(*modules: str, provider: str) -> bool:
    """Import the modules in another process; return whether Stripe's library is imported too."""
    code = f"import sys, {', '.join(modules)}; print('stripe' in sys.modules)"
    path = os.pathsep.join([str(ROOT), str(ROOT / "functions")])
    env = os.environ | {"PAYMENT_PROVIDER": provider, "PYTHONPATH": path}
    done = subprocess.run(  # noqa: S603
        [sys.executable, "-c", code], env=env, check=True, capture_output=True, text=True
    )
    return done.stdout.strip() == "True"


@pytest.mark.parametrize(
    "module", ["orders.payments.handler", "orders.workers.execute_payment_requests"]
)
def test_the_function_imports_stripe_at_its_cold_start(module):
    assert imports_stripe(module, provider="stripe")


def test_no_other_provider_or_function_imports_stripe():
    payment_modules = ("orders.payments.handler", "orders.workers.execute_payment_requests")
    other_modules = ("orders.handler", "orders.staff_api", "notifications.workers.send_emails")

    assert not imports_stripe(*payment_modules, provider="local")
    assert not imports_stripe(*other_modules, provider="stripe")


def test_the_setting_selects_the_local_provider():
    assert isinstance(provider_factory.get_provider(), LocalProvider)


def test_an_unknown_provider_is_a_configuration_error(monkeypatch):
    changed = PaymentSettings(payment_provider="barter", payment_secret_arn=SECRET)
    monkeypatch.setattr(provider_factory, "settings", lambda _: changed)

    with pytest.raises(ConfigurationError, match="barter"):
        provider_factory.get_provider()


def test_the_provider_is_kept_until_its_keys_are_rotated(cache_clock):
    before = provider_factory.get_provider()
    store(json.dumps({"api_key": "key-of-tomorrow", "webhook_secrets": ["secret-now"]}))

    assert provider_factory.get_provider() is before
    cache_clock.seconds += REREAD_SECONDS
    assert provider_factory.get_provider() is not before


def test_credentials_come_from_the_secret():
    found = credentials.get_credentials(SECRET)

    assert found == Credentials("key-of-the-shop", tuple(PAYMENT_KEYS["webhook_secrets"]))


def test_the_representation_of_credentials_hides_them():
    representation = repr(credentials.get_credentials(SECRET))

    assert "key-of-the-shop" not in representation
    assert "secret-now" not in representation


@pytest.mark.parametrize(
    "secret",
    [
        "{}",
        "[]",
        "null",
        "not JSON",
        '{"api_key": "a"}',
        '{"api_key": "", "webhook_secrets": ["b"]}',
        '{"api_key": "a", "webhook_secrets": "b"}',
        '{"api_key": "a", "webhook_secrets": [" "]}',
        '{"api_key": 1, "webhook_secrets": ["b"]}',
        '{"current": "k1", "k1": "a key ring"}',
    ],
)
def test_payments_are_unavailable_until_the_keys_are_set(secret):
    order_id = place_order(shop.product("TEA", available=10))
    store(secret)

    for answer in (post_payment(order_id), send_webhook({})):
        assert (answer.status, answer.code) == (503, "payment_unavailable")
        assert answer.error["details"] == {}


def test_webhooks_are_refused_without_a_webhook_secret():
    store('{"api_key": "a", "webhook_secrets": []}')

    assert send_webhook({}).code == "webhook_signature_invalid"


def test_an_unreadable_secret_makes_payments_unavailable():
    with (
        inject_faults(
            client("secretsmanager"), "GetSecretValue", error_reply("InternalServiceError")
        ),
        pytest.raises(PaymentUnavailable),
    ):
        credentials.get_credentials(SECRET)


def test_a_running_instance_keeps_its_credentials(cache_clock):
    order_id = place_order(shop.product("TEA", available=10))
    held = credentials.get_credentials(SECRET)

    failure = error_reply("InternalServiceError", status=500)
    with inject_faults(client("secretsmanager"), "GetSecretValue", *[failure] * 99) as calls:
        for _ in range(5):
            cache_clock.seconds += 2 * 3600
            assert credentials.get_credentials(SECRET) is held
            assert credentials.get_credentials(SECRET) is held
        assert len(calls) == 5
        cache_clock.seconds += 2 * 3600
        answer = post_payment(order_id)

    assert (answer.status, answer.code) == (503, "payment_unavailable")
