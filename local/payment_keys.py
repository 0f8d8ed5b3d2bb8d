"""What the payment provider knows the shop by: put where the functions read it, and nowhere else.

On AWS a person has it from the provider's pages; the local stack makes it up, since it is its own
provider.
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

SECRET = "PaymentSecret"  # noqa: S105 (its name in the template)
KEPT_MAX = 2  # webhook secrets: the provider signs with both while it changes them
ASKED = {
    "PAYMENT_API_KEY": "API key (empty: as it is): ",
    "PAYMENT_WEBHOOK_SECRET": "Signing secret of the webhook (empty: as it is): ",
}

Ask = Callable[[str], str]


def set_payment_keys(shop: Target, ask: Ask = getpass.getpass) -> str:
    """From the environment, else from whoever sits there: no shell's history has them.

    A new webhook secret is good beside the one before it. Raises OperationFailed.
    """
    if shop.environment_of("PaymentsFunction").get("PAYMENT_PROVIDER") == "local":
        raise OperationFailed("This stack is its own payment provider, and has made its keys.")
    manager, secret_id = shop.client("secretsmanager"), shop.physical_id(SECRET)
    held = json.loads(manager.get_secret_value(SecretId=secret_id)["SecretString"])
    api_key, webhook_secret = (
        (os.environ.get(name) or ask(question)).strip() for name, question in ASKED.items()
    )
    known = held["webhook_secrets"]
    if webhook_secret:
        known = [webhook_secret, *(it for it in known if it != webhook_secret)][:KEPT_MAX]
    wanted = {"api_key": api_key or held["api_key"], "webhook_secrets": known}
    if not wanted["api_key"] or not known:
        raise OperationFailed("Both are needed, the API key and the webhook's signing secret.")
    manager.put_secret_value(SecretId=secret_id, SecretString=json.dumps(wanted))
    return (
        f"Payments use this API key within a minute; webhook secrets that are good: {len(known)}."
    )


def made_up(secret_id: str, manager: "SecretsManagerClient") -> str:
    """The local stack's, made at its first start."""
    held = manager.get_secret_value(SecretId=secret_id)["SecretString"]
    if json.loads(held)["api_key"]:
        return held
    made = {
        "api_key": f"key_{secrets.token_hex(24)}",
        "webhook_secrets": [f"whsec_{secrets.token_hex(24)}"],
    }
    manager.put_secret_value(SecretId=secret_id, SecretString=json.dumps(made))
    return json.dumps(made)
