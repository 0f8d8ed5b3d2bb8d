"""The provider's API key and webhook secrets. They are in Secrets Manager and nowhere else."""

import json
from dataclasses import dataclass, field

from botocore.exceptions import BotoCoreError, ClientError

from shared import aws
from shared.errors.orders import PaymentUnavailable
from shared.storage.cache import cached

CACHE_SECONDS = 60  # every function instance uses a rotated key after at most this long


@dataclass(frozen=True, slots=True)
class Credentials:
    api_key: str = field(repr=False)
    webhook_secrets: tuple[str, ...] = field(repr=False)  # two during a rotation

    @classmethod
    def parse(cls, secret: str) -> "Credentials":
        """Raises ValueError unless it is `{"api_key": "...", "webhook_secrets": ["..."]}`."""
        content = json.loads(secret)
        api_key, webhook_secrets = content.get("api_key"), content.get("webhook_secrets")
        if not isinstance(webhook_secrets, list) or not all(
            _is_secret(value) for value in [api_key, *webhook_secrets]
        ):
            raise ValueError("the secret must have an api_key and a list of webhook_secrets")
        return cls(api_key, tuple(webhook_secrets))


def _is_secret(value: object) -> bool:
    return isinstance(value, str) and value.strip() != ""


@cached(seconds=CACHE_SECONDS)
def get_credentials(secret_arn: str) -> Credentials:
    """Raises PaymentUnavailable if the secret cannot be read or has not been filled in."""
    try:
        response = aws.client("secretsmanager").get_secret_value(SecretId=secret_arn)
        return Credentials.parse(response["SecretString"])
    except (BotoCoreError, ClientError) as error:
        raise PaymentUnavailable from error
    except (ValueError, AttributeError) as error:
        raise PaymentUnavailable(
            "This shop does not accept payments yet. Contact the shop."
        ) from error
