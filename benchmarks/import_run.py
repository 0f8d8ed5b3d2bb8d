"""One import, from the S3 event to the last row. AWS's answers take no time."""

import json
import time
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from botocore.response import StreamingBody

from benchmarks.endpoint import Call, answer_calls
from files.workers import import_file
from shared.aws import client
from shared.storage.dynamo import connection
from shared.storage.models.catalog import Product
from shared.storage.models.uploads import Upload
from tests.support.http import CONTEXT, sample

UPLOAD_ID = "upl_bench"
HEADER = "sku,name,description,category,price_minor,currency,tags,available\n"
SENTENCE = "Sencha from Uji, picked in May and steamed the same day. "


def run_import(rows: int, description_length: int) -> dict[str, float]:
    """The handler's CPU seconds, the file's bytes, and the number of calls that wrote products."""
    calls: Counter[str] = Counter()
    with TemporaryDirectory() as scratch:
        file = Path(scratch) / "products.csv"
        with file.open("w") as lines:
            lines.writelines(_lines(rows, description_length))
        size = file.stat().st_size
        with answer_calls(partial(_answer, calls, file, size)):
            connection().client, client("s3")  # made here, because a function makes them once
            began = time.process_time()
            import_file.handler(_event(size), CONTEXT)
            took = time.process_time() - began
    return {"cpu_seconds": took, "bytes": size, "writes": calls["write of products"]}


def _lines(rows: int, description_length: int) -> Iterator[str]:
    description = (SENTENCE * (description_length // len(SENTENCE) + 1))[:description_length]
    yield HEADER
    for number in range(rows):
        yield (
            f'TEA-{number},Green tea {number},"{description}",kitchen/tea,1250,EUR,tea|green,100\n'
        )


def _event(size: int) -> dict[str, Any]:
    event = sample("files.import_file")
    for record in event["Records"]:
        record["s3"]["object"] |= {"key": f"uploads/{UPLOAD_ID}", "size": size}
    return event


def _answer(calls: Counter[str], file: Path, size: int, call: Call) -> dict[str, Any]:
    match call.operation:
        case "GetObject":
            return {"Body": StreamingBody(file.open("rb"), size), "ContentLength": size}
        case "GetItem":
            return {"Item": _upload()}
        case "BatchGetItem":  # no row exists yet
            tables = json.loads(call.body)["RequestItems"]
            return {"Responses": {table: [] for table in tables}, "UnprocessedKeys": {}}
        case "UpdateItem":
            return {"Attributes": _upload()}
        case "TransactWriteItems":
            calls["write of products"] += call.names(Product.Meta.table_name)
            return {}
    raise AssertionError(f"no answer to {call.operation}")


def _upload() -> dict[str, Any]:
    now = datetime(2026, 11, 24, 10, 15, 30, tzinfo=UTC)
    upload = Upload(
        upload_id=UPLOAD_ID,
        part="upload",
        owner_id="usr_staff",
        kind="products",
        filename="products.csv",
        status="awaiting_file",
        created_at=now,
        expires_at=now,
    )
    return dict(upload.serialize())
