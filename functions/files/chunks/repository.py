"""What is done of each chunk. The counts move in the transaction that writes the rows."""

from collections.abc import Iterator, Sequence
from typing import Any

from files.repository import CHANGES_KEPT, ERRORS_KEPT, LEASE, WARNINGS_KEPT, ImportedElsewhere
from shared import clock
from shared.records import Record
from shared.storage.models.uploads import ImportedChunk, RejectedRows, RowError, Upload
from shared.storage.transactions import Action, Transaction

# The counts of a chunk, and how the upload calls their sums.
COUNTS = ("rows_done", "rejected", "created", "updated", "unchanged")


class Progress(Record):
    """What is done of a chunk. `rows_done` is also the checkpoint at which a retry continues."""

    rows_done: int = 0
    rejected: int = 0
    created: int = 0
    updated: int = 0
    unchanged: int = 0
    is_done: bool = False

    def plus(self, **counts: int) -> "Progress":
        return self.replace(**{name: getattr(self, name) + n for name, n in counts.items()})


class Found(Record):
    """What a chunk adds to what the upload shows."""

    errors: Sequence[RowError]
    warnings: Sequence[RowError]
    changes: Sequence[Any]  # that a check has found: row, SKU, outcome and fields
    pictures: int  # that its rows name


class Checkpoint(Record):
    """From where to where a transaction brings a chunk, and what is wrong with its rows."""

    chunk: int
    before: Progress
    after: Progress
    problems: Sequence[Sequence[Any]] = ()


def find_progress(upload_id: str, phase: str, chunk: int) -> Progress:
    found = ImportedChunk.find(upload_id, chunk_part(phase, chunk), consistent=True)
    if found is None:
        return Progress()
    counts = {name: int(getattr(found, name)) for name in COUNTS}
    return Progress(**counts, is_done=bool(found.is_done))


def stage_progress(transaction: Transaction, upload: Upload, checkpoint: Checkpoint) -> None:
    """Move the checkpoint in the transaction that writes the rows, so that no row counts twice."""
    before, after = checkpoint.before, checkpoint.after
    part = chunk_part(str(upload.phase), checkpoint.chunk)
    actions: list[Action] = [getattr(ImportedChunk, n).set(getattr(after, n)) for n in COUNTS]
    actions.append(ImportedChunk.expires_at.set(upload.expires_at))
    is_as_read = (
        ImportedChunk.rows_done == before.rows_done
        if before.rows_done
        else ImportedChunk.rows_done.does_not_exist()
    )
    transaction.update(
        ImportedChunk(upload.upload_id, part),
        actions,
        only_if=is_as_read,
        otherwise=ImportedElsewhere("Another run has imported these rows."),
    )
    if checkpoint.problems:
        transaction.put(
            RejectedRows(
                upload_id=upload.upload_id,
                part=_errors_part(str(upload.phase), checkpoint.chunk, after.rows_done),
                problems_json=[list(problem) for problem in checkpoint.problems],
                expires_at=upload.expires_at,
            )
        )


def finish_chunk(upload: Upload, chunk: int, done: Progress, found: Found) -> tuple[int, int]:
    """Add the chunk's counts to the upload's, once. Returns how many chunks are done, of how many.

    Raises ImportedElsewhere if another run has done that, or the import has left the phase.
    """
    transaction = Transaction()
    part = chunk_part(str(upload.phase), chunk)
    transaction.update(
        ImportedChunk(upload.upload_id, part),
        [ImportedChunk.is_done.set(True), ImportedChunk.expires_at.set(upload.expires_at)],
        only_if=ImportedChunk.is_done.does_not_exist(),
        otherwise=ImportedElsewhere("Another run has finished this chunk."),
    )
    sums = {name: getattr(done, name) for name in COUNTS} | {"pictures": found.pictures}
    sums |= {"chunks_done": 1, "written": done.created + done.updated + done.unchanged}
    actions: list[Action] = [getattr(Upload, name).add(n) for name, n in sums.items() if n]
    actions += [Upload.due_at.set(clock.utc_now() + LEASE), Upload.attempts.set(0)]
    if found.errors and len(upload.errors) < ERRORS_KEPT:
        actions.append(Upload.errors.set(Upload.errors.append(list(found.errors))))
    if found.warnings and len(upload.warnings) < WARNINGS_KEPT:
        actions.append(Upload.warnings.set(Upload.warnings.append(list(found.warnings))))
    if found.changes and len(upload.changes_json or []) < CHANGES_KEPT:
        # One worker's sample is as good as another's.
        actions.append(Upload.changes_json.set(list(found.changes)))
    transaction.update(
        Upload(upload.upload_id, "upload"),
        actions,
        only_if=Upload.phase == upload.phase,
        otherwise=ImportedElsewhere("The import has left this phase."),
    )
    transaction.commit()
    now = Upload.get(upload.upload_id, "upload", consistent_read=True)
    return int(now.chunks_done), int(now.chunks or 0)


def list_unfinished(upload: Upload) -> list[int]:
    """The numbers of the chunks that are not done in the upload's phase."""
    start = f"{upload.phase}#"
    found = ImportedChunk.query(
        upload.upload_id,
        ImportedChunk.part.startswith(start),
        consistent_read=True,
        attributes_to_get=["upload_id", "part", "is_done"],
    )
    done = {int(each.part.split("#")[1]) for each in found if each.is_done}
    return [number for number in range(1, int(upload.chunks or 0) + 1) if number not in done]


def list_problems(upload: Upload, phase: str) -> Iterator[tuple[int, list[Any]]]:
    """Each problem of the rejected rows, with its chunk, in the order of the rows."""
    for each in RejectedRows.query(
        upload.upload_id, RejectedRows.part.startswith(f"{phase}-errors#"), consistent_read=True
    ):
        chunk = int(each.part.split("#")[1])
        for problem in each.attribute_values.get("problems_json", []):
            yield chunk, problem


def list_rejected_rows(upload: Upload, chunk: int) -> set[int]:
    """The numbers of the rows that this chunk has rejected in the upload's phase."""
    start = f"{upload.phase}-errors#{chunk:05d}#"
    found = RejectedRows.query(
        upload.upload_id, RejectedRows.part.startswith(start), consistent_read=True
    )
    return {problem[0] for each in found for problem in each.problems_json}


def chunk_part(phase: str, chunk: int) -> str:
    return f"{phase}#{chunk:05d}"


def _errors_part(phase: str, chunk: int, rows_done: int) -> str:
    """After its chunk and its checkpoint, so that a Query has the rows in their order."""
    return f"{phase}-errors#{chunk:05d}#{rows_done:06d}"
