"""Searches a file for parents in a run with limited time, and stores what it found.

The next run continues with that, so that a file ends whose search and chunks take longer together
than one run has.
"""

from collections.abc import Callable, Iterable, Iterator

from aws_lambda_powertools.utilities.typing import LambdaContext

from files import repository, stored_files
from files.chunks.contents import ChunkWriter, read_chunk
from files.chunks.service import OutOfTime
from files.formats.source_rows import BrokenFile, SourceRow
from files.layouts.layout import Layout
from files.parents.kept_parents import StoredParents
from files.parents.search import ParentSearch
from shared.storage.models.uploads import Upload

SEARCHES_MAX = 3  # that run out of time, before the file fails
WHOLE_RUN_MILLISECONDS = 600_000  # with less, the run has worked on other imports before
MILLISECONDS_PER_PART = 10_000


def find_parents(
    upload: Upload,
    layout: Layout,
    open_rows: Callable[[], Iterable[SourceRow]],
    context: LambdaContext,
) -> ParentSearch | None:
    """None if another run must search. `open_rows` opens the file again.

    Raises BrokenFile, ImportedElsewhere, and errors after which another run must continue.
    """
    search = ParentSearch(layout)
    try:
        parts = upload.attribute_values.get("parent_parts")
        if parts is not None:
            _load(search, upload, int(parts), context)
        else:
            _search(search, upload, lambda: _in_time(open_rows(), context), context)
    except OutOfTime:
        repository.hand_over(upload)
        return None
    return search


def _load(search: ParentSearch, upload: Upload, parts: int, context: LambdaContext) -> None:
    """What an earlier run stored. Raises OutOfTime."""
    for number in range(1, parts + 1):
        content = stored_files.read_part(upload.upload_id, _part_name(number))
        for row in _in_time((each.row for each in read_chunk(content)), context):
            search.add(row)


def _search(
    search: ParentSearch,
    upload: Upload,
    open_rows: Callable[[], Iterable[SourceRow]],
    context: LambdaContext,
) -> None:
    """Raises BrokenFile, and OutOfTime."""
    has_whole_run = context.get_remaining_time_in_millis() >= WHOLE_RUN_MILLISECONDS
    try:
        search.run(open_rows)
        parts = _store(upload, search.found, context)
    except OutOfTime:
        if has_whole_run and upload.attempts >= SEARCHES_MAX:
            message = "The file takes too long to read. Divide it, so that each has whole products."
            raise BrokenFile("takes_too_long", message) from None
        raise
    repository.record_search(upload, parts)


def _in_time(rows: Iterable[SourceRow], context: LambdaContext) -> Iterator[SourceRow]:
    """Raises OutOfTime. A row has up to 1 MB, so it looks at the clock before each."""
    for row in rows:
        _require_time(context)
        yield row


def _require_time(context: LambdaContext) -> None:
    if context.get_remaining_time_in_millis() < MILLISECONDS_PER_PART:
        raise OutOfTime


def _store(upload: Upload, parents: StoredParents, context: LambdaContext) -> int:
    """The number of parts. Raises OutOfTime."""
    number = 0
    for number, part in enumerate(divide(parents), start=1):
        _require_time(context)
        stored_files.put_part(upload.upload_id, _part_name(number), part.to_bytes())
    return number


def divide(parents: StoredParents) -> Iterator[ChunkWriter]:
    """The parts that the next run loads."""
    part = ChunkWriter()
    for row in parents:
        if not part.has_room(continues_group=False):
            yield part
            part = ChunkWriter()
        part.add(row)
    if part.rows:
        yield part


def _part_name(number: int) -> str:
    return f"parents-{number:05d}.jsonl.gz"
