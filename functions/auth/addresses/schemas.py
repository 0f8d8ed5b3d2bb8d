from datetime import datetime
from typing import Annotated, Any, Self

from pydantic import Field

from shared.addresses.schemas import Address, AddressView
from shared.http.schemas import NOT_NULL, RequestBody
from shared.storage.models.address_books import AddressBook, SavedAddress

_IS_DEFAULT = (
    "Whether the checkout offers the address first. Exactly one of your addresses is the default: "
    "the first one, until you make another one the default."
)


class NewAddress(Address):
    """An address to keep, by the rules of its country."""

    is_default: bool = Field(default=False, description=_IS_DEFAULT)

    def to_address(self) -> Address:
        return Address(**self.model_dump(exclude={"is_default"}))


class AddressPatch(RequestBody):
    """Changes to an address: a JSON merge patch (RFC 7396) for the fields of `NewAddress`.

    Omitted fields keep their values. `null` removes a value.
    """

    name: str | None = None
    company: str | None = None
    line1: str | None = None
    line2: str | None = None
    postal_code: str | None = None
    city: str | None = None
    region: str | None = None
    country: str | None = None
    phone: str | None = None
    is_default: Annotated[bool | None, NOT_NULL] = None


class SavedAddressView(AddressView):
    """An address of an address book."""

    id: str
    is_default: bool = Field(description=_IS_DEFAULT)
    version: int = Field(description="Grows with each change of the address.")
    created_at: datetime
    updated_at: datetime

    @classmethod
    def from_book(cls, book: AddressBook, address: SavedAddress) -> Self:
        return cls(
            **AddressView.from_model(address).model_dump(),
            id=address.address_id,
            is_default=address.address_id == book.default_id,
            version=int(address.version),
            created_at=address.created_at,
            updated_at=address.updated_at,
        )


def to_request(address: SavedAddress) -> dict[str, Any]:
    """The request that would create this address; a patch is merged into it."""
    return AddressView.from_model(address).model_dump(
        include=set(Address.model_fields), exclude_none=True
    )
