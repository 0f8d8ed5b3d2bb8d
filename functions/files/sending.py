"""How a file of an upload gets into the bucket: with a form, or in parts.

S3 itself refuses another key, another type or another size.
"""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from botocore.exceptions import ClientError

from files.schemas import PART_BYTES, UploadRequest
from files.stored_files import KEY_PREFIX
from shared import aws
from shared.config import UploadSettings, settings
from shared.errors.files import PartsMissing
from shared.http.upload_forms import FormView, presign_form
from shared.storage.models.uploads import Upload

PARTS_LIFETIME = timedelta(hours=12)
_NO_PARTS = ("InvalidPart", "InvalidPartOrder", "EntityTooSmall", "NoSuchUpload", "MalformedXML")


def complete_parts(upload: Upload, etags: Sequence[str]) -> None:
    """Raises PartsMissing."""
    parts = [{"PartNumber": number, "ETag": etag} for number, etag in enumerate(etags, start=1)]
    try:
        aws.client("s3").complete_multipart_upload(
            **multipart_of(upload), MultipartUpload={"Parts": parts}
        )
    except ClientError as error:
        if error.response["Error"].get("Code") not in _NO_PARTS:
            raise
        raise PartsMissing from error


def begin_parts(upload: Upload, content_type: str) -> str:
    created = aws.client("s3").create_multipart_upload(
        Bucket=settings(UploadSettings).uploads_bucket,
        Key=KEY_PREFIX + upload.upload_id,
        ContentType=content_type,
    )
    return str(created["UploadId"])


def multipart_of(upload: Upload) -> dict[str, str]:
    return {
        "Bucket": settings(UploadSettings).uploads_bucket,
        "Key": KEY_PREFIX + upload.upload_id,
        "UploadId": str(upload.multipart_id),
    }


def sign_parts(upload: Upload) -> dict[str, Any]:
    count = -(-int(upload.size) // PART_BYTES)
    urls = [
        aws.client("s3").generate_presigned_url(
            "upload_part",
            Params={**multipart_of(upload), "PartNumber": number},
            ExpiresIn=int(PARTS_LIFETIME.total_seconds()),
        )
        for number in range(1, count + 1)
    ]
    return {"part_size": PART_BYTES, "urls": urls}


def presign_upload_form(upload_id: str, request: UploadRequest) -> FormView:
    """It accepts this file only."""
    return presign_form(
        settings(UploadSettings).uploads_bucket,
        KEY_PREFIX + upload_id,
        bytes_min=request.size,
        bytes_max=request.size,
        content_type=request.content_type,
    )
