"""Uploaded files in the bucket. An import reads one version of an object."""

import io
from typing import Any, BinaryIO
from urllib.parse import unquote_plus

from shared import aws
from shared.config import UploadSettings, settings
from shared.records import Record

KEY_PREFIX = "uploads/"
READ_BYTES = 65_536


class StoredFile(Record):
    """One version of the object of an upload. A later object with this key is another file."""

    upload_id: str
    bucket: str
    version_id: str
    etag: str

    def open(self) -> BinaryIO:
        """Stream the file from its start. Raises botocore's errors."""
        key = KEY_PREFIX + self.upload_id
        answer = aws.client("s3").get_object(Bucket=self.bucket, Key=key, VersionId=self.version_id)
        return io.BufferedReader(answer["Body"], READ_BYTES)


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
