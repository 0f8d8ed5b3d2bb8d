"""Countries, as a checkout reads them to ask for an address."""

from collections.abc import Iterator
from typing import Annotated, Literal, Self

from pydantic import Field

from shared.addresses.country_rules import FIELDS, CountryRules, Region
from shared.http.schemas import View, shown_as

FieldName = Literal["name", "company", "line1", "line2", "postal_code", "city", "region", "phone"]

# What most countries call a field, or one of them, by the name that the rules have for it.
_LABELS = {
    "name": "Name",
    "company": "Company",
    "line1": "Street address",
    "line2": "Apartment, floor, building",
    "city": "City",
    "region": "Province",
    "postal_code": "Postal code",
    "phone": "Phone",
    "do_si": "Province or city",
    "eircode": "Eircode",
    "pin": "PIN code",
    "post_town": "Post town",
    "zip": "ZIP code",
}


class CountryView(View):
    code: str = Field(description="ISO 3166-1 alpha-2.")
    name: str


class AddressFieldView(View):
    """A field that addresses of the country have."""

    name: Annotated[str, shown_as(FieldName)] = Field(
        description="The name of the field in requests."
    )
    label: str = Field(description="What the country calls it, in English.")
    required: bool

    @classmethod
    def from_rules(cls, name: str, rules: CountryRules) -> Self:
        term = rules.labels.get(name, name)
        return cls(
            name=name,
            label=_LABELS.get(term, term.capitalize()),
            required=name == "name" or name in rules.required,
        )


class PostalCodeView(View):
    pattern: str = Field(
        description="A regular expression for a whole postal code in capital letters. The shop "
        "accepts other spellings too."
    )
    examples: list[str]


class RegionView(View):
    code: str = Field(
        description="ISO 3166-2. Where it has no code, the country and the region's name."
    )
    name: str = Field(description="In Latin letters.")
    local_name: str | None = Field(description="In another script, or null.")

    @classmethod
    def from_model(cls, region: Region) -> Self:
        return cls(code=region.code, name=region.name, local_name=region.local_name)


class SubdivisionView(RegionView):
    parent_code: str | None = Field(description="The code of the larger region that it is in.")

    @classmethod
    def from_model(cls, region: Region) -> Self:
        return cls(
            code=region.code,
            name=region.name,
            local_name=region.local_name,
            parent_code=region.parent,
        )


class CountryDetail(CountryView):
    """What a checkout asks for in an address of the country."""

    fields: list[AddressFieldView] = Field(description="In the order of the country.")
    lines: list[list[str]] = Field(
        description="The fields of each line of a printed address, without the country."
    )
    postal_code: PostalCodeView | None = Field(
        description="Null if the country has no postal codes."
    )
    regions: list[RegionView] = Field(
        description="What to offer for `region`. Empty if its addresses have none, or any text."
    )
    subdivisions: Annotated[
        list[SubdivisionView],
        Field(description="All regions that a tax destination can name, also larger ones."),
    ]

    @classmethod
    def from_rules(cls, rules: CountryRules) -> Self:
        lines = list(_lines(rules))
        names = [name for line in lines for name in line]
        code = PostalCodeView(pattern=f"^({rules.pattern})$", examples=list(rules.examples))
        return cls(
            code=rules.code,
            name=rules.name,
            fields=[AddressFieldView.from_rules(name, rules) for name in [*names, "phone"]],
            lines=[list(line) for line in lines],
            postal_code=code if rules.pattern else None,
            regions=[RegionView.from_model(region) for region in rules.address_regions],
            subdivisions=[SubdivisionView.from_model(region) for region in rules.regions],
        )


def _lines(rules: CountryRules) -> Iterator[list[str]]:
    for line in rules.layout.split("%n"):
        names = [FIELDS[part[0]] for part in line.split("%")[1:]]
        if names:
            yield names
        if "line1" in names:
            yield ["line2"]
