"""What a test's account has at the start: asked of moto once, and copied for each later account.

Asking is most of what a test costs.
"""

import os
from collections.abc import Callable
from copy import deepcopy
from typing import Any

from moto.backends import get_backend
from moto.core import DEFAULT_ACCOUNT_ID

REGION = os.environ["AWS_DEFAULT_REGION"]
# Where moto keeps what an account has: service, region and attribute.
KEPT: tuple[tuple[Any, str, str], ...] = (
    ("dynamodb", REGION, "tables"),
    ("secretsmanager", REGION, "secrets"),
    ("s3", "aws", "buckets"),
    ("events", REGION, "event_buses"),
    ("ses", REGION, "email_identities"),
)

_made: list[dict[str, Any]] = []


def fill(make: Callable[[], None]) -> None:
    """A new account with what `make` makes; it is called for the first one only."""
    kept = [
        getattr(get_backend(service)[DEFAULT_ACCOUNT_ID][region], attribute)
        for service, region, attribute in KEPT
    ]
    if not _made:
        make()
        _made.extend(deepcopy([dict(each) for each in kept]))
        return
    for account, made in zip(kept, deepcopy(_made), strict=True):
        account.update(made)
