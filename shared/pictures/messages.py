"""What the queue of pictures carries: three kinds of messages, each repeated until it is done."""

import json
from collections.abc import Iterable, Iterator
from typing import Any
from urllib.parse import unquote_plus

from shared import aws
from shared.config import PictureQueueSettings, settings
from shared.errors.base import Unavailable
from shared.pictures import files
from shared.pictures.references import Reference
from shared.records import Record

_BATCH_MAX = 10
_BATCH_BYTES_MAX = 250_000


class ReceivedPicture(Record):
    """S3 has the file of a picture that waits for it."""

    product_id: str
    picture_id: str


class PictureToFetch(Record):
    """A picture waits for the file at this URL."""

    product_id: str
    picture_id: str
    url: str


class ImportedPictures(Record):
    """The pictures that an import names for one product."""

    product_id: str
    upload_id: str
    references: tuple[Reference, ...]


Message = ReceivedPicture | PictureToFetch | ImportedPictures


def to_body(message: PictureToFetch | ImportedPictures) -> str:
    if isinstance(message, PictureToFetch):
        return json.dumps(
            {
                "product_id": message.product_id,
                "picture_id": message.picture_id,
                "url": message.url,
            }
        )
    references = [
        {"url_or_name": each.url_or_name, "alt": each.alt, "position": each.position}
        for each in message.references
    ]
    return json.dumps(
        {
            "product_id": message.product_id,
            "upload_id": message.upload_id,
            "references": references,
        }
    )


def parse_body(body: str) -> list[Message]:
    """No message for S3's test of the queue. Raises ValueError, KeyError and TypeError."""
    parsed: dict[str, Any] = json.loads(body)
    if parsed.get("Event") == "s3:TestEvent":
        return []
    if "Records" in parsed:
        keys = [unquote_plus(record["s3"]["object"]["key"]) for record in parsed["Records"]]
        return [ReceivedPicture(*files.ids_in(key)) for key in keys]
    if "url" in parsed:
        return [PictureToFetch(parsed["product_id"], parsed["picture_id"], parsed["url"])]
    references = tuple(Reference(**each) for each in parsed["references"])
    return [ImportedPictures(parsed["product_id"], parsed["upload_id"], references)]


def send(message: PictureToFetch) -> None:
    """Raises botocore's errors."""
    aws.client("sqs").send_message(
        QueueUrl=settings(PictureQueueSettings).picture_queue_url, MessageBody=to_body(message)
    )


def send_imported(messages: Iterable[ImportedPictures]) -> None:
    """Send the pictures of an import, ten products in a call. A repeat changes nothing.

    Raises botocore's errors, and Unavailable when SQS takes only some of them: send all again.
    """
    for bodies in _batches(map(to_body, messages)):
        answer = aws.client("sqs").send_message_batch(
            QueueUrl=settings(PictureQueueSettings).picture_queue_url,
            Entries=[
                {"Id": str(number), "MessageBody": body} for number, body in enumerate(bodies)
            ],
        )
        if answer.get("Failed"):
            raise Unavailable


def _batches(bodies: Iterable[str]) -> Iterator[list[str]]:
    """As many as SQS takes in one call."""
    batch: list[str] = []
    size = 0
    for body in bodies:
        length = len(body)  # in ASCII: to_body escapes all else
        if batch and (len(batch) == _BATCH_MAX or size + length > _BATCH_BYTES_MAX):
            yield batch
            batch, size = [], 0
        batch.append(body)
        size += length
    if batch:
        yield batch
