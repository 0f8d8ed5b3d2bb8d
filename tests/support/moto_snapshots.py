"""The start state of a test's AWS account: made once with moto, then copied for each later test.

Making it takes most of a test's time.
"""

import os
from collections.abc import Callable
from copy import deepcopy
from typing import Any

from moto.backends import get_backend
from moto.core import DEFAULT_ACCOUNT_ID

REGION = os.environ["AWS_DEFAULT_REGION"]
# Service, region and attribute where moto keeps an account's resources.
BACKENDS: tuple[tuple[Any, str, str], ...] = (
    ("dynamodb", REGION, "tables"),
    ("secretsmanager", REGION, "secrets"),
    ("s3", "aws", "buckets"),
    ("events", REGION, "event_buses"),
    ("ses", REGION, "email_identities"),
)

_snapshot: list[dict[str, Any]] = []


def fill_account(create_resources: Callable[[], None]) -> None:
    """Fills a new account. Calls `create_resources` for the first account only."""
    resources = [
        getattr(get_backend(service)[DEFAULT_ACCOUNT_ID][region], attribute)
        for service, region, attribute in BACKENDS
    ]
    if not _snapshot:
        create_resources()
        _snapshot.extend(deepcopy([dict(each) for each in resources]))
        return
    for account, stored in zip(resources, deepcopy(_snapshot), strict=True):
        account.update(stored)
