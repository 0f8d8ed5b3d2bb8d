"""The environment that the functions read at import, and AWS as moto has it."""

import os

os.environ |= {
    "AWS_ACCESS_KEY_ID": "test",
    "AWS_SECRET_ACCESS_KEY": "test",
    "AWS_DEFAULT_REGION": "eu-central-1",
    "AWS_EC2_METADATA_DISABLED": "true",
    "ENVIRONMENT": "production",  # what a client is shown is what customers would be shown
    "POWERTOOLS_SERVICE_NAME": "souk",
    "POWERTOOLS_METRICS_NAMESPACE": "Souk",
    "ACCESS_TOKEN_MINUTES": "15",
    "BCRYPT_COST": "10",  # the least that config takes: the suite hashes a lot
    "CURSOR_KEYS_SECRET_ARN": "souk/cursor-keys",
    "EVENT_BUS_NAME": "souk",
    "IDEMPOTENCY_TABLE": "souk-idempotency",
    "LOGINS_TABLE": "souk-logins",
    "MAIL_SENDER": "shop@example.com",
    "ORDERS_TABLE": "souk-orders",
    "OUTBOX_TABLE": "souk-outbox",
    "PASSWORD_PEPPER_SECRET_ARN": "souk/password-pepper",
    "PRODUCTS_TABLE": "souk-products",
    "SHOP_NAME": "Souk",
    "STOCK_TABLE": "souk-stock",
    "TOKEN_KEYS_SECRET_ARN": "souk/token-keys",
    "UPLOADS_BUCKET": "souk-uploads",
    "UPLOADS_TABLE": "souk-uploads",
    "USERS_TABLE": "souk-users",
}

import json
from collections.abc import Iterator

import boto3
import pytest
from moto import mock_aws

from shared import aws as clients
from shared import dynamo, keys
from tests.support import template

SECRETS = ("souk/cursor-keys", "souk/password-pepper", "souk/token-keys")


@pytest.fixture
def aws() -> Iterator[None]:
    """An account with the template's tables and the secrets, the bucket, the bus and the sender."""
    forget_clients()
    with mock_aws():
        template.create_tables(boto3.client("dynamodb"))
        for name in SECRETS:
            boto3.client("secretsmanager").create_secret(
                Name=name, SecretString=json.dumps({"current": "k1", "k1": f"{name} ".ljust(64, "x")})
            )
        boto3.client("s3").create_bucket(
            Bucket="souk-uploads",
            CreateBucketConfiguration={"LocationConstraint": "eu-central-1"},
        )
        boto3.client("events").create_event_bus(Name="souk")
        boto3.client("sesv2").create_email_identity(EmailIdentity="shop@example.com")
        yield
    forget_clients()


def forget_clients() -> None:
    """A function instance of its own for each test."""
    clients.client.cache_clear()
    clients.session.cache_clear()
    dynamo.connection.cache_clear()
    keys.key_ring.forget()
