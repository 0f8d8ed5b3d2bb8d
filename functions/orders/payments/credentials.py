"""The provider's API key and the secrets of its webhooks, from Secrets Manager and nowhere else."""

import json
from dataclasses import dataclass, field

from botocore.exceptions import BotoCoreError, ClientError

from shared import aws
from shared.errors.orders import PaymentUnavailable
from shared.storage.cache import cached

REREAD_SECONDS = 60  # a rotated key is in use everywhere within this


@dataclass(frozen=True, slots=True)
class Credentials:
    api_key: str = field(repr=False)
    webhook_secrets: tuple[str, ...] = field(repr=False)  # two while one is rotated

    @classmethod
    def parse(cls, secret: str) -> "Credentials":
        """Raises ValueError if it is not `{"api_key": "...", "webhook_secrets": ["..."]}`."""
        given = json.loads(secret)
        api_key, secrets = given.get("api_key"), given.get("webhook_secrets")
        if not isinstance(secrets, list) or not all(_is_secret(it) for it in [api_key, *secrets]):
            raise ValueError("the secret is no API key with webhook secrets")
        return cls(api_key, tuple(secrets))


def _is_secret(value: object) -> bool:
    return isinstance(value, str) and value.strip() != ""


@cached(seconds=REREAD_SECONDS)
def credentials(secret_arn: str) -> Credentials:
    """At most 60 s old. Raises PaymentUnavailable, also while nobody has filled them in."""
    try:
        answer = aws.client("secretsmanager").get_secret_value(SecretId=secret_arn)
        return Credentials.parse(answer["SecretString"])
    except (BotoCoreError, ClientError) as error:
        raise PaymentUnavailable("Payments are not possible right now. Try again.") from error
    except (ValueError, AttributeError) as error:
        raise PaymentUnavailable("Payments are not set up yet.") from error
