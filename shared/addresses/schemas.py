"""Addresses, as clients send and read them; `checks` holds the rules of their countries."""

from typing import Annotated, Any, Self

from pydantic import Field

from shared.characters import describe_pattern
from shared.countries import Country
from shared.http.schemas import RequestBody, View
from shared.http.text_fields import Text

Name = Annotated[str, Text(100)]
Company = Annotated[str, Text(100, is_optional=True)]
AddressLine = Annotated[str, Text(200)]
MoreAddress = Annotated[str, Text(200, is_optional=True)]
PostalCode = Annotated[str, Text(20, is_optional=True)]
City = Annotated[str, Text(100, is_optional=True)]
Region = Annotated[str, Text(100, is_optional=True)]
Phone = Annotated[
    str,
    Field(
        max_length=40,
        pattern=describe_pattern(
            # The last character is no space, because outer spaces are dropped before this counts.
            r"^ *$|^ *[+(]?[0-9][-0-9 ()./]{3,29}[-0-9()./]( *(x|ext\.?) ?[0-9]{1,6})? *$",
            "Must be a phone number, such as +44 20 7946 0958",
        ),
    ),
]

_COMPANY = "The company that receives the order."
_PHONE = "For the carrier, with the country's code."
_LINE2 = "More of the address, such as the apartment."
_CITY = "Required in most countries."
_POSTAL_CODE = (
    "Required in countries that have postal codes in all addresses. It is stored in the form of "
    "its country: `sw1a1aa` as `SW1A 1AA`."
)
_REGION = (
    "A state or province: its code of ISO 3166-2, such as `US-NY` or `NY`, or its name, such as "
    "`New York`. Required in countries whose addresses have one, and where tax depends on it."
)


class Address(RequestBody):
    """An address by the rules of its country, which `GET /v1/countries/{code}` lists."""

    name: Name = Field(description="The name of the person who receives the order.")
    company: Company | None = Field(default=None, description=_COMPANY)
    line1: AddressLine = Field(description="Street and house number.")
    line2: MoreAddress | None = Field(default=None, description=_LINE2)
    postal_code: PostalCode | None = Field(default=None, description=_POSTAL_CODE)
    city: City | None = Field(default=None, description=_CITY)
    region: Region | None = Field(default=None, description=_REGION)
    country: Country
    phone: Phone | None = Field(default=None, description=_PHONE)


class PartialAddress(RequestBody):
    """An address, or the part of it that you know.

    Prices depend only on country, region and postal code.
    """

    name: Name | None = None
    company: Company | None = None
    line1: AddressLine | None = None
    line2: MoreAddress | None = None
    postal_code: PostalCode | None = Field(default=None, description=_POSTAL_CODE)
    city: City | None = None
    region: Region | None = Field(default=None, description=_REGION)
    country: Country
    phone: Phone | None = None


class AddressView(View):
    """An address. After the buyer's account is deleted, only the country is not null."""

    name: str | None
    company: str | None
    line1: str | None
    line2: str | None
    postal_code: str | None
    city: str | None
    region: str | None
    region_code: str | None = Field(
        description="The region's code of ISO 3166-2. Null if the shop does not know the region."
    )
    country: str
    phone: str | None

    @classmethod
    def from_model(cls, address: Any) -> Self:
        """`address` is stored with the fields of the view; some have an empty text for none."""
        return cls(
            name=address.name or None,
            company=address.company,
            line1=address.line1 or None,
            line2=address.line2,
            postal_code=address.postal_code or None,
            city=address.city or None,
            region=address.region,
            region_code=address.region_code,
            country=address.country,
            phone=address.phone,
        )
