"""The two rate tables: one item each, replaced as a whole."""

from shared.errors.requests import StaleVersion
from shared.http.etags import stale_version
from shared.storage.models.pricing import RateTable
from shared.storage.transactions import Transaction


def find_rate_table(name: str) -> RateTable | None:
    """A consistent read: the caller compares the version."""
    return RateTable.find(name, consistent=True)


def replace_rate_table(table: RateTable, *, version: int) -> None:
    """Replace the table if it still has this version; 0: if there is none.

    Raises StaleVersion and writes nothing otherwise.
    """
    is_unchanged = RateTable.version == version if version else RateTable.name.does_not_exist()
    # A transaction, because its token tells a retry after a lost reply from somebody else's edit.
    transaction = Transaction()
    transaction.put(table, only_if=is_unchanged, otherwise=_stale)
    transaction.commit()


def _stale(found: RateTable | None) -> StaleVersion:
    return stale_version(found.version if found else 0)
