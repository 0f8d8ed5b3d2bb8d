"""The role of the import permits each call that an import makes, and no other on a table."""

import json
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from files.chunks import service as chunks
from files.workers.import_file import handler
from shared.storage.dynamo import connection
from shared.storage.models.uploads import Upload
from tests.support import imports, shop
from tests.support.catalog import create_product, patch_product
from tests.support.http import CONTEXT, sample
from tests.support.imports import CSV_HEADER, csv_row, put_file
from tests.template import stack

pytestmark = pytest.mark.usefixtures("aws")

Calls = set[tuple[str, str]]  # an action and a table, with the index that it reads
ACTIONS = {"Put": "PutItem", "Update": "UpdateItem", "ConditionCheck": "ConditionCheckItem"}


@contextmanager
def record_calls() -> Iterator[Calls]:
    calls: Calls = set()

    def add(model: Any, params: dict[str, Any], **_: Any) -> None:
        calls.update(_permissions_for(model.name, json.loads(params["body"])))

    events = connection().client.meta.events
    events.register("before-call.dynamodb", add)
    try:
        yield calls
    finally:
        events.unregister("before-call.dynamodb", add)


def _permissions_for(operation: str, request: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """IAM checks a transaction as the single actions in it, and a batch on each table."""
    if operation == "TransactWriteItems":
        for write in request["TransactItems"]:
            for kind, item in write.items():
                yield ACTIONS[kind], item["TableName"]
    elif operation == "BatchGetItem":
        yield from ((operation, table) for table in request["RequestItems"])
    else:
        index = f"/index/{request['IndexName']}" if "IndexName" in request else ""
        yield operation, request["TableName"] + index


def permitted_calls() -> Calls:
    (policy,) = stack.of_type("AWS::IAM::Role")["FileImportRole"]["Policies"]
    return {
        (action.removeprefix("dynamodb:"), _table_in(resource))
        for statement in policy["PolicyDocument"]["Statement"]
        for action in stack.as_list(statement["Action"])
        if action.startswith("dynamodb:")
        for resource in stack.as_list(statement["Resource"])
    }


def _table_in(resource: dict[str, Any]) -> str:
    """The name of the table in tests, and the index."""
    name = re.search(r"(\w+)Table", str(resource))
    index = re.search(r"/index/\w+", str(resource))
    assert name
    variable = re.sub(r"(?<!^)(?=[A-Z])", "_", name.group(1)).upper()
    return os.environ[f"{variable}_TABLE"] + (index.group() if index else "")


def test_the_role_permits_what_an_import_does(monkeypatch):
    monkeypatch.setattr(chunks, "ROWS_PER_WRITE", 1)
    shop.product("OLD", available=9)
    sharded = shop.product("SHARDED", available=9)
    patch_product(sharded.product_id, {"stock_shards": 4})
    create_product(sku="VARIANT", group="SHIRT", options={"size": "S"})
    rows = [
        csv_row("NEW"),
        csv_row("OLD", name="Another name", available=3),
        csv_row("COUNTED", name="The COUNTED", price=1000, available=8),
        csv_row("SHARDED", available=3),
        csv_row("VARIANT", available=3).replace("EUR", "USD"),
        csv_row("BAD", price="free"),
    ]

    event = put_file(CSV_HEADER + "".join(rows))
    etag = event["Records"][0]["s3"]["object"]["eTag"]
    imports.upload(status="running", etag=etag)
    mapped = {"mapping": {"columns": {"Kategorie": {"field": "category_names"}}}}
    named = put_file("SKU,Kategorie\nOLD,Tea\n", "upl_two")
    imports.upload("upl_two", options_json=mapped | {"missing": "archive", "archive_share_max": 1})
    again = put_file("SKU,Kategorie\nOLD,Pots\n", "upl_three")
    imports.upload("upl_three", options_json=mapped)
    shop.product("COUNTED")
    with record_calls() as calls:
        handler(sample("files.continue_imports"), CONTEXT)
        handler(named, CONTEXT)
        handler(again, CONTEXT)

    assert Upload.get("upl_one", "upload").status == "completed"
    assert permitted_calls() == calls
