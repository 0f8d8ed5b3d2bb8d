"""A trusted proxy in front of the API, with its secret in Secrets Manager."""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any
from unittest import mock

from shared import config
from shared.aws import client
from shared.http import trusted_proxy
from shared.security.key_rings import key_ring

SECRET_ID = "souk/proxy"
# The words make every test fail that logs a key.
KEY, OLD_KEY = (f"canary {name} ".ljust(64, "x") for name in ("new", "old"))
HEADER = "true-client-ip"


@contextmanager
def trusted(**settings: str) -> Iterator[None]:
    """Deploy with a proxy that is trusted, while the block runs."""
    environment = {"PROXY_SECRET_ARN": SECRET_ID, "TRUSTED_PROXY_HEADER": HEADER, **settings}
    forget()
    with mock.patch.dict("os.environ", environment):
        yield
    forget()


def forget() -> None:
    """As in a new function instance."""
    config._loaded.cache_clear()  # noqa: SLF001 (read once in an instance)
    trusted_proxy.proxy_keys.forget()
    key_ring.forget()


def store_secret(**keys: str) -> None:
    ring = {"current": "k2", "k2": KEY, "k1": OLD_KEY, **keys}
    client("secretsmanager").create_secret(Name=SECRET_ID, SecretString=json.dumps(ring))


def through_proxy(
    handler: Callable[..., dict[str, Any]], address: str, *, secret: str = KEY
) -> Callable[..., dict[str, Any]]:
    """The handler, called by the proxy for a client with this address."""

    def handle(event: dict[str, Any], context: Any) -> dict[str, Any]:
        event["headers"] |= {trusted_proxy.SECRET_HEADER: secret, HEADER: address}
        return handler(event, context)

    return handle
