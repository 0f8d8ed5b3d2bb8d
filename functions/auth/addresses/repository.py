"""Address books: one item for each user, written under the condition that it is as it was read."""

from shared.errors.accounts import SessionEnded
from shared.storage.documents import Raw
from shared.storage.models.accounts import User
from shared.storage.models.address_books import AddressBook
from shared.storage.transactions import Transaction


class BookChanged(Exception):
    """Another request has changed the book since it was read."""


def read_book(user_id: str) -> tuple[AddressBook, Raw | None]:
    """The book, and its attributes as stored: `save_book` compares them. None: there is none."""
    book = AddressBook.find(user_id, consistent=True)
    if book is None:
        return AddressBook(user_id, addresses=[], version=0), None
    return book, book.serialize()


def save_book(book: AddressBook, stored: Raw | None) -> None:
    """Store the book as its next version.

    Raises BookChanged, and SessionEnded without an active account: API Gateway accepts its token
    for a minute, in which no address may be stored or changed.
    """
    version = int(book.version)
    book.version = version + 1
    transaction = Transaction()
    transaction.check(User, book.user_id, only_if=User.status == "active", otherwise=SessionEnded())
    is_as_stored = (
        AddressBook.user_id.does_not_exist() if stored is None else AddressBook.version == version
    )
    transaction.update(
        AddressBook(book.user_id),
        book.changes_since(stored),
        only_if=is_as_stored,
        otherwise=BookChanged(),
    )
    transaction.commit()
