"""S3 event, queue or schedule -> products and stock.

1. The event of a file: the planner reads it once, and cuts it into chunks of about 500 rows.
2. A message for each chunk: a worker checks or writes its rows. Workers run side by side.
3. A message after the last chunk: the error file, then the next phase or the end.

Repeat: each step requires the state that it changes, so a second delivery finds nothing to do.
Failure: every import ends. Each minute the schedule continues what no run works on: after a crash,
an outage, a lost event or message, or a run that used up its time. It fails an upload whose file
did not arrive, and an import that made no progress in ATTEMPTS_MAX runs.
"""

from datetime import timedelta
from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext

from files import import_queue, repository, stored_files
from files.chunks.service import OutOfTime
from files.finishing.service import end_as_failed
from files.formats.source_rows import Problem
from files.import_queue import ImportMessage
from files.repository import ImportedElsewhere
from files.stages import service as stages
from shared import clock, freeze_gc, observability
from shared.storage.models.uploads import Upload

ATTEMPTS_MAX = 100  # runs without progress: more than a day, at one in 16 minutes
FILE_EXPECTED_FOR = timedelta(hours=1)  # a slow upload may end long after its form's expiry
PARTS_EXPECTED_FOR = timedelta(hours=12)  # as long as their addresses work
MILLISECONDS_PER_STEP = 5_000

freeze_gc()


class ImportsNotContinued(Exception):
    """Some imports could not be continued. Raised so that the function's error alarm goes off."""


def handler(event: dict[str, Any], context: LambdaContext) -> Any:
    """Raises unexpected errors of files and of the schedule: Lambda tries again.

    Returns the ids of the messages that failed: the queue delivers them again.
    """
    observability.set_log_context(context.aws_request_id)
    if "Records" not in event:
        return _continue_overdue_imports(context)
    failed: list[dict[str, str]] = []
    for record in event["Records"]:
        if record.get("eventSource") == "aws:sqs":
            failed += _handle_message(record, context)
        else:
            _handle_file(record["s3"], context)
    return {"batchItemFailures": failed}


def _handle_file(entity: dict[str, Any], context: LambdaContext) -> None:
    file = stored_files.file_from_event(entity)
    try:
        upload = repository.find_upload(file.upload_id)
        if upload and stages.is_resumable(upload, file):  # Lambda repeats what was interrupted
            stages.resume(upload, context)
        else:
            stages.plan(repository.start_planning(file.upload_id, file.etag), file, context)
    except ImportedElsewhere as reason:
        _log_skipped(file.upload_id, reason)


def _handle_message(record: dict[str, Any], context: LambdaContext) -> list[dict[str, str]]:
    """The failure of the message, if it fails."""
    try:
        _run_step(import_queue.read_message(record["body"]), context)
    except Exception as error:  # noqa: BLE001 (the queue delivers the message again)
        observability.logger.exception(
            "import step failed",
            sqs_message_id=record["messageId"],
            reason=type(error).__name__,
        )
        return [{"itemIdentifier": record["messageId"]}]
    return []


def _run_step(message: ImportMessage, context: LambdaContext) -> None:
    upload = repository.find_upload(message.upload_id)
    if upload is None or upload.phase != message.phase:
        return _log_skipped(message.upload_id, "the import has left this phase")
    try:
        if message.step == "finish":
            stages.finish(upload, context)
        else:
            stages.run_chunk(upload, message.chunk, context)
    except ImportedElsewhere as reason:
        _log_skipped(message.upload_id, reason)
    except OutOfTime:
        import_queue.send([message])
        observability.logger.info("handed over", upload_id=message.upload_id, chunk=message.chunk)
    return None


def _continue_overdue_imports(context: LambdaContext) -> None:
    """Raises ImportsNotContinued after all other imports were tried."""
    failures = 0
    for upload_id in repository.list_overdue_uploads(clock.utc_now()):
        if context.get_remaining_time_in_millis() < MILLISECONDS_PER_STEP:
            break
        try:
            _continue_import(upload_id, context)
        except ImportedElsewhere as reason:
            _log_skipped(upload_id, reason)
        except Exception:  # noqa: BLE001 (one import must not stop the others)
            observability.logger.exception("import not continued", upload_id=upload_id)
            failures += 1
    if failures:
        raise ImportsNotContinued(f"{failures} imports")


def _continue_import(upload_id: str, context: LambdaContext) -> None:
    """Raises ImportedElsewhere."""
    upload = repository.find_upload(upload_id)
    if upload is None or not repository.is_unfinished(upload):
        return  # the index lags
    if upload.status == "awaiting_confirmation":
        _expire(upload)
    elif upload.attempts >= ATTEMPTS_MAX:
        message = "The import made no progress for a day. Send it again."
        end_as_failed(upload, Problem(1, None, "import_stalled", message))
    elif upload.status == "awaiting_file" or upload.phase in (None, "planning"):
        _continue_planning(upload, context)
    else:
        stages.resume(repository.claim_overdue(upload), context)


def _expire(upload: Upload) -> None:
    """End a dry run that nobody confirmed. Raises ImportedElsewhere."""
    due_at = upload.attribute_values.get("due_at")
    if due_at is None or due_at <= clock.utc_now():
        repository.end_import(upload, "expired")


def _continue_planning(upload: Upload, context: LambdaContext) -> None:
    """Raises ImportedElsewhere."""
    file = stored_files.find_file(upload.upload_id, upload.etag)
    if file is None:
        _give_up_without_file(upload)
        return
    claimed = repository.start_planning(upload.upload_id, file.etag, only_overdue=True)
    stages.plan(claimed, file, context)


def _give_up_without_file(upload: Upload) -> None:
    """Raises ImportedElsewhere."""
    if upload.status == "running":
        message = "The file was deleted during its import. Send it again."
        end_as_failed(upload, Problem(1, None, "file_deleted", message))
    elif clock.utc_now() - upload.created_at >= _time_for(upload):
        message = "No file arrived in time. Create an upload."
        end_as_failed(upload, Problem(1, None, "file_not_received", message))


def _time_for(upload: Upload) -> timedelta:
    return PARTS_EXPECTED_FOR if upload.multipart_id else FILE_EXPECTED_FOR


def _log_skipped(upload_id: str, reason: object) -> None:
    observability.logger.info("skipped", upload_id=upload_id, reason=str(reason))
