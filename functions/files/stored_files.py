"""Uploaded files in the bucket, and what an import writes beside them.

An import reads one version of an object. Its chunks and its error file are under other prefixes.
"""

import io
from typing import Any, BinaryIO
from urllib.parse import unquote_plus

from typing_extensions import Buffer

from shared import aws
from shared.config import UploadSettings, settings
from shared.records import Record

KEY_PREFIX = "uploads/"
CHUNKS_PREFIX = "chunks/"
READ_BYTES = 65_536


class StoredFile(Record):
    """One version of the object of an upload. A later object with this key is another file."""

    upload_id: str
    bucket: str
    version_id: str
    etag: str

    def open(self) -> BinaryIO:
        """The file as a stream that can seek. Reading raises botocore's errors."""
        version = {
            "Bucket": self.bucket,
            "Key": KEY_PREFIX + self.upload_id,
            "VersionId": self.version_id,
        }
        return io.BufferedReader(_ObjectStream(version), READ_BYTES)


class _ObjectStream(io.RawIOBase):
    """An object that is read from any position on: one GetObject for each place read from."""

    def __init__(self, version: dict[str, str]) -> None:
        self._version = version
        self._position = 0
        self._size: int | None = None
        self._body: Any = None

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def readinto(self, buffer: Buffer) -> int:
        view = memoryview(buffer)
        if self._size is not None and self._position >= self._size:
            return 0
        if self._body is None:
            self._request()
        data: bytes = self._body.read(len(view))
        view[: len(data)] = data
        self._position += len(data)
        return len(data)

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        if whence == io.SEEK_END:
            offset += self._find_size()
        elif whence == io.SEEK_CUR:
            offset += self._position
        if offset != self._position:
            self._position = offset
            self._end_answer()
        return offset

    def tell(self) -> int:
        return self._position

    def close(self) -> None:
        self._end_answer()
        super().close()

    def _request(self) -> None:
        wanted = {"Range": f"bytes={self._position}-"} if self._position else {}
        answer = aws.client("s3").get_object(**self._version, **wanted)
        self._body = answer["Body"]

    def _end_answer(self) -> None:
        """What is left of an answer would keep its connection busy."""
        if self._body is not None:
            self._body.close()
            self._body = None

    def _find_size(self) -> int:
        if self._size is None:
            found = aws.client("s3").head_object(**self._version)
            self._size = int(found["ContentLength"])
        return self._size


def file_from_event(entity: dict[str, Any]) -> StoredFile:
    """The version that an event of S3 announces."""
    sent = entity["object"]
    return StoredFile(
        upload_id=unquote_plus(sent["key"]).removeprefix(KEY_PREFIX),
        bucket=entity["bucket"]["name"],
        version_id=sent["versionId"],
        etag=sent["eTag"],
    )


def find_file(upload_id: str, etag: str | None) -> StoredFile | None:
    """The version with this ETag; without one, the current version. None if there is none.

    Raises botocore's errors.
    """
    bucket, key = settings(UploadSettings).uploads_bucket, KEY_PREFIX + upload_id
    listed = aws.client("s3").list_object_versions(Bucket=bucket, Prefix=key)
    for version in listed.get("Versions", []):
        found = version["ETag"].strip('"')
        is_wanted = version["IsLatest"] if etag is None else found == etag
        if version["Key"] == key and is_wanted:
            return StoredFile(upload_id, bucket, version["VersionId"], found)
    return None


def chunk_name(number: int) -> str:
    return f"{number:05d}.jsonl.gz"


def put_part(upload_id: str, name: str, content: bytes) -> None:
    """Store something that belongs to the import. Raises botocore's errors."""
    bucket = settings(UploadSettings).uploads_bucket
    aws.client("s3").put_object(Bucket=bucket, Key=_part_key(upload_id, name), Body=content)


def read_part(upload_id: str, name: str) -> bytes:
    """Raises botocore's errors."""
    bucket = settings(UploadSettings).uploads_bucket
    answer = aws.client("s3").get_object(Bucket=bucket, Key=_part_key(upload_id, name))
    with answer["Body"] as body:
        content: bytes = body.read()
    return content


def _part_key(upload_id: str, name: str) -> str:
    return f"{CHUNKS_PREFIX}{upload_id}/{name}"
