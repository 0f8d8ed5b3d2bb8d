"""The provider's API key and webhook secrets. They are in Secrets Manager and nowhere else."""

import json
from dataclasses import field

from shared.errors.base import Unavailable
from shared.errors.orders import PaymentUnavailable
from shared.records import Record
from shared.security.key_rings import cached_secret, get_secret


class Credentials(Record):
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


@cached_secret
def get_credentials(secret_arn: str) -> Credentials:
    """Raises PaymentUnavailable if the secret cannot be read or has not been filled in.

    An instance that has the credentials keeps them for 12 hours then.
    """
    try:
        return Credentials.parse(get_secret(secret_arn))
    except Unavailable as error:
        raise PaymentUnavailable from error
    except (ValueError, AttributeError) as error:
        raise PaymentUnavailable(
            "This shop does not accept payments yet. Contact the shop."
        ) from error
