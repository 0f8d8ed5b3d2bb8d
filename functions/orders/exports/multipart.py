"""A file that is sent to S3 while it is written: of it, one part at a time is held.

Until the whole is complete nothing is seen of it, and of what was given up nothing is kept.
"""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from shared import aws
from shared.config import UploadSettings, settings

PART_BYTES = 8_000_000  # S3 takes 10,000 parts, of 5 MiB at least but for the last
CHECKSUM = "ChecksumCRC32"  # of each part, and the whole is refused if one came to harm


class Multipart:
    def __init__(self, upload: dict[str, str]) -> None:
        self._upload = upload
        self._held = bytearray()
        self._parts: list[dict[str, Any]] = []

    def write(self, text: str) -> None:
        self._held += text.encode()
        if len(self._held) >= PART_BYTES:
            self._send()

    def complete(self) -> None:
        if self._held or not self._parts:  # an empty file has one part too
            self._send()
        aws.client("s3").complete_multipart_upload(
            **self._upload, MultipartUpload={"Parts": self._parts}
        )

    def _send(self) -> None:
        number = len(self._parts) + 1
        sent = aws.client("s3").upload_part(
            **self._upload, PartNumber=number, Body=self._held, ChecksumAlgorithm="CRC32"
        )
        self._parts.append({"PartNumber": number, "ETag": sent["ETag"], CHECKSUM: sent[CHECKSUM]})
        self._held = bytearray()


@contextmanager
def writing(key: str, *, content_type: str) -> Iterator[Multipart]:
    """There is a file under that key once the block has ended, and none if it raised."""
    where = {"Bucket": settings(UploadSettings).uploads_bucket, "Key": key}
    begun = aws.client("s3").create_multipart_upload(
        **where, ContentType=content_type, ChecksumAlgorithm="CRC32"
    )
    upload = where | {"UploadId": begun["UploadId"]}
    file = Multipart(upload)
    try:
        yield file
        file.complete()
    except BaseException:
        with suppress(BotoCoreError, ClientError):  # the bucket gives up what is left after a day
            aws.client("s3").abort_multipart_upload(**upload)
        raise
