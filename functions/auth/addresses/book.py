"""How an address book changes: it has a bounded size, and exactly one default. Pure.

The functions change the book that they get.
"""

from shared.addresses.checks import CheckedAddress
from shared.errors.accounts import AddressLimit, AddressNotFound, DefaultAddressRequired
from shared.errors.requests import IdempotencyKeyReused
from shared.storage.models.address_books import AddressBook, SavedAddress

ADDRESSES_MAX = 20  # of a user; a book of long texts then has some 60 KB of an item's 400


def find_address(book: AddressBook, address_id: str) -> SavedAddress | None:
    return next((each for each in book.addresses if each.address_id == address_id), None)


def get_address(book: AddressBook, address_id: str) -> SavedAddress:
    """Raises AddressNotFound."""
    address = find_address(book, address_id)
    if address is None:
        raise AddressNotFound
    return address


def find_repeated(book: AddressBook, address: SavedAddress) -> SavedAddress | None:
    """The address that an earlier request with the same key has created.

    Raises IdempotencyKeyReused if that request was another one.
    """
    created = find_address(book, address.address_id)
    if created is not None and created.fingerprint != address.fingerprint:
        raise IdempotencyKeyReused
    return created


def add(book: AddressBook, address: SavedAddress, *, is_default: bool) -> None:
    """The first address is the default. Raises AddressLimit."""
    if len(book.addresses) >= ADDRESSES_MAX:
        raise AddressLimit(addresses_max=ADDRESSES_MAX)
    book.addresses = [address, *book.addresses]
    if is_default or book.default_id is None:
        book.default_id = address.address_id


def change(
    book: AddressBook, address: SavedAddress, checked: CheckedAddress, *, is_default: bool
) -> None:
    """Change one of the book's. Raises DefaultAddressRequired if none would be the default."""
    for name, value in checked.to_stored().items():
        setattr(address, name, value)
    if is_default:
        book.default_id = address.address_id
    elif book.default_id == address.address_id:
        raise DefaultAddressRequired


def remove(book: AddressBook, address_id: str) -> None:
    """After the default, the newest of the others is the default. Raises AddressNotFound."""
    get_address(book, address_id)
    book.addresses = [each for each in book.addresses if each.address_id != address_id]
    if book.default_id == address_id:
        book.default_id = book.addresses[0].address_id if book.addresses else None
