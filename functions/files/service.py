"""Uploads: how to send a file, the progress of its import, and what its owner decides."""

from datetime import timedelta
from typing import Any

from files import repository, sending
from files.dispatching.service import list_numbers, send_chunks
from files.mappings import repository as mappings
from files.repository import ImportedElsewhere
from files.schemas import FORM_BYTES_MAX, PartsToComplete, UploadRequest
from shared import aws, clock, ids, observability, snapstart
from shared.config import UploadSettings, settings
from shared.errors.files import (
    TooManyOpenUploads,
    UploadEnded,
    UploadNotCheckedYet,
    UploadNotInParts,
)
from shared.errors.requests import UploadNotFound
from shared.http.upload_forms import FormView
from shared.records import Record
from shared.security.permissions import Principal
from shared.storage import rate_limits
from shared.storage.cursors import ItemPage
from shared.storage.models.uploads import Upload, UploadPictures
from shared.storage.transactions import Transaction

LINK_LIFETIME = timedelta(minutes=10)
RETENTION = timedelta(days=30)  # as long as the bucket keeps the file
OPEN_UPLOADS_MAX = 50  # of one account
OPEN_BYTES_MAX = 20_000_000_000


@snapstart.before_snapshot
def _build_client() -> None:
    aws.client("s3")


class CreatedUpload(Record):
    upload: Upload
    form: FormView | None
    parts: dict[str, Any] | None


def create_upload(owner: Principal, request: UploadRequest) -> CreatedUpload:
    """An upload that waits for its file, and the form or the parts that accept this file only.

    Raises TooManyAttempts, TooManyOpenUploads and ImportMappingNotFound.
    """
    _require_room(owner, request.size)
    options = request.to_options()
    if request.mapping_id:
        options = options.replace(mapping=mappings.get_mapping(request.mapping_id).mapping_json)
    now = clock.utc_now()
    upload = Upload(
        upload_id=ids.new_id("upl"),
        owner_id=owner.user_id,
        kind=request.kind,
        filename=request.filename,
        size=request.size,
        status="awaiting_file",
        options_json=options.to_stored(),
        created_at=now,
        expires_at=now + RETENTION,
    )
    in_parts = request.size > FORM_BYTES_MAX
    if in_parts:
        upload.multipart_id = sending.begin_parts(upload, request.content_type)
    transaction = Transaction()
    limit = settings(UploadSettings).uploads_per_hour
    rate_limits.consume_hourly_quota(transaction, "upload of", owner.user_id, limit=limit, now=now)
    repository.create_upload(transaction, upload)
    if in_parts:
        return CreatedUpload(upload, None, sending.sign_parts(upload))
    return CreatedUpload(upload, sending.presign_upload_form(upload.upload_id, request), None)


def list_uploads(owner: Principal, *, limit: int, cursor: str | None) -> ItemPage[Upload]:
    """Raises InvalidCursor."""
    return repository.list_uploads(owner.user_id, limit=limit, cursor=cursor)


def get_upload(upload_id: str) -> Upload:
    """Raises UploadNotFound. The route's permission decides who may read uploads (ADR 39)."""
    upload = repository.find_upload(upload_id)
    if upload is None:
        raise UploadNotFound
    return upload


def find_pictures(upload_id: str) -> UploadPictures | None:
    """What became of the pictures that the rows name so far."""
    return repository.find_pictures(upload_id)


def complete_upload(upload_id: str, request: PartsToComplete) -> Upload:
    """Raises UploadNotFound, UploadNotInParts, UploadEnded and PartsMissing."""
    upload = get_upload(upload_id)
    if not upload.multipart_id:
        raise UploadNotInParts
    if upload.status != "awaiting_file":
        return _require_not_cancelled(upload)
    sending.complete_parts(upload, request.etags)
    return upload


def confirm_upload(by: Principal, upload_id: str) -> Upload:
    """Begin to write what a dry run has checked.

    Raises UploadNotFound, UploadEnded and UploadNotCheckedYet.
    """
    upload = get_upload(upload_id)
    if _is_confirmed(upload):
        return upload
    if upload.status != "awaiting_confirmation":
        if not repository.is_unfinished(upload):
            raise UploadEnded(status=upload.status)
        raise UploadNotCheckedYet(status=upload.status)
    try:
        confirmed = repository.begin_writing(upload)
    except ImportedElsewhere:  # another request was faster
        return get_upload(upload_id)
    send_chunks(confirmed, list_numbers(confirmed))
    observability.audit("confirm_upload", "done", user_id=by.user_id, upload_id=upload_id)
    return confirmed


def cancel_upload(by: Principal, upload_id: str) -> Upload:
    """Raises UploadNotFound and UploadEnded."""
    while True:
        upload = get_upload(upload_id)
        if not repository.is_unfinished(upload):
            return _require_cancelled(upload)
        try:
            repository.end_import(upload, "cancelled")
        except ImportedElsewhere:  # it has reached another stage
            continue
        observability.audit("cancel_upload", "done", user_id=by.user_id, upload_id=upload_id)
        return get_upload(upload_id)


def sign_error_file(upload: Upload) -> str | None:
    """A link that works without a token; None if there is no such file."""
    if not upload.error_file_key:
        return None
    name = upload.error_file_key.rpartition("/")[2]
    url: str = aws.client("s3").generate_presigned_url(
        "get_object",
        Params={
            "Bucket": settings(UploadSettings).uploads_bucket,
            "Key": upload.error_file_key,
            "ResponseContentDisposition": f'attachment; filename="{name}"',
        },
        ExpiresIn=int(LINK_LIFETIME.total_seconds()),
    )
    return url


def _require_room(owner: Principal, size: int) -> None:
    """Raises TooManyOpenUploads. Two requests at once may get one upload more."""
    unfinished = repository.list_unfinished(owner.user_id)
    size_in_all = sum(int(upload.size or 0) for upload in unfinished) + size
    if len(unfinished) >= OPEN_UPLOADS_MAX or size_in_all > OPEN_BYTES_MAX:
        raise TooManyOpenUploads(
            open=len(unfinished),
            open_max=OPEN_UPLOADS_MAX,
            bytes=size_in_all,
            bytes_max=OPEN_BYTES_MAX,
        )


def _is_confirmed(upload: Upload) -> bool:
    """Whether an earlier request has confirmed it: a repetition gets what became of it."""
    is_written = upload.status in ("completed", "failed") and upload.finished_phase == "writing"
    is_writing = upload.status == "running" and upload.phase in ("writing", "finishing")
    return upload.options.get("mode") == "dry_run" and (is_written or is_writing)


def _require_cancelled(upload: Upload) -> Upload:
    if upload.status != "cancelled":
        raise UploadEnded(status=upload.status)
    return upload


def _require_not_cancelled(upload: Upload) -> Upload:
    if upload.status in ("cancelled", "failed", "expired"):
        raise UploadEnded(status=upload.status)
    return upload
