"""Exports: staff request a file, follow its progress and download it.

Each kind of export has its own selection and its own file. What it shares with the others is here.
"""

from datetime import timedelta
from typing import Any

from shared import aws, clock, ids, observability, snapstart
from shared.config import UploadSettings, settings
from shared.errors.base import AppError, Unavailable
from shared.errors.requests import ExportNotFound, IdempotencyKeyReused
from shared.events.orders import ExportData, ExportRequested
from shared.exports import limits, repository
from shared.exports.limits import OtherExportRequested
from shared.records import Record
from shared.retries import EDIT_ATTEMPTS, retry
from shared.security.permissions import Principal
from shared.storage.cursors import ItemPage
from shared.storage.models.exports import ORDERS, Export, ExportKind, list_key
from shared.storage.transactions import Transaction

LINK_LIFETIME = timedelta(minutes=10)
CONTENT_TYPES = {  # by the extension of the file
    "csv": "text/csv; charset=utf-8",
    "jsonl": "application/jsonl; charset=utf-8",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}
_SELECTION = ("format", "of_status", "placed_from", "placed_before", "statuses", "currency")


@snapstart.before_snapshot
def _build_client() -> None:
    aws.client("s3")


class CreatedExport(Record):
    export: Export
    is_replay: bool


def create_export(
    owner: Principal, kind: ExportKind, idempotency_key: str, **selection: Any
) -> CreatedExport:
    """Create the export, or return the one of this kind that was created with the same key.

    A key is known as long as its export: a week. Nothing is stored if the request is refused.
    Raises IdempotencyKeyReused, TooManyExports and Unavailable.
    """
    export = _build_export(owner, kind, idempotency_key, selection)
    try:
        _store(export)
    except AppError as refusal:
        return _replay(export, refusal)
    observability.audit("create_export", "done", user_id=owner.user_id, export_id=export.export_id)
    return CreatedExport(export, is_replay=False)


def get_export(reader: Principal, kind: ExportKind, export_id: str) -> Export:
    """Raises ExportNotFound. The route's permission decides who may read exports (ADR 39)."""
    export = repository.find_export(export_id)
    if export is None or export.kind != kind:
        raise ExportNotFound
    if export.requested_by != reader.user_id:  # orders have personal data: log who could read it
        observability.audit("get_export", "done", user_id=reader.user_id, export_id=export_id)
    return export


def list_exports(
    owner: Principal, kind: ExportKind, *, limit: int, cursor: str | None
) -> ItemPage[Export]:
    """Newest first. Raises InvalidCursor."""
    return repository.list_exports(kind, owner.user_id, limit=limit, cursor=cursor)


def sign_file_url(export: Export, file_name: str) -> str | None:
    """Return a link to the file that works without a token; None if there is no file (any more).

    `file_name` needs no quoting in a header.
    """
    if not export.file_key or export.expires_at <= clock.utc_now():
        return None
    url: str = aws.client("s3").generate_presigned_url(
        "get_object",
        Params={
            "Bucket": settings(UploadSettings).uploads_bucket,
            "Key": export.file_key,
            "ResponseContentDisposition": f'attachment; filename="{file_name}"',
            "ResponseContentType": CONTENT_TYPES[export.extension],
        },
        ExpiresIn=int(LINK_LIFETIME.total_seconds()),
    )
    return url


def _build_export(
    owner: Principal, kind: ExportKind, idempotency_key: str, selection: dict[str, Any]
) -> Export:
    now = clock.utc_now()
    key_of = (owner.user_id,) if kind == ORDERS else (kind, owner.user_id)
    return Export(
        export_id=ids.derived_id("exp", *key_of, idempotency_key),
        owner_id=list_key(kind, owner.user_id),
        kind=kind,
        status="requested",
        created_at=now,
        expires_at=now + repository.RETENTION,
        **selection,
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


def _selection(export: Export) -> list[object]:
    return [getattr(export, name) for name in _SELECTION]
