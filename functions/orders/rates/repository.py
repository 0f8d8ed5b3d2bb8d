"""The two sheets of rates: an item each, replaced as a whole."""

from shared.errors import StaleVersion
from shared.models import RateSheet
from shared.transactions import Transaction
from shared.versions import stale


def find(name: str) -> RateSheet | None:
    """As it is now."""
    return RateSheet.find(name, consistent=True)


def put(sheet: RateSheet, *, upon: int) -> None:
    """In place of that version; 0 where there is none. Raises StaleVersion and has not written."""
    as_read = RateSheet.version == upon if upon else RateSheet.name.does_not_exist()
    transaction = Transaction()  # its token tells a lost reply from someone else's edit
    transaction.put(sheet, only_if=as_read, otherwise=_stale)
    transaction.commit()


def _stale(found: RateSheet | None) -> StaleVersion:
    return stale(found.version if found else 0)
