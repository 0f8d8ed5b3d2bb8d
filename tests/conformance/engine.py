"""A pytest plugin: the tests' tables are on DynamoDB Local; the other services stay on moto.

AWS_ENDPOINT_URL_DYNAMODB names the address.
"""

from collections.abc import Callable
from functools import cache
from importlib import import_module
from typing import Any

import pytest

from shared import aws
from shared.aws import client
from tests.conformance.exceptions import NOT_HERE
from tests.support import template

READ_SECONDS = 60  # a laptop's engine may be slow; time limits have tests of their own, on moto


def pytest_configure(config: pytest.Config) -> None:
    """Each process has tables of its own: the engine keeps those of each access key apart."""
    worker = getattr(config, "workerinput", {}).get("workerid", "main")
    aws.session().set_credentials(f"test{worker}", "test")  # moto replaces those of the environment
    aws.READ_SECONDS = READ_SECONDS
    # Clients get the handlers that the session has when they are made.
    aws.session().register("provide-client-params.dynamodb", _tables().note_write)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leaves out what needs moto."""
    left_out = [item for item in items if item.nodeid.partition("[")[0] in NOT_HERE]
    config.hook.pytest_deselected(items=left_out)
    items[:] = [item for item in items if item not in left_out]


class _Tables:
    """Makes the tables that a test wrote to again. To make all takes longer than most tests."""

    def __init__(self, create_tables: Callable[..., None]) -> None:
        self._create_tables = create_tables
        self._written: set[str] = set()

    def note_write(self, params: dict[str, Any], model: Any, **_: Any) -> None:
        if model.name in {"PutItem", "UpdateItem", "DeleteItem", "DeleteTable"}:
            self._written.add(params["TableName"])
        elif model.name == "BatchWriteItem":
            self._written.update(params["RequestItems"])
        elif model.name == "TransactWriteItems":
            self._written.update(
                write["TableName"] for item in params["TransactItems"] for write in item.values()
            )

    def make(self) -> None:
        dynamodb = client("dynamodb")
        written, self._written = self._written, set()
        present = set(dynamodb.list_tables()["TableNames"])
        for name in written & present:
            dynamodb.delete_table(TableName=name)
        self._create_tables(dynamodb, existing=present - written)
        self._written.clear()


@cache
def _tables() -> _Tables:
    return _Tables(template.create_tables)


@pytest.fixture(autouse=True)
def _new_tables(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where a test fills its account, it has new tables too."""
    moto_snapshots = import_module("tests.support.moto_snapshots")  # conftest's environment first
    fill_account, tables = moto_snapshots.fill_account, _tables()

    def fill(create_resources: Callable[[], None]) -> None:
        tables.make()
        fill_account(create_resources)

    monkeypatch.setattr(template, "create_tables", lambda _: None)  # `fill` has made them
    monkeypatch.setattr(moto_snapshots, "fill_account", fill)
