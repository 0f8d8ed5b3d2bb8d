"""Upload a file to the bucket while it is written. Only one part is in memory at a time.

The file appears in the bucket when it is complete; an aborted upload leaves nothing there.
"""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from shared import aws
from shared.config import UploadSettings, settings

# S3 accepts 10,000 parts of at least 5 MiB (the last one may be smaller): files up to 80 GB.
PART_BYTES = 8_000_000
CHECKSUM = "ChecksumCRC32"  # of each part: S3 refuses the file if a part was damaged


class MultipartFile:
    def __init__(self, upload: dict[str, str]) -> None:
        self._upload = upload
        self._buffer = bytearray()
        self._parts: list[dict[str, Any]] = []

    def write(self, content: bytes) -> None:
        """Raises botocore's errors."""
        self._buffer += content
        if len(self._buffer) >= PART_BYTES:
            self._upload_part()

    def complete(self) -> None:
        if self._buffer or not self._parts:  # an empty file has one part too
            self._upload_part()
        aws.client("s3").complete_multipart_upload(
            **self._upload, MultipartUpload={"Parts": self._parts}
        )

    def _upload_part(self) -> None:
        number = len(self._parts) + 1
        part = aws.client("s3").upload_part(
            **self._upload, PartNumber=number, Body=self._buffer, ChecksumAlgorithm="CRC32"
        )
        self._parts.append({"PartNumber": number, "ETag": part["ETag"], CHECKSUM: part[CHECKSUM]})
        self._buffer = bytearray()


@contextmanager
def open_file(key: str, *, content_type: str) -> Iterator[MultipartFile]:
    """Complete the file when the block ends; abort the upload if the block raises."""
    target = {"Bucket": settings(UploadSettings).uploads_bucket, "Key": key}
    created = aws.client("s3").create_multipart_upload(
        **target, ContentType=content_type, ChecksumAlgorithm="CRC32"
    )
    upload = target | {"UploadId": created["UploadId"]}
    file = MultipartFile(upload)
    try:
        yield file
        file.complete()
    except BaseException:
        with suppress(BotoCoreError, ClientError):  # the bucket's lifecycle aborts it after a day
            aws.client("s3").abort_multipart_upload(**upload)
        raise
