"""Stores the payment provider's keys in the secret that the functions read.

On AWS a person copies them from the provider's dashboard. The local stack creates its own, because
it runs its own provider.
"""

import getpass
import json
import os
import secrets
from collections.abc import Callable
from typing import TYPE_CHECKING

from local.targets import OperationFailed, Target

if TYPE_CHECKING:
    from mypy_boto3_secretsmanager import SecretsManagerClient

SECRET = "PaymentSecret"  # noqa: S105 (its logical id in the template)
WEBHOOK_SECRETS_MAX = 2  # while the provider replaces its secret, it signs with both
QUESTIONS = {
    "PAYMENT_API_KEY": "API key (leave empty to keep the current one): ",
    "PAYMENT_WEBHOOK_SECRET": "Signing secret of the webhook (leave empty to keep it): ",
}

Ask = Callable[[str], str]


def set_payment_keys(shop: Target, ask: Ask = getpass.getpass) -> str:
    """Reads the keys from the environment or asks for them, so no shell history has them.

    A new webhook secret is valid beside the previous one. Raises OperationFailed.
    """
    if shop.environment_of("PaymentsFunction").get("PAYMENT_PROVIDER") == "local":
        raise OperationFailed(
            "This stack runs the local payment provider and has created its keys. Nothing to set."
        )
    manager, secret_id = shop.client("secretsmanager"), shop.physical_id(SECRET)
    stored = json.loads(manager.get_secret_value(SecretId=secret_id)["SecretString"])
    api_key, webhook_secret = (
        (os.environ.get(name) or ask(question)).strip() for name, question in QUESTIONS.items()
    )
    webhook_secrets = stored["webhook_secrets"]
    if webhook_secret:
        others = [secret for secret in webhook_secrets if secret != webhook_secret]
        webhook_secrets = [webhook_secret, *others][:WEBHOOK_SECRETS_MAX]
    # What else the secret holds stays: newer code may read it.
    keys = {
        **stored,
        "api_key": api_key or stored["api_key"],
        "webhook_secrets": webhook_secrets,
    }
    if not keys["api_key"] or not webhook_secrets:
        raise OperationFailed(
            "The API key or the webhook's signing secret is missing. Enter both, or set "
            "PAYMENT_API_KEY and PAYMENT_WEBHOOK_SECRET."
        )
    manager.put_secret_value(SecretId=secret_id, SecretString=json.dumps(keys))
    return (
        f"Payments use this API key within a minute. Valid webhook secrets: {len(webhook_secrets)}."
    )


def create_local_keys(secret_id: str, manager: "SecretsManagerClient") -> str:
    """The stored keys of the local stack. Creates them at its first start."""
    stored = manager.get_secret_value(SecretId=secret_id)["SecretString"]
    content = json.loads(stored)
    if content["api_key"]:
        return stored
    keys = {
        **content,
        "api_key": f"key_{secrets.token_hex(24)}",
        "webhook_secrets": [f"whsec_{secrets.token_hex(24)}"],
    }
    manager.put_secret_value(SecretId=secret_id, SecretString=json.dumps(keys))
    return json.dumps(keys)
