"""Uploads: a form to send a file with, and the progress of its import."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from files import repository
from files.schemas import UploadRequest
from files.stored_files import KEY_PREFIX
from shared import aws, clock, ids, snapstart
from shared.config import UploadSettings, settings
from shared.errors.requests import UploadNotFound
from shared.security.permissions import Principal
from shared.storage import rate_limits
from shared.storage.models.uploads import Upload
from shared.storage.transactions import Transaction

FORM_LIFETIME = timedelta(minutes=5)
RETENTION = timedelta(days=30)  # as long as the bucket keeps the file


@snapstart.before_snapshot
def _build_client() -> None:
    aws.client("s3")


@dataclass(frozen=True, slots=True)
class CreatedUpload:
    upload: Upload
    form: dict[str, Any]


def create_upload(owner: Principal, request: UploadRequest) -> CreatedUpload:
    """An upload that waits for its file, and the form that accepts this file only.

    Raises TooManyAttempts.
    """
    now = clock.utc_now()
    upload = Upload(
        upload_id=ids.new_id("upl"),
        owner_id=owner.user_id,
        kind=request.kind,
        filename=request.filename,
        status="awaiting_file",
        created_at=now,
        expires_at=now + RETENTION,
    )
    transaction = Transaction()
    limit = settings(UploadSettings).uploads_per_hour
    rate_limits.consume_hourly_quota(transaction, "upload of", owner.user_id, limit=limit, now=now)
    repository.create_upload(transaction, upload)
    return CreatedUpload(upload, _presign_form(upload.upload_id, request))


def get_upload(upload_id: str) -> Upload:
    """Raises UploadNotFound. The route's permission decides who may read uploads (ADR 39)."""
    upload = repository.find_upload(upload_id)
    if upload is None:
        raise UploadNotFound
    return upload


def _presign_form(upload_id: str, request: UploadRequest) -> dict[str, Any]:
    """A presigned POST: S3 itself refuses another key, another type or another size."""
    content_type = {"Content-Type": request.content_type}
    form: dict[str, Any] = aws.client("s3").generate_presigned_post(
        Bucket=settings(UploadSettings).uploads_bucket,
        Key=KEY_PREFIX + upload_id,
        Fields=dict(content_type),
        Conditions=[content_type, ["content-length-range", request.size, request.size]],
        ExpiresIn=int(FORM_LIFETIME.total_seconds()),
    )
    return form
