"""The queue of pictures, pictures that are ready, and files in all formats."""

import hashlib
import io
import json
from typing import Any

from shared import clock
from shared.aws import client
from shared.config import PictureUrlSettings, settings
from shared.pictures.lists import ReadyPicture, new_picture, set_result
from shared.pictures.references import source_of
from shared.pictures.sizes import DIGEST_LENGTH, file_key
from shared.storage.pictures import change_pictures

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


def store_picture(
    product_id: str, name: str, alt: str | None = None, *, source: str | None = None
) -> str:
    """Gives the product a picture that is ready. Returns the URL of its largest size."""
    picture_id = f"pic_{name}"
    digest = hashlib.sha256(name.encode()).hexdigest()[:DIGEST_LENGTH]
    ready = ReadyPicture(digest, "jpg", 800, 600, (160, 480, 800))
    waiting = new_picture(picture_id, alt, source and source_of(source), clock.utc_now())
    added = set_result([waiting], picture_id, ready)
    change_pictures(product_id, lambda current: [*current, *added])
    return f"{settings(PictureUrlSettings).pictures_url}/{file_key(digest, 800, 'jpg')}"


def encode(image: Any, kind: str, **options: Any) -> bytes:
    """The file of a Pillow image."""
    buffer = io.BytesIO()
    image.save(buffer, kind, **options)
    return buffer.getvalue()
