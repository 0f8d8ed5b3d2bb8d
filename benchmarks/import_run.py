"""One import, from the S3 event to its end, step after step.

The CPU time that the store takes to answer for AWS does not count.
"""

import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from benchmarks.endpoint import answer_calls
from benchmarks.import_store import ImportStore
from files.workers import import_file
from shared.aws import client
from shared.storage.dynamo import connection
from shared.storage.models.uploads import Upload
from tests.support.http import CONTEXT, sample

UPLOAD_ID = "upl_bench"
HEADER = "sku,name,description,category,price_minor,currency,tags,available\n"
UNITS_MAX = 500  # in stock: rows differ, but each number returns
SENTENCE = "Sencha from Uji, picked in May and steamed the same day. "


def run_import(rows: int, description_length: int) -> dict[str, float]:
    """The CPU seconds of all steps, the file's bytes, and what the import has counted."""
    with TemporaryDirectory() as scratch:
        file = Path(scratch) / "products.csv"
        write_file(file, rows, description_length)
        size = file.stat().st_size
        store = ImportStore(file, _upload())
        with answer_calls(store.answer):
            for service in ("s3", "sqs"):
                client(service)  # made here, because a function makes them once
            _ = connection().client
            began = time.process_time() - store.cpu_seconds
            import_file.handler(_event(size), CONTEXT)
            while store.messages:
                import_file.handler(_message(store.messages.pop(0)), CONTEXT)
            took = time.process_time() - store.cpu_seconds - began
    counts = {name: int(store.upload[name]["N"]) for name in ("rows_done", "created", "rejected")}
    if counts != {"rows_done": rows, "created": rows, "rejected": 0}:
        raise RuntimeError(f"the import counted {counts}")
    writes = store.calls["write of products"]
    return {"cpu_seconds": took, "bytes": size, "writes": writes}


def write_file(file: Path, rows: int, description_length: int) -> None:
    with file.open("w") as lines:
        lines.writelines(_lines(rows, description_length))


def _lines(rows: int, description_length: int) -> Iterator[str]:
    description = (SENTENCE * (description_length // len(SENTENCE) + 1))[:description_length]
    yield HEADER
    for number in range(rows):
        units = 1 + number % UNITS_MAX
        yield (
            f"TEA-{number},Green tea {number},"
            f'"{description}",kitchen/tea,1250,EUR,tea|green,{units}\n'
        )


def _event(size: int) -> dict[str, Any]:
    event = sample("files.import_file")
    for record in event["Records"]:
        record["s3"]["object"] |= {"key": f"uploads/{UPLOAD_ID}", "size": size}
    return event


def _message(body: str) -> dict[str, Any]:
    return {"Records": [{"messageId": "one", "eventSource": "aws:sqs", "body": body}]}


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
