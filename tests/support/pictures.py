"""The queue of pictures, pictures that are ready, and files in all formats."""

import io
import json
from typing import Any

from shared.aws import client
from shared.pictures.lists import ReadyPicture

QUEUE = "souk-pictures"
READY = ReadyPicture("0f" * 16, "jpg", 1200, 900, (160, 480, 960, 1200))


def create_queue() -> str:
    """Its address is that of the function's environment."""
    return str(client("sqs").create_queue(QueueName=QUEUE)["QueueUrl"])


def sent_messages() -> list[dict[str, Any]]:
    """Takes what the queue has, at most ten."""
    url = client("sqs").get_queue_url(QueueName=QUEUE)["QueueUrl"]
    found = client("sqs").receive_message(QueueUrl=url, MaxNumberOfMessages=10)
    return [json.loads(message["Body"]) for message in found.get("Messages", [])]


def encode(image: Any, kind: str, **options: Any) -> bytes:
    """The file of a Pillow image."""
    buffer = io.BytesIO()
    image.save(buffer, kind, **options)
    return buffer.getvalue()
