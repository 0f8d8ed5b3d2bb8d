"""The start state of a test's AWS account: made once with moto, then copied for each later test.

Making it takes most of a test's time.
"""

import os
import pickle
from collections.abc import Callable
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

_tables: dict[str, bytes] = {}
_snapshot: list[bytes] = []  # pickled, which copies in a quarter of deepcopy's time


def fill_account(create_resources: Callable[[], None]) -> None:
    """Fills a new account. Calls `create_resources` for the first account only."""
    resources = [
        getattr(get_backend(service)[DEFAULT_ACCOUNT_ID][region], attribute)
        for service, region, attribute in BACKENDS
    ]
    if not _snapshot:
        create_resources()
        _snapshot.append(pickle.dumps([dict(each) for each in resources]))
        return
    stored = pickle.loads(_snapshot[0])  # noqa: S301 (our own)
    for account, content in zip(resources, stored, strict=True):
        account.update(content)


def fill_table(name: str, store_items: Callable[[], None]) -> None:
    """Fills an empty table. Calls `store_items` for the first account only."""
    tables = get_backend("dynamodb")[DEFAULT_ACCOUNT_ID][REGION].tables
    if name not in _tables:
        store_items()
        _tables[name] = pickle.dumps(tables[name])
    else:
        tables[name] = pickle.loads(_tables[name])  # noqa: S301 (our own)
