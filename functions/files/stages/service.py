"""What follows what in an import: from its plan to its end.

A file of one chunk is imported by the run that plans it. Of a longer file, each step is a message,
so that workers share the chunks.
"""

from aws_lambda_powertools.utilities.typing import LambdaContext

from files import import_queue, repository
from files.chunks import repository as chunks
from files.chunks.service import DoneChunk, OutOfTime, import_chunk
from files.dispatching.service import list_numbers, send_chunks
from files.finishing import service as finishing
from files.import_queue import ImportMessage
from files.options import ImportOptions
from files.planning import service as planning
from files.stored_files import StoredFile
from shared.storage.models.uploads import Upload


def plan(upload: Upload, file: StoredFile, context: LambdaContext) -> None:
    """Raises ImportedElsewhere, and errors after which another run must continue."""
    planned = planning.plan_import(upload, file, context)
    if planned:
        begin(planned, context)


def begin(upload: Upload, context: LambdaContext) -> None:
    """Start the chunks of the phase that the upload is in."""
    if int(upload.chunks or 0) <= 1:
        _in_time(upload, context)
    else:
        send_chunks(upload, list_numbers(upload))


def run_chunk(upload: Upload, chunk: int, context: LambdaContext) -> None:
    """Raises ImportedElsewhere, OutOfTime, and errors after which another run must continue."""
    done = import_chunk(upload, chunk, context)
    if upload.status != "running":
        return  # it is cancelled, and its rows are counted
    is_in_order = ImportOptions.from_stored(upload.options).is_in_order
    if done.is_last or (is_in_order and done.rejected):
        _begin_finishing(upload, done, context)
    elif is_in_order:
        send_chunks(upload, [chunk + 1])


def finish(upload: Upload, context: LambdaContext) -> None:
    """Raises ImportedElsewhere, OutOfTime, and errors after which another run must continue."""
    next_phase = finishing.finish_phase(upload, context)
    if next_phase:
        begin(next_phase, context)


def is_resumable(upload: Upload, file: StoredFile) -> bool:
    """Whether one run imports this planned file alone: no message will continue it."""
    is_planned = upload.status == "running" and upload.phase not in (None, "planning")
    return is_planned and upload.etag == file.etag and upload.chunks in (0, 1)


def resume(upload: Upload, context: LambdaContext) -> None:
    """Continue a phase that no run works on. Raises ImportedElsewhere."""
    if upload.phase == "finishing":
        _in_time(upload, context)
        return
    left = chunks.list_unfinished(upload)
    if not left or int(upload.chunks or 0) == 1:
        _in_time(upload, context)
    else:
        send_chunks(upload, left)


def _in_time(upload: Upload, context: LambdaContext) -> None:
    """Do here what is left of a short import. The schedule continues what takes longer."""
    try:
        if upload.phase == "finishing":
            finish(upload, context)
        elif chunks.list_unfinished(upload):
            run_chunk(upload, 1, context)
        else:
            _begin_finishing(upload, None, context)
    except OutOfTime:
        repository.hand_over(upload)


def _begin_finishing(upload: Upload, done: DoneChunk | None, context: LambdaContext) -> None:
    """Of a short import here, of a longer one by a message."""
    finishing_upload = repository.begin_finishing(upload)
    if done is None or done.chunks <= 1:
        finish(finishing_upload, context)
    else:
        _finish_later(finishing_upload)


def _finish_later(upload: Upload) -> None:
    import_queue.send([ImportMessage(upload.upload_id, str(upload.phase), "finish")])
