"""How many missing products an import has archived, counted in the transactions that do it.

A run that is killed loses no count: the next run finds what is left, and adds to the sum.
"""

from files.repository import LEASE, ImportedElsewhere
from shared import clock
from shared.storage.models.uploads import Upload
from shared.storage.transactions import Transaction


def stage_archived(upload: Upload, transaction: Transaction, archived: int) -> None:
    """Add to the count. The commit raises ImportedElsewhere if the import has ended.

    The upload is not due for another run as long as products are archived.
    """
    is_finishing = (Upload.status == "running") & (Upload.phase == "finishing")
    transaction.update(
        Upload(upload.upload_id, "upload"),
        [
            Upload.archived.add(archived),
            Upload.due_at.set(clock.utc_now() + LEASE),
            Upload.attempts.set(0),
        ],
        only_if=is_finishing,
        otherwise=ImportedElsewhere("The import has ended."),
    )
