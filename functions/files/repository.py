"""Uploads and the stages of their import. Each write requires the stage that it leaves."""

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from typing import Any

from pynamodb.exceptions import UpdateError

from shared import clock
from shared.errors.base import AppError
from shared.events.files import UploadEvent
from shared.storage import cursors, outbox
from shared.storage.cursors import ItemPage
from shared.storage.models.uploads import UNFINISHED, RowError, Upload, UploadPictures
from shared.storage.transactions import Action, Condition, Transaction

ERRORS_KEPT = 100  # of an upload, which is one item of at most 400 KB
WARNINGS_KEPT = 20
CHANGES_KEPT = 20  # of what a check has found
LEASE = timedelta(minutes=16)  # Lambda ends a run after 15
# The form is valid for five minutes, and S3 announces a file within seconds.
FILE_OVERDUE_AFTER = timedelta(minutes=10)
RECENT_MAX = 100  # uploads that are read to count the unfinished ones
# Each phase counts from the start.
_FRESH = dict.fromkeys(
    [
        *("chunks_done", "rows_done", "written", "rejected"),
        *("created", "updated", "unchanged", "archived"),
    ],
    0,
)
_UPLOADS_OF_OWNER = "uploads of an owner"  # binds a cursor to this query


class ImportedElsewhere(AppError):
    """Another run has done this step, or the caller has cancelled the import. This one stops."""

    status, code = 409, "imported_elsewhere"
    default_message = "Another run imports this file, or the file is not announced."


def create_upload(transaction: Transaction, upload: Upload) -> None:
    """Store the upload in this transaction, and commit it."""
    transaction.put(upload)
    transaction.commit()


def find_upload(upload_id: str) -> Upload | None:
    return Upload.find(upload_id, "upload", consistent=True)


def find_pictures(upload_id: str) -> UploadPictures | None:
    return UploadPictures.find(upload_id, "pictures")


def list_uploads(owner_id: str, *, limit: int, cursor: str | None) -> ItemPage[Upload]:
    """Newest first. Raises InvalidCursor."""
    return cursors.query_page(
        Upload.by_owner,
        owner_id,
        query=_UPLOADS_OF_OWNER,
        owner=owner_id,
        limit=limit,
        cursor=cursor,
    )


def list_unfinished(owner_id: str) -> list[Upload]:
    """Among the newest uploads of the owner, without those whose form has expired.

    The index may lag.
    """
    expired_before = clock.utc_now() - FILE_OVERDUE_AFTER
    newest = Upload.by_owner.query(
        owner_id, scan_index_forward=False, limit=RECENT_MAX, page_size=RECENT_MAX
    )
    return [
        upload
        for upload in newest
        if is_unfinished(upload)
        and (
            upload.status != "awaiting_file"
            or upload.multipart_id
            or upload.created_at > expired_before
        )
    ]


def list_overdue_uploads(now: datetime) -> Iterator[str]:
    """The ids of unfinished uploads that no run works on, the oldest first. The index may lag."""
    is_due = Upload.due_at.does_not_exist() | (Upload.due_at <= now)
    is_old = Upload.created_at <= now - FILE_OVERDUE_AFTER
    for upload in Upload.by_status.query("running", filter_condition=is_due):
        yield upload.upload_id
    for upload in Upload.by_status.query("awaiting_file", is_old):
        yield upload.upload_id
    for upload in Upload.by_status.query("awaiting_confirmation", filter_condition=is_due):
        yield upload.upload_id


def start_planning(upload_id: str, etag: str, *, only_overdue: bool = False) -> Upload:
    """Claim the file, or plan again what an interrupted run of the same file began.

    If this run stops as well, another may continue after LEASE. Raises ImportedElsewhere when the
    upload is unknown, planned or finished, or belongs to another object; and with `only_overdue`,
    when another run may still work on it.
    """
    now = clock.utc_now()
    is_unplanned = Upload.phase.does_not_exist() | (Upload.phase == "planning")
    is_interrupted = (Upload.status == "running") & (Upload.etag == etag) & is_unplanned
    if only_overdue:
        is_interrupted &= Upload.due_at.does_not_exist() | (Upload.due_at <= now)
    actions = [
        Upload.status.set("running"),
        Upload.phase.set("planning"),
        Upload.etag.set(etag),
        Upload.due_at.set(now + LEASE),
        Upload.attempts.add(1),
        # An earlier release wrote these rows in the run that it interrupted.
        Upload.rows_skipped.set(Upload.rows_skipped | Upload.rows_done),
    ]
    return _update(upload_id, actions, (Upload.status == "awaiting_file") | is_interrupted)


def claim_overdue(upload: Upload) -> Upload:
    """Let this run continue the phase of an upload that is due. Raises ImportedElsewhere."""
    now = clock.utc_now()
    is_same = (Upload.status == upload.status) & (Upload.phase == upload.phase)
    is_due = Upload.due_at.does_not_exist() | (Upload.due_at <= now)
    actions = [Upload.due_at.set(now + LEASE), Upload.attempts.add(1)]
    return _update(upload.upload_id, actions, is_same & is_due)


def hand_over(upload: Upload, **counts: int) -> None:
    """Let the next scheduled run continue this phase at once. Raises ImportedElsewhere."""
    is_same = (Upload.status == "running") & (Upload.phase == upload.phase)
    actions: list[Action] = [getattr(Upload, name).set(value) for name, value in counts.items()]
    _update(upload.upload_id, [*actions, Upload.due_at.set(clock.utc_now())], is_same)


def record_search(upload: Upload, parts: int) -> None:
    """So many parts have what a search found. No chunk is cut yet. Raises ImportedElsewhere."""
    is_planning = (Upload.status == "running") & (Upload.phase == "planning")
    fresh = [Upload.attempts.set(0), Upload.chunks_done.set(0)]
    _update(upload.upload_id, [Upload.parent_parts.set(parts), *fresh], is_planning)


def store_plan(upload: Upload, phase: str, plan: dict[str, Any]) -> Upload:
    """Begin the first phase of the planned import. `plan`: attributes of the upload.

    Raises ImportedElsewhere.
    """
    actions: list[Action] = [getattr(Upload, name).set(value) for name, value in plan.items()]
    is_planning = (Upload.status == "running") & (Upload.phase == "planning")
    return _update(
        upload.upload_id, [*actions, *_begin(phase), Upload.attempts.set(0)], is_planning
    )


def begin_phase(upload: Upload, phase: str, *more: Action, **counts: Any) -> Upload:
    """Leave the phase that the upload is in for the next one. Raises ImportedElsewhere.

    `counts`: attributes that start again. Its status was running, or awaits a confirmation.
    """
    actions: list[Action] = [getattr(Upload, name).set(value) for name, value in counts.items()]
    is_same = (Upload.status == upload.status) & (Upload.phase == upload.phase)
    return _update(upload.upload_id, [*actions, *more, *_begin(phase)], is_same)


def begin_writing(upload: Upload) -> Upload:
    """After a check, whose file of errors is no longer true. Raises ImportedElsewhere."""
    forgotten = [Upload.error_file_key.remove()]
    return begin_phase(upload, "writing", *forgotten, errors=[], **_FRESH)


def begin_finishing(upload: Upload) -> Upload:
    """All chunks of the phase are done, or no more will be. Raises ImportedElsewhere."""
    finished = {"finished_phase": str(upload.phase)}
    return begin_phase(upload, "finishing", **finished)


def await_confirmation(upload: Upload, until: datetime, found: dict[str, Any]) -> None:
    """End the check of a dry run. Raises ImportedElsewhere."""
    actions: list[Action] = [getattr(Upload, name).set(value) for name, value in found.items()]
    actions += [Upload.status.set("awaiting_confirmation"), Upload.due_at.set(until)]
    is_checked = (Upload.status == "running") & (Upload.phase == "finishing")
    _update(upload.upload_id, actions, is_checked)


def end_import(
    upload: Upload,
    status: str,
    *,
    event: UploadEvent | None = None,
    errors: Sequence[RowError] | None = None,
    found: dict[str, Any] | None = None,
) -> None:
    """End the import, if it is in the status and phase that were read, and publish that once.

    Raises ImportedElsewhere.
    """
    ended_before = ImportedElsewhere("Another run has ended this import.")
    if not is_unfinished(upload):
        raise ended_before
    is_same: Condition = Upload.status == upload.status
    if upload.phase:
        is_same &= Upload.phase == upload.phase
    actions: list[Action] = [
        Upload.status.set(status),
        Upload.finished_at.set(clock.utc_now()),
        *(getattr(Upload, name).set(value) for name, value in (found or {}).items()),
    ]
    if errors is not None:
        actions.append(Upload.errors.set(list(errors)))
    transaction = Transaction()
    transaction.update(
        Upload(upload.upload_id, "upload"),
        actions,
        only_if=is_same,
        otherwise=ended_before,
    )
    if event:
        outbox.stage_event(transaction, event)
    transaction.commit()


def is_unfinished(upload: Upload) -> bool:
    return upload.status in UNFINISHED


def _begin(phase: str) -> list[Action]:
    now = clock.utc_now()
    return [
        Upload.status.set("running"),
        Upload.phase.set(phase),
        Upload.due_at.set(now + LEASE),
        Upload.started_at.set(now),
    ]


def _update(upload_id: str, actions: Sequence[Action], condition: Condition) -> Upload:
    """The upload as it is then. Raises ImportedElsewhere."""
    upload = Upload(upload_id, "upload")
    try:
        upload.update(list(actions), condition=condition)
    except UpdateError as error:
        if error.cause_response_code != "ConditionalCheckFailedException":
            raise
        raise ImportedElsewhere("This file is not waiting for this step.") from error
    return upload
