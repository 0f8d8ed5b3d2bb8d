"""What shoppers send: the lines of a cart, changes of them, and a request for its quote."""

from collections import Counter
from typing import Annotated

from pydantic import AfterValidator, Field
from pydantic_core import PydanticCustomError

from orders.checkout.schemas import (
    LINES_MAX,
    QUANTITY_MAX,
    PromotionCode,
    RequestedLine,
)
from shared.addresses.schemas import PartialAddress
from shared.http.schemas import RequestBody
from shared.http.text_fields import ProductId


class LineChange(RequestBody):
    product_id: ProductId
    quantity: int = Field(
        ge=0,
        le=QUANTITY_MAX,
        description="The line's quantity from now on. It replaces the current one; 0 removes the "
        "line.",
    )


def _refuse_repeats(lines: list[LineChange]) -> list[LineChange]:
    """A cart has one line of a product, so two of them contradict each other."""
    counts = Counter(line.product_id for line in lines)
    ((product_id, count),) = counts.most_common(1) or [("", 0)]
    if count > 1:
        raise PydanticCustomError(
            "named_twice",
            "Must have one line of a product; remove the second one of {product_id}",
            {"product_id": product_id},
        )
    return lines


ReplacedLines = Annotated[list[RequestedLine], AfterValidator(_refuse_repeats)]
ChangedLines = Annotated[list[LineChange], AfterValidator(_refuse_repeats)]


class CartRequest(RequestBody):
    """All lines of a cart."""

    lines: ReplacedLines = Field(
        max_length=LINES_MAX,
        description="Replaces all lines. Each product has one line. An empty list empties the "
        "cart.",
    )

    def to_quantities(self) -> dict[str, int]:
        return {line.product_id: line.quantity for line in self.lines}


class CartPatch(RequestBody):
    """The lines to add, change or remove. The others stay as they are."""

    lines: ChangedLines = Field(
        min_length=1,
        max_length=LINES_MAX,
        description="Each product has one line. If you send the same request again, nothing more "
        "changes.",
    )

    def to_quantities(self) -> dict[str, int]:
        """By product; 0 for a line to remove."""
        return {line.product_id: line.quantity for line in self.lines}


class CartQuoteRequest(RequestBody):
    """What the price of a cart depends on besides its lines."""

    shipping_address: PartialAddress
    promotion_code: PromotionCode | None = None
