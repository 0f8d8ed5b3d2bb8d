"""What shoppers send: quote, order and cancel requests."""

import re
from collections import Counter
from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import BeforeValidator, Field
from pydantic_core import PydanticCustomError

from shared.addresses.schemas import Address, PartialAddress
from shared.characters import ONE_LINE
from shared.email_addresses import Email
from shared.errors.requests import InvalidFields
from shared.http.schemas import RequestBody
from shared.http.text_fields import ProductId, Text
from shared.money import Money

LINES_MAX = 50  # with stock, promotion and events, well under DynamoDB's 100 actions a transaction
QUANTITY_MAX = 10_000  # of one product; more is a typing error rather than an order
CART_VERSION_MAX = 1_000_000_000  # more changes than a cart can have in its life

_CODE_SEPARATOR = re.compile(r"[\s,;+|]")
_ONE_CODE = ONE_LINE.replace("^[^", r"^ *[^\s,;+|").replace("*$", "+ *$")


def _one_code(value: Any) -> Any:
    """Trims the code and puts it in upper case, as promotions are stored."""
    has_several = isinstance(value, list)
    if isinstance(value, str):
        value = value.strip().upper()
        has_several = bool(_CODE_SEPARATOR.search(value))
    if has_several:
        raise PydanticCustomError(
            "one_promotion_only", "Must be one code: an order can use only one promotion"
        )
    return value


PromotionCode = Annotated[
    str,
    Text(40),
    Field(
        description="One promotion code. Upper and lower case are the same. It does not combine "
        "with an automatic promotion: the order gets the one that makes it cheaper.",
        examples=["SPRING-10"],
        json_schema_extra={"pattern": _ONE_CODE},
    ),
    BeforeValidator(_one_code),
]


class RequestedLine(RequestBody):
    product_id: ProductId
    quantity: int = Field(ge=1, le=QUANTITY_MAX)


class PricedRequest(RequestBody):
    """The part of a quote or an order that prices depend on."""

    lines: list[RequestedLine] = Field(
        min_length=1,
        max_length=LINES_MAX,
        description="If several lines have the same product, the shop adds their quantities.",
    )
    shipping_address: Address | PartialAddress
    promotion_code: PromotionCode | None = None

    def to_quantities(self) -> dict[str, int]:
        """Quantities by product, in the order of the lines; a repeated product is added up.

        Raises InvalidFields when the sum exceeds QUANTITY_MAX.
        """
        quantities: Counter[str] = Counter()
        for line in self.lines:
            quantities[line.product_id] += line.quantity
        too_many = {key: units for key, units in quantities.items() if units > QUANTITY_MAX}
        if too_many:
            raise _too_many(too_many)
        return dict(quantities)


class QuoteRequest(PricedRequest):
    shipping_address: PartialAddress


class OrderRequest(PricedRequest):
    """An order to place. Send no prices: the shop reads them from the catalog."""

    shipping_address: Address
    quoted_total: Money | None = Field(
        default=None,
        description="The total that the buyer saw. If the order costs a different amount, the shop "
        "refuses it. Null skips the check.",
    )
    cart_version: int | None = Field(
        default=None,
        ge=1,
        le=CART_VERSION_MAX,
        description="The `version` of the cart that this order empties. `lines` must be the cart's "
        "lines. If the cart has another version or other lines, the order is refused. Null leaves "
        "the cart as it is.",
    )


class GuestOrderRequest(OrderRequest):
    """An order to place without an account."""

    email: Email = Field(description="The shop sends its mails about the order to this address.")


class CancelRequest(RequestBody):
    reason: Annotated[str, Text(500)] | None = Field(
        default=None,
        description="Why the order is cancelled. The buyer and staff see it.",
    )


def _too_many(quantities: Mapping[str, int]) -> InvalidFields:
    problems = [
        {
            "path": "body.lines",
            "code": "too_large",
            "message": f"Must have at most {QUANTITY_MAX} units of {product_id}, not {quantity}",
        }
        for product_id, quantity in quantities.items()
    ]
    return InvalidFields(problems[0]["message"], fields=problems)
