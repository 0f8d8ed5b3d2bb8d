"""Sends the chunks of an import to its workers: all that are left, or one after the other."""

from collections.abc import Iterable
from contextlib import suppress
from itertools import islice

from files import import_queue, repository
from files.import_queue import ImportMessage
from files.options import ImportOptions
from files.repository import ImportedElsewhere
from shared.storage.models.uploads import Upload


def send_chunks(upload: Upload, left: Iterable[int]) -> None:
    """Send the chunks with these numbers, in the upload's phase; in order, the first one alone.

    Raises botocore's errors, and MessagesNotSent. The schedule then sends what is left, within a
    minute.
    """
    is_in_order = ImportOptions.from_stored(upload.options).is_in_order
    numbers = islice(left, 1 if is_in_order else None)
    phase = str(upload.phase)
    try:
        import_queue.send(ImportMessage(upload.upload_id, phase, "chunk", n) for n in numbers)
    except Exception:
        with suppress(ImportedElsewhere):
            repository.hand_over(upload)
        raise


def list_numbers(upload: Upload) -> range:
    """The numbers of all chunks of the plan."""
    return range(1, int(upload.chunks or 0) + 1)
