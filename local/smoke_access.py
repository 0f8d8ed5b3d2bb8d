"""What the smoke test does around the API: it reads mail and pays, as the stack allows.

The local stack has a mailbox and a payment provider of its own. On AWS nobody can read SES's
mailbox simulator, so the shop's own record of the mail tells whether SES accepted it; and a payment
needs a key of Stripe's test mode.
"""

import json
import os
import time
from collections.abc import Mapping
from typing import Any, Protocol

import httpx

from local import payment_keys
from local.account_roles import AccountKeys
from local.site import PROVIDER_PATH
from local.targets import OperationFailed, Target, assume_environment

STRIPE_URL = "https://api.stripe.com"
TEST_KEYS = ("sk_test_", "rk_test_")
TEST_CARD = "pm_card_visa"  # docs.stripe.com/testing
POLL_SECONDS = 1.0
CALL_SECONDS_MAX = 30


class Inbox(Protocol):
    def new_address(self, run: str) -> str: ...

    def wait_for_registration(
        self, account: AccountKeys, seconds_max: float
    ) -> tuple[str, str | None]:
        """What was seen, and the token of the mail's link if it can be read."""


def open_inbox(shop: Target) -> Inbox:
    return LocalInbox(shop.local_url) if shop.local_url else SesRecords(shop)


class LocalInbox:
    """The mailbox of the local stack."""

    def __init__(self, url: str) -> None:
        self._url = url

    def new_address(self, run: str) -> str:
        return f"smoke-{run}@souk.example"

    def wait_for_registration(
        self, account: AccountKeys, seconds_max: float
    ) -> tuple[str, str | None]:
        deadline = time.monotonic() + seconds_max
        while time.monotonic() < deadline:
            answer = httpx.get(
                f"{self._url}/mailbox.json", timeout=CALL_SECONDS_MAX, trust_env=False
            )
            for mail in answer.raise_for_status().json():
                if account.email in mail["to"] and "token=" in mail["text"]:
                    token = mail["text"].partition("token=")[2].split()[0]
                    return f"'{mail['subject']}' arrived", token
            time.sleep(POLL_SECONDS)
        raise OperationFailed(f"no mail to {account.email} within {seconds_max:.0f} s")


class SesRecords:
    """The mail worker's record. It says that SES accepted the mail, and no more."""

    def __init__(self, shop: Target) -> None:
        self._shop = shop

    def new_address(self, run: str) -> str:
        """SES's mailbox simulator takes labels, and takes mail in the sandbox too."""
        return f"success+souk-{run}@simulator.amazonses.com"

    def wait_for_registration(
        self, account: AccountKeys, seconds_max: float
    ) -> tuple[str, str | None]:
        event_id = self._find_event(account.user_id)
        assume_environment(self._shop, "MailFunction")
        # The record's key contains the function's name.
        os.environ["AWS_LAMBDA_FUNCTION_NAME"] = self._shop.physical_id("MailFunction")
        from notifications.repository import find_record  # noqa: PLC0415 (reads the environment)

        deadline = time.monotonic() + seconds_max
        while time.monotonic() < deadline:
            record = find_record(event_id)
            if record and record.is_done:
                if record.outcome != "sent":
                    raise OperationFailed(f"the mail's outcome is {record.outcome} and not sent")
                return "SES accepted it; nobody has read it or opened its link", None
            time.sleep(POLL_SECONDS)
        raise OperationFailed(f"SES has accepted no mail of {event_id} in {seconds_max:.0f} s")

    def _find_event(self, user_id: str) -> str:
        pages = (
            self._shop.client("dynamodb")
            .get_paginator("scan")
            .paginate(
                TableName=self._shop.physical_id("OutboxTable"),
                ConsistentRead=True,
                FilterExpression="#type = :registered AND contains(payload, :user_id)",
                ExpressionAttributeNames={"#type": "type"},
                ExpressionAttributeValues={
                    ":registered": {"S": "user.registered"},
                    ":user_id": {"S": user_id},
                },
            )
        )
        for page in pages:
            for row in page["Items"]:
                return str(row["event_id"]["S"])
        raise OperationFailed(f"the outbox has no event of the registration of {user_id}")


def confirm_payment(shop: Target, parameters: Mapping[str, str], payment: Mapping[str, Any]) -> str:
    """Does what the buyer does on the provider's page, with a test card."""
    if parameters["PaymentProvider"] == "local":
        return _confirm_locally(shop, payment)
    secret = shop.client("secretsmanager").get_secret_value(
        SecretId=shop.physical_id(payment_keys.SECRET)
    )
    api_key = str(json.loads(secret["SecretString"])["api_key"])
    if not api_key.startswith(TEST_KEYS):
        raise OperationFailed("the API key is not one of Stripe's test mode, so nothing is paid")
    answer = httpx.post(
        f"{parameters.get('PaymentProviderUrl') or STRIPE_URL}"
        f"/v1/payment_intents/{payment['payment_id']}/confirm",
        headers={"Authorization": f"Bearer {api_key}"},
        data={"payment_method": TEST_CARD, "return_url": parameters["ShopUrl"]},
        timeout=CALL_SECONDS_MAX,
    )
    status = answer.json().get("status")
    if status not in ("succeeded", "requires_capture"):
        raise OperationFailed(f"Stripe answered {answer.status_code}: {answer.text[:200]}")
    return f"{payment['payment_id']} is {status} in Stripe's test mode"


def _confirm_locally(shop: Target, payment: Mapping[str, Any]) -> str:
    answer = httpx.post(
        f"{shop.local_url}{PROVIDER_PATH}/payments/{payment['payment_id']}/confirm",
        json={"client_secret": payment["client_secret"], "card": "ok"},
        timeout=CALL_SECONDS_MAX,
        trust_env=False,
    )
    if not answer.is_success:
        raise OperationFailed(f"the provider answered {answer.status_code}: {answer.text[:200]}")
    return f"{payment['payment_id']} is {answer.json()['status']}"
