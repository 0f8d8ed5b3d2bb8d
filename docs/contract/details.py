"""The types of `details`: each has the name of its refusal. Other refusals have no details.

They stand here and not at the classes, because a function that starts must not build them. The
tests compare the details of every refusal that they see with these types. `catalog_details` and
`order_details` have those of their subjects.
"""

from typing import Annotated, Any, NotRequired

from pydantic import Field
from typing_extensions import TypedDict  # pydantic needs this one before Python 3.12

from docs.contract import catalog_details, order_details
from docs.contract.detail_fields import Limit
from docs.contract.enums import FIELD_CODES
from docs.contract.order_details import RegionOfCountry
from shared.errors.base import AppError
from shared.security.permissions import Permission


class TooManyAttemptsDetails(TypedDict):
    retry_after: Annotated[int, Field(description="Seconds, as in `Retry-After`.", examples=[60])]


class ForbiddenDetails(TypedDict):
    permission: NotRequired[Annotated[Permission, Field(description="You do not have it.")]]


class PasswordTooShortForStaffDetails(TypedDict):
    password_length_min: Annotated[int, Field(description="In characters.", examples=[15])]


class ApiKeyLimitDetails(TypedDict):
    keys_max: Limit


class ImportMappingLimitDetails(TypedDict):
    mappings_max: Limit


class AddressLimitDetails(TypedDict):
    addresses_max: Limit


class MalformedJsonDetails(TypedDict):
    at: NotRequired[Annotated[int, Field(description="The position in the text.", examples=[17])]]


class StaleVersionDetails(TypedDict):
    current_version: Annotated[int, Field(description="The version now.", examples=[8])]


class UploadEndedDetails(TypedDict):
    status: Annotated[str, Field(description="How it has ended.", examples=["completed"])]


class UploadNotCheckedYetDetails(TypedDict):
    status: Annotated[str, Field(description="Of the upload.", examples=["running"])]


class TooManyOpenUploadsDetails(TypedDict):
    open: Annotated[int, Field(description="Unfinished uploads.", examples=[50])]
    open_max: Limit
    bytes: Annotated[int, Field(description="Their size in all, with this one.")]
    bytes_max: Limit


class RequestTooLargeDetails(TypedDict):
    bytes_max: Limit


class InvalidField(TypedDict):
    path: Annotated[
        str,
        Field(description="Where the value is in the request.", examples=["body.lines.0.quantity"]),
    ]
    code: Annotated[str, Field(json_schema_extra={"enum": FIELD_CODES}, examples=["too_small"])]
    message: Annotated[str, Field(description="What to do about it. Its text can change.")]


class InvalidFieldsDetails(TypedDict):
    fields: Annotated[list[InvalidField], Field(description="The first 20 problems.")]
    regions: NotRequired[
        Annotated[
            list[RegionOfCountry],
            Field(description="The regions of the country, if an address needs one of them."),
        ]
    ]


SupportedQuery = TypedDict(  # `and` is a keyword of Python
    "SupportedQuery", {"where": list[str], "and": list[str], "sort": list[str]}
)


class UnsupportedQueryDetails(TypedDict):
    can_be_asked: Annotated[SupportedQuery, Field(description="The queries that have an answer.")]


class IdempotencyKeyReusedDetails(TypedDict):
    order_id: NotRequired[Annotated[str, Field(description="The order of the key.")]]
    export_id: NotRequired[Annotated[str, Field(description="The export of the key.")]]


def details_of(refusal: type[AppError]) -> Any:
    """The type of a refusal's details, which has its name; None if it has no details."""
    return all_details().get(f"{refusal.__name__}Details")


def all_details() -> dict[str, Any]:
    """All types of details by name."""
    known = globals() | vars(catalog_details) | vars(order_details)
    return {name: found for name, found in known.items() if name.endswith("Details")}
