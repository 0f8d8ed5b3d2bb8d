"""The addresses that users keep for their orders. Nobody else reads them."""

from collections.abc import Callable

from auth.addresses import book as books
from auth.addresses import repository
from auth.addresses.repository import BookChanged
from auth.addresses.schemas import AddressPatch, NewAddress, to_request
from shared import clock, ids, observability
from shared.addresses import checks
from shared.addresses.checks import CheckedAddress
from shared.http.etags import ExpectedVersion
from shared.http.schemas import apply_merge_patch, validate
from shared.records import Record
from shared.retries import retry_on_stale_version
from shared.security.permissions import Principal
from shared.storage.models.address_books import AddressBook, SavedAddress

BODY = ("body",)  # where the fields of the address are in a request


class Entry(Record):
    """An address and the book that has it."""

    book: AddressBook
    address: SavedAddress
    is_replay: bool = False


def list_addresses(caller: Principal) -> list[Entry]:
    """The default first, then newest first."""
    book, _ = repository.read_book(caller.user_id)
    return [Entry(book, address) for address in book.sorted()]


def get_address(caller: Principal, address_id: str) -> Entry:
    """Raises AddressNotFound."""
    book, _ = repository.read_book(caller.user_id)
    return Entry(book, books.get_address(book, address_id))


def create_address(caller: Principal, new: NewAddress, idempotency_key: str) -> Entry:
    """Add the address once, whatever replies are lost.

    Raises InvalidFields, IdempotencyKeyReused, AddressLimit, SessionEnded and
    ConcurrentModification.
    """
    address_id = ids.derived_id("adr", caller.user_id, idempotency_key)
    address = _new_address(address_id, new, checks.check_address(new.to_address(), BODY))

    def create() -> Entry:
        book, stored = repository.read_book(caller.user_id)
        created = books.find_repeated(book, address)
        if created is not None:
            return Entry(book, created, is_replay=True)
        books.add(book, address, is_default=new.is_default)
        repository.save_book(book, stored)
        return Entry(book, address)

    entry = _retry(create)
    observability.audit("create_address", "done", user_id=caller.user_id, address_id=address_id)
    return entry


def update_address(
    caller: Principal, address_id: str, patch: AddressPatch, expected: ExpectedVersion
) -> Entry:
    """Raises InvalidFields, AddressNotFound, DefaultAddressRequired, StaleVersion, SessionEnded and
    ConcurrentModification."""

    def update() -> Entry:
        book, stored = repository.read_book(caller.user_id)
        address = books.get_address(book, address_id)
        expected.check(address.version)
        changed, checked = _merge(book, address, patch)
        books.change(book, address, checked, is_default=changed.is_default)
        if book.serialize() != stored:
            address.version, address.updated_at = address.version + 1, clock.utc_now()
            repository.save_book(book, stored)
        return Entry(book, address)

    entry = _retry(update)
    observability.audit("update_address", "done", user_id=caller.user_id, address_id=address_id)
    return entry


def delete_address(caller: Principal, address_id: str) -> None:
    """Raises AddressNotFound, SessionEnded and ConcurrentModification."""

    def delete() -> None:
        book, stored = repository.read_book(caller.user_id)
        books.remove(book, address_id)
        repository.save_book(book, stored)

    retry_on_stale_version(delete, also_on=(BookChanged,))
    observability.audit("delete_address", "done", user_id=caller.user_id, address_id=address_id)


def _retry(edit: Callable[[], Entry]) -> Entry:
    """A stale version of the address is the client's to resolve; one of the book is not."""
    return retry_on_stale_version(edit, ExpectedVersion(frozenset()), also_on=(BookChanged,))


def _merge(
    book: AddressBook, address: SavedAddress, patch: AddressPatch
) -> tuple[NewAddress, CheckedAddress]:
    """Raises InvalidFields for an address that its country does not have."""
    before = {**to_request(address), "is_default": address.address_id == book.default_id}
    merged = apply_merge_patch(before, patch.model_dump(exclude_unset=True))
    changed = validate(NewAddress, merged)
    return changed, checks.check_address(changed.to_address(), BODY)


def _new_address(address_id: str, new: NewAddress, checked: CheckedAddress) -> SavedAddress:
    now = clock.utc_now()
    return SavedAddress(
        **checked.to_stored(),
        address_id=address_id,
        version=1,
        created_at=now,
        updated_at=now,
        fingerprint=new.fingerprint(),
    )
