"""Exports: files of orders that staff ask for, and get a link to."""

from dataclasses import dataclass
from datetime import timedelta

from orders.exports import repository
from orders.exports.file_formats import CONTENT_TYPES, name_of
from orders.exports.schemas import ExportRequest
from shared import aws, clock, ids, observability
from shared.config import UploadSettings, settings
from shared.errors.base import AppError
from shared.errors.orders import ExportNotFound, TooManyExports
from shared.errors.requests import IdempotencyKeyReused
from shared.events.orders import ExportData, ExportRequested
from shared.security.permissions import Principal
from shared.storage.cursors import ItemPage
from shared.storage.models.exports import Export

UNFINISHED_MAX = 3  # of one owner; two that are asked for at once may come to one more
# The queue has given up by then: five times, an hour and a half apart. What it has lost in another
# way, and nobody has marked as failed, must not count for ever.
UNFINISHED_FOR = timedelta(hours=12)
LINK_LIFETIME = timedelta(minutes=10)


@dataclass(frozen=True, slots=True)
class RequestedExport:
    export: Export
    is_replay: bool


def request(owner: Principal, wanted: ExportRequest, idempotency_key: str) -> RequestedExport:
    """The export of that owner and that key: requested now, or as it was requested before.

    A key is known for as long as its export, a week. Nothing is stored for what is refused.
    Raises IdempotencyKeyReused and TooManyExports.
    """
    export = _export(owner, wanted, idempotency_key)
    try:
        _require_room(owner)
        event = ExportRequested(data=ExportData(export_id=export.export_id))
        repository.add(export, event)
    except AppError as refusal:
        return _replay(export, refusal)
    observability.audit("request_export", "done", user_id=owner.user_id, export_id=export.export_id)
    return RequestedExport(export, is_replay=False)


def view(owner: Principal, export_id: str) -> Export:
    """Raises ExportNotFound, for someone else's too."""
    export = repository.find(export_id)
    if export is None or export.owner_id != owner.user_id:
        raise ExportNotFound("There is no such export.")
    return export


def mine(owner: Principal, *, limit: int, cursor: str | None) -> ItemPage[Export]:
    """Newest first. Raises InvalidCursor."""
    return repository.of_owner(owner.user_id, limit=limit, cursor=cursor)


def link_to(export: Export) -> str | None:
    """To its file, for whoever has the link; None where there is no file yet, or no longer."""
    if not export.file_key or export.expires_at <= clock.utc_now():
        return None
    url: str = aws.client("s3").generate_presigned_url(
        "get_object",
        Params={
            "Bucket": settings(UploadSettings).uploads_bucket,
            "Key": export.file_key,
            "ResponseContentDisposition": f'attachment; filename="{name_of(export)}"',
            "ResponseContentType": CONTENT_TYPES[export.format],
        },
        ExpiresIn=int(LINK_LIFETIME.total_seconds()),
    )
    return url


def _export(owner: Principal, wanted: ExportRequest, idempotency_key: str) -> Export:
    now = clock.utc_now()
    return Export(
        export_id=ids.derived_id("exp", owner.user_id, idempotency_key),
        owner_id=owner.user_id,
        format=wanted.format,
        status="requested",
        of_status=wanted.status,
        placed_from=wanted.placed_from,
        placed_before=wanted.placed_before,
        created_at=now,
        expires_at=now + repository.KEPT,
    )


def _require_room(owner: Principal) -> None:
    since = clock.utc_now() - UNFINISHED_FOR
    if repository.unfinished(owner.user_id, since=since) >= UNFINISHED_MAX:
        raise TooManyExports(
            f"{UNFINISHED_MAX} of your exports are not finished. Wait for one of them.",
            unfinished_max=UNFINISHED_MAX,
        )


def _replay(wanted: Export, refusal: AppError) -> RequestedExport:
    requested = repository.find(wanted.export_id)
    if requested is None:
        raise refusal
    if _asked_for(requested) != _asked_for(wanted):
        raise IdempotencyKeyReused(
            "This Idempotency-Key has requested a different export. Use a new key for a new one.",
            export_id=wanted.export_id,
        ) from refusal
    return RequestedExport(requested, is_replay=True)


def _asked_for(export: Export) -> tuple[object, ...]:
    return (export.format, export.of_status, export.placed_from, export.placed_before)
