"""Files for imports: stored uploads, files of any size as S3 streams them, and peak memory."""

import io
import os
import tracemalloc
from collections.abc import Iterator
from contextlib import contextmanager
from types import SimpleNamespace
from typing import Any

from shared import clock
from shared.aws import client
from shared.storage.models.uploads import Upload
from tests.support.http import sample

CSV_HEADER = "sku,name,price_minor,currency,available\n"
MEGABYTE = 1_000_000


def upload(upload_id: str = "upl_one", **changes: Any) -> Upload:
    """Stores an upload that waits for its file."""
    now = clock.utc_now()
    stored = Upload(
        upload_id,
        "upload",
        **{
            "owner_id": "usr_staff",
            "kind": "products",
            "filename": "spring.csv",
            "status": "awaiting_file",
            "created_at": now,
            "expires_at": now,
        }
        | changes,
    )
    stored.save()
    return stored


def put_file(content: str | bytes, upload_id: str = "upl_one") -> dict[str, Any]:
    """Stores the file where the upload form puts it. Returns the event that S3 sends."""
    body = content if isinstance(content, bytes) else content.encode()
    s3, bucket, key = client("s3"), "souk-uploads", f"uploads/{upload_id}"
    s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
    put = s3.put_object(Bucket=bucket, Key=key, Body=body)
    event = sample("files.import_file")
    event["Records"][0]["s3"]["object"] |= {
        "key": key,
        "size": len(body),
        "eTag": put["ETag"].strip('"'),
        "versionId": put["VersionId"],
    }
    return event


def run_queue(handler: Any, context: Any) -> int:
    """Handles the messages of imports until none is left. Returns how many there were."""
    handled = 0
    while event := receive_messages():
        answer = handler(event, context)
        assert answer == {"batchItemFailures": []}
        handled += len(event["Records"])
    return handled


def receive_messages(limit: int = 1) -> dict[str, Any] | None:
    """The next messages as Lambda's poller hands them over. They are deleted."""
    url = os.environ["IMPORT_QUEUE_URL"]
    answer = client("sqs").receive_message(QueueUrl=url, MaxNumberOfMessages=limit)
    records = []
    for message in answer.get("Messages", []):
        client("sqs").delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
        record = {"messageId": message["MessageId"], "eventSource": "aws:sqs"}
        records.append(record | {"body": message["Body"]})
    return {"Records": records} if records else None


def csv_row(sku: str, *, price: object = 1250, available: object = 7, name: str = "Tea") -> str:
    return f"{sku},{name},{price},EUR,{available}\n"


class GeneratedStream(io.RawIOBase):
    """A body as S3 streams it. It makes each piece when it is read, so it never holds the file."""

    def __init__(self, pieces: Iterator[bytes]) -> None:
        self._pieces = pieces
        self._unread = b""
        self.bytes_read = 0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: bytearray) -> int:
        self._unread = self._unread or next(self._pieces, b"")
        piece, self._unread = self._unread[: len(buffer)], self._unread[len(buffer) :]
        buffer[: len(piece)] = piece
        self.bytes_read += len(piece)
        return len(piece)


def repeat_piece(opening: bytes, piece: bytes, *, megabytes: int) -> Iterator[bytes]:
    """The opening once, then the piece until the size is reached."""
    yield opening
    for _ in range(megabytes * MEGABYTE // len(piece)):
        yield piece


@contextmanager
def measure_peak_memory() -> Iterator[SimpleNamespace]:
    """Sets `peak` at the end of the block: the most bytes allocated inside it."""
    memory = SimpleNamespace(peak=None)
    tracemalloc.start()
    try:
        yield memory
        _, memory.peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
