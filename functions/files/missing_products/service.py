"""Products that the shop has and the file does not: counted before the import, archived after."""

from collections.abc import Iterator
from functools import partial

from aws_lambda_powertools.utilities.typing import LambdaContext

from files import stored_files
from files.chunks.service import MILLISECONDS_PER_WRITE, OutOfTime
from files.missing_products.repository import stage_archived
from files.seen_keys import SeenKeys
from products.importing.archiving import service as archiving
from products.importing.service import CategoriesByName, ImportContext
from shared.records import Record
from shared.storage.models.uploads import Upload

IDS_PART = "product-ids"


class MissingProducts(Record):
    missing: int
    current: int  # products that are not archived

    def exceed(self, percent_max: int) -> bool:
        return 100 * self.missing > percent_max * self.current


def count_missing(in_file: SeenKeys) -> MissingProducts:
    missing = current = 0
    for product_id in archiving.list_current_ids():
        current += 1
        missing += product_id not in in_file
    return MissingProducts(missing, current)


def read_ids(upload: Upload) -> SeenKeys:
    """The products that the file has. Raises botocore's errors."""
    return SeenKeys.from_bytes(stored_files.read_part(upload.upload_id, IDS_PART))


def archive_missing(upload: Upload, context: LambdaContext) -> int:
    """Archive what the file lacks. Returns how many products are archived in all.

    Raises OutOfTime: the next run finds those that are left.
    """
    in_file = read_ids(upload)
    run = ImportContext(
        by=upload.owner_id,
        reason=upload.upload_id,
        categories=CategoriesByName(),
    )
    archived = int(upload.archived)
    for product_ids in _batches(in_file):
        if context.get_remaining_time_in_millis() < MILLISECONDS_PER_WRITE:
            raise OutOfTime
        archived += archiving.archive(product_ids, run, partial(stage_archived, upload))
    return archived


def _batches(in_file: SeenKeys) -> Iterator[list[str]]:
    batch: list[str] = []
    for product_id in archiving.list_current_ids():
        if product_id in in_file:
            continue
        batch.append(product_id)
        if len(batch) == archiving.ARCHIVED_PER_WRITE:
            yield batch
            batch = []
    if batch:
        yield batch
