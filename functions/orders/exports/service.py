"""Exports: staff request a file of orders, follow its progress and download it."""

from dataclasses import dataclass
from datetime import timedelta

from orders.exports import limits, repository
from orders.exports.file_formats import CONTENT_TYPES, build_file_name
from orders.exports.limits import OtherExportRequested
from orders.exports.schemas import ExportRequest
from shared import aws, clock, ids, observability, snapstart
from shared.config import UploadSettings, settings
from shared.errors.base import AppError, Unavailable
from shared.errors.orders import ExportNotFound
from shared.errors.requests import IdempotencyKeyReused
from shared.events.orders import ExportData, ExportRequested
from shared.retries import EDIT_ATTEMPTS, retry
from shared.security.permissions import Principal
from shared.storage.cursors import ItemPage
from shared.storage.models.exports import Export
from shared.storage.transactions import Transaction

LINK_LIFETIME = timedelta(minutes=10)


@snapstart.before_snapshot
def _build_client() -> None:
    aws.client("s3")


@dataclass(frozen=True, slots=True)
class CreatedExport:
    export: Export
    is_replay: bool


def create_export(owner: Principal, request: ExportRequest, idempotency_key: str) -> CreatedExport:
    """Create the export, or return the one that was created with the same key.

    A key is known as long as its export: a week. Nothing is stored if the request is refused.
    Raises IdempotencyKeyReused, TooManyExports and Unavailable.
    """
    export = _build_export(owner, request, idempotency_key)
    try:
        _store(export)
    except AppError as refusal:
        return _replay(export, refusal)
    observability.audit("create_export", "done", user_id=owner.user_id, export_id=export.export_id)
    return CreatedExport(export, is_replay=False)


def get_export(reader: Principal, export_id: str) -> Export:
    """Raises ExportNotFound. The route's permission decides who may read exports (ADR 39)."""
    export = repository.find_export(export_id)
    if export is None:
        raise ExportNotFound
    if export.owner_id != reader.user_id:  # the file has personal data: log who else could get it
        observability.audit("get_export", "done", user_id=reader.user_id, export_id=export_id)
    return export


def list_exports(owner: Principal, *, limit: int, cursor: str | None) -> ItemPage[Export]:
    """Newest first. Raises InvalidCursor."""
    return repository.list_exports(owner.user_id, limit=limit, cursor=cursor)


def sign_file_url(export: Export) -> str | None:
    """Return a link to the file that works without a token; None if there is no file (any more)."""
    if not export.file_key or export.expires_at <= clock.utc_now():
        return None
    url: str = aws.client("s3").generate_presigned_url(
        "get_object",
        Params={
            "Bucket": settings(UploadSettings).uploads_bucket,
            "Key": export.file_key,
            "ResponseContentDisposition": f'attachment; filename="{build_file_name(export)}"',
            "ResponseContentType": CONTENT_TYPES[export.format],
        },
        ExpiresIn=int(LINK_LIFETIME.total_seconds()),
    )
    return url


def _build_export(owner: Principal, request: ExportRequest, idempotency_key: str) -> Export:
    now = clock.utc_now()
    return Export(
        export_id=ids.derived_id("exp", owner.user_id, idempotency_key),
        owner_id=owner.user_id,
        format=request.format,
        status="requested",
        of_status=request.status,
        placed_from=request.placed_from,
        placed_before=request.placed_before,
        created_at=now,
        expires_at=now + repository.RETENTION,
    )


def _store(export: Export) -> None:
    """Raises TooManyExports, and Unavailable while the owner requests others at the same moment."""

    def attempt() -> None:
        transaction = Transaction()
        limits.stage_admission(transaction, export, clock.utc_now())
        event = ExportRequested(data=ExportData(export_id=export.export_id))
        repository.create_export(transaction, export, event)

    try:
        retry(attempt, on=(OtherExportRequested,), attempts=EDIT_ATTEMPTS)
    except OtherExportRequested as error:
        raise Unavailable from error


def _replay(requested: Export, refusal: AppError) -> CreatedExport:
    """Return the export that the same key created before; raise the refusal if there is none."""
    existing = repository.find_export(requested.export_id)
    if existing is None:
        raise refusal
    if _selection(existing) != _selection(requested):
        raise IdempotencyKeyReused(export_id=requested.export_id) from refusal
    return CreatedExport(existing, is_replay=True)


def _selection(export: Export) -> tuple[object, ...]:
    return (export.format, export.of_status, export.placed_from, export.placed_before)
