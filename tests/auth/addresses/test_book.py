"""An address book has at most twenty addresses, and exactly one default once it has any."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auth.addresses import book as books
from shared.addresses.checks import CheckedAddress
from shared.errors.accounts import AddressLimit, AddressNotFound, DefaultAddressRequired
from shared.errors.requests import IdempotencyKeyReused
from shared.storage.models.address_books import AddressBook, SavedAddress

NOW = datetime(2026, 11, 28, tzinfo=UTC)
HOME = CheckedAddress("GB", name="Ada", line1="12 St James's Square", city="London")


def empty_book() -> AddressBook:
    return AddressBook("usr_ada", addresses=[], version=0)


def address(address_id: str, fingerprint: str = "-") -> SavedAddress:
    return SavedAddress(
        **HOME.to_stored(),
        address_id=address_id,
        version=1,
        created_at=NOW,
        updated_at=NOW,
        fingerprint=fingerprint,
    )


def book_of(*ids: str) -> AddressBook:
    """The first one is the default."""
    book = empty_book()
    for address_id in ids:
        books.add(book, address(address_id), is_default=False)
    return book


def order(book: AddressBook) -> list[str]:
    return [each.address_id for each in book.sorted()]


def test_the_first_address_is_the_default():
    assert book_of("a", "b").default_id == "a"


def test_a_new_default_replaces_the_old_one():
    book = book_of("a", "b")

    books.add(book, address("c"), is_default=True)

    assert (book.default_id, order(book)) == ("c", ["c", "b", "a"])


def test_the_default_comes_first_and_then_the_newest():
    assert order(book_of("a", "b", "c")) == ["a", "c", "b"]


def test_the_newest_replaces_a_deleted_default():
    book = book_of("a", "b", "c")

    books.remove(book, "a")

    assert (book.default_id, order(book)) == ("c", ["c", "b"])


def test_a_book_without_addresses_has_no_default():
    book = book_of("a")

    books.remove(book, "a")

    assert (book.default_id, book.addresses) == (None, [])


def test_a_book_is_full_with_twenty():
    book = book_of(*(str(number) for number in range(20)))

    with pytest.raises(AddressLimit) as refusal:
        books.add(book, address("more"), is_default=True)
    assert refusal.value.details == {"addresses_max": 20}
    assert (len(book.addresses), book.default_id) == (20, "0")


def test_the_default_cannot_stop_being_it():
    book = book_of("a", "b")

    with pytest.raises(DefaultAddressRequired):
        books.change(book, books.get_address(book, "a"), HOME, is_default=False)
    books.change(book, books.get_address(book, "b"), HOME, is_default=True)
    assert book.default_id == "b"


def test_a_change_removes_what_is_gone():
    book = book_of("a")
    changed = books.get_address(book, "a")

    books.change(book, changed, CheckedAddress("HK", name="Ada", line1="1 Peak"), is_default=True)

    assert (changed.country, changed.city, changed.postal_code) == ("HK", "", "")


def test_a_repeated_request_is_known_by_its_content():
    book = book_of("a")

    assert books.find_repeated(book, address("b")) is None
    assert books.find_repeated(book, address("a")) is book.addresses[0]
    with pytest.raises(IdempotencyKeyReused):
        books.find_repeated(book, address("a", "another request"))


def test_an_unknown_address_is_not_found():
    with pytest.raises(AddressNotFound):
        books.get_address(book_of("a"), "b")
    with pytest.raises(AddressNotFound):
        books.remove(book_of("a"), "b")


STEPS = st.lists(st.tuples(st.sampled_from(["add", "default", "remove"]), st.integers(0, 30)))


@given(STEPS)
def test_any_changes_keep_one_default_of_the_book(steps):
    book = empty_book()

    for step, number in steps:
        ids = [each.address_id for each in book.addresses]
        if step == "add" and len(ids) < books.ADDRESSES_MAX and str(number) not in ids:
            books.add(book, address(str(number)), is_default=number % 2 == 0)
        elif ids and step == "default":
            chosen = books.get_address(book, ids[number % len(ids)])
            books.change(book, chosen, HOME, is_default=True)
        elif ids and step == "remove":
            books.remove(book, ids[number % len(ids)])

        left = {each.address_id for each in book.addresses}
        assert (book.default_id in left) if left else (book.default_id is None)
