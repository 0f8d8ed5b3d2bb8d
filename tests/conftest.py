"""The environment that the functions read at import, and an AWS account in moto."""

import os

os.environ |= {
    "AWS_ACCESS_KEY_ID": "test",
    "AWS_SECRET_ACCESS_KEY": "test",
    "AWS_DEFAULT_REGION": "eu-central-1",
    "AWS_EC2_METADATA_DISABLED": "true",
    "ENVIRONMENT": "production",  # clients see what customers would see
    "POWERTOOLS_SERVICE_NAME": "souk",
    "POWERTOOLS_METRICS_NAMESPACE": "Souk",
    "ACCESS_TOKEN_MINUTES": "15",
    "API_KEYS_TABLE": "souk-api-keys",
    "ADDRESS_BOOKS_TABLE": "souk-address-books",
    "ATTEMPTS_TABLE": "souk-attempts",
    "CARTS_TABLE": "souk-carts",
    "BCRYPT_COST": "4",  # the least that bcrypt knows, because the suite hashes many passwords
    "CATEGORIES_TABLE": "souk-categories",
    "CURSOR_KEYS_SECRET_ARN": "souk/cursor-keys",
    "EMAIL_TOKENS_TABLE": "souk-email-tokens",
    "EVENT_BUS_NAME": "souk",
    "EXPORTS_TABLE": "souk-exports",
    "BROWSE_CACHE_SECONDS": "30",
    "FAILURES_PER_ADDRESS": "100",
    "GROUPS_TABLE": "souk-groups",
    "IDEMPOTENCY_TABLE": "souk-idempotency",
    "HELD_MAIL_QUEUE": "souk-held-mail",
    "IMPORT_QUEUE_URL": "https://sqs.eu-central-1.amazonaws.com/123456789012/souk-imports",
    "LISTINGS_TABLE": "souk-listings",
    "LOGINS_TABLE": "souk-logins",
    "MAILS_PER_HOUR": "1000",
    "MAIL_CONFIGURATION_SET": "souk-mails",
    "MAIL_SENDER": "shop@example.com",
    "METRICS_NAMESPACE": "Souk/souk-test",
    "ORDERS_PER_HOUR": "1000",
    "ORDERS_TABLE": "souk-orders",
    "ORDER_LINKS_SECRET_ARN": "souk/order-links",
    "OUTBOX_TABLE": "souk-outbox",
    "PASSWORD_LENGTH_MIN": "8",
    "PASSWORD_PEPPER_SECRET_ARN": "souk/password-pepper",
    "RATES_TABLE": "souk-rates",
    "PROMOTIONS_TABLE": "souk-promotions",
    "PAYMENT_EVENTS_TABLE": "souk-payment-events",
    "PAYMENT_PROVIDER": "local",
    "PAYMENT_PROVIDER_URL": "http://127.0.0.1:9",  # nothing listens there
    "PAYMENT_SECRET_ARN": "souk/payments",
    "PICTURES_BUCKET": "souk-pictures",
    "PICTURES_URL": "https://pictures.shop.example",
    "PICTURE_QUEUE_URL": "https://sqs.eu-central-1.amazonaws.com/123456789012/souk-pictures",
    "PRODUCTS_TABLE": "souk-products",
    "REQUIRE_STAFF_SECOND_FACTOR": "false",
    "REQUIRE_VERIFIED_EMAIL": "false",
    "SEARCH_TABLE": "souk-search",
    "SESSIONS_TABLE": "souk-sessions",
    "SHOP_CURRENCY": "EUR",
    "PRICE_CURRENCIES": "*",
    "SHOP_NAME": "Souk",
    "SHOP_URL": "https://shop.example",
    "STAFF_PASSWORD_LENGTH_MIN": "15",
    "STOCK_MOVEMENTS_TABLE": "souk-stock-movements",
    "STOCK_TABLE": "souk-stock",
    "TOKEN_KEYS_SECRET_ARN": "souk/token-keys",
    "UPLOADS_BUCKET": "souk-uploads",
    "UPLOADS_TABLE": "souk-uploads",
    "USERS_TABLE": "souk-users",
}

import gc
import json
from collections.abc import Iterator
from contextlib import contextmanager
from types import SimpleNamespace

import pytest
from moto import mock_aws

from products import browse_cache
from products.search import repository as search
from shared.aws import client
from shared.security import key_rings
from shared.storage import cache, rate_limits
from tests.support import contract, fast_moto, logs, moto_snapshots, template
from tests.support.fake_clock import FakeMonotonicClock

# moto creates many lasting objects: the usual garbage collection takes a fifth of the run.
gc.set_threshold(10_000, 20, 50)

fast_moto.install()
contract.watch()

SECRETS = ("souk/cursor-keys", "souk/order-links", "souk/password-pepper", "souk/token-keys")
PAYMENT_KEYS = {"api_key": "key-of-the-shop", "webhook_secrets": ["secret-before", "secret-now"]}


@pytest.fixture(autouse=True)
def no_secret_is_logged(request: pytest.FixtureRequest) -> Iterator[None]:
    """Fail every test that logs a secret."""
    with logs.watch_for_secrets() as found:
        yield
    assert found == [] or request.node.get_closest_marker("unwatched")


@pytest.fixture(autouse=True)
def every_answer_is_documented() -> Iterator[None]:
    """Fail every test that gets an answer which the OpenAPI document does not have."""
    yield
    problems = contract.problems.copy()
    contract.problems.clear()
    assert problems == []


def deploy() -> None:
    """Create what the functions need in their account: tables, secrets, bucket, bus and sender."""
    template.create_tables(client("dynamodb"))
    for name in SECRETS:
        ring = {"current": "k1", "k1": f"{name} ".ljust(64, "x")}
        client("secretsmanager").create_secret(Name=name, SecretString=json.dumps(ring))
    client("secretsmanager").create_secret(
        Name="souk/payments", SecretString=json.dumps(PAYMENT_KEYS)
    )
    for bucket in ("souk-uploads", "souk-pictures"):
        client("s3").create_bucket(
            Bucket=bucket,
            CreateBucketConfiguration={"LocationConstraint": "eu-central-1"},
        )
    client("events").create_event_bus(Name="souk")
    client("sesv2").create_email_identity(EmailIdentity="shop@example.com")
    client("sesv2").create_configuration_set(ConfigurationSetName="souk-mails")


@pytest.fixture
def aws() -> Iterator[None]:
    with new_account():
        yield


@contextmanager
def new_account() -> Iterator[None]:
    """An account with the template's tables, the secrets, the bucket, the bus and the sender.

    Clients stay from test to test, as in a warm function: building them takes half a second.
    """
    key_rings.key_ring.forget()
    browse_cache.forget()
    search.known_words.clear()
    rate_limits.known_counter.forget()
    with mock_aws():
        moto_snapshots.fill_account(deploy)
        yield


@pytest.fixture
def cache_clock(monkeypatch: pytest.MonkeyPatch) -> FakeMonotonicClock:
    """The clock of caches, which stands still until a test moves it."""
    ticking = FakeMonotonicClock()
    monkeypatch.setattr(cache, "time", SimpleNamespace(monotonic=ticking.monotonic))
    return ticking
