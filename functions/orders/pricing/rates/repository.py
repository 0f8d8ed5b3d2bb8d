"""The two sheets of rates: an item each, replaced as a whole."""

from shared.errors.requests import StaleVersion
from shared.http.etags import stale_version
from shared.storage.models.pricing import RateTable
from shared.storage.transactions import Transaction


def find(name: str) -> RateTable | None:
    """As it is now."""
    return RateTable.find(name, consistent=True)


def put(sheet: RateTable, *, upon: int) -> None:
    """In place of that version; 0 where there is none. Raises StaleVersion and has not written."""
    as_read = RateTable.version == upon if upon else RateTable.name.does_not_exist()
    transaction = Transaction()  # its token tells a lost reply from someone else's edit
    transaction.put(sheet, only_if=as_read, otherwise=_stale)
    transaction.commit()


def _stale(found: RateTable | None) -> StaleVersion:
    return stale_version(found.version if found else 0)
