"""What staff send about orders, and the query for a list of them."""

from collections import Counter
from collections.abc import Iterable
from typing import Annotated

from pydantic import AfterValidator, Field

from orders.checkout.schemas import LINES_MAX, QUANTITY_MAX
from orders.lifecycle.shipping import Tracking
from orders.lifecycle.transitions import Status
from shared.characters import describe_pattern
from shared.email_addresses import require_email
from shared.http.schemas import RequestBody, invalid_fields_error
from shared.http.text_fields import ProductId, Text
from shared.money import Price
from shared.records import Record
from shared.storage.models.orders import Order
from shared.timestamps import Timestamp, out_of_order_error

Reason = Annotated[
    str,
    Text(500),
    Field(description="Why you do this. The buyer sees it."),
]


Carrier = Annotated[str, Text(100)]
TrackingNumber = Annotated[str, Text(100)]
TrackingUrl = Annotated[
    str,
    Field(
        max_length=1000,
        pattern=describe_pattern(
            r"^https://[!-~]+$", "Must be a link that begins with https:// and has no spaces"
        ),
        examples=["https://www.dhl.de/track?id=00340434292135100186"],
    ),
]
TRACKING_URL = "The carrier's page about the parcel. The buyer sees it and gets it by mail."


class ShipRequest(RequestBody):
    carrier: Carrier = Field(examples=["DHL"])
    tracking_number: TrackingNumber | None = Field(default=None, description="The buyer sees it.")
    tracking_url: TrackingUrl | None = Field(default=None, description=TRACKING_URL)

    def to_tracking(self) -> Tracking:
        return Tracking(self.carrier, self.tracking_number, self.tracking_url)


class MarkPaidRequest(RequestBody):
    reference: Annotated[str, Text(200)] = Field(
        description="Identifies the payment in your bookkeeping. The buyer sees it.",
        examples=["Bank transfer of 24 November"],
    )


class ReturnedLine(RequestBody):
    product_id: ProductId
    quantity: int = Field(ge=1, le=QUANTITY_MAX)


def to_quantities(lines: Iterable[ReturnedLine]) -> dict[str, int]:
    """Quantities by product, in the order of their ids."""
    quantities: Counter[str] = Counter()
    for line in lines:
        quantities[line.product_id] += line.quantity
    return dict(sorted(quantities.items()))


class ReturnRequest(RequestBody):
    lines: list[ReturnedLine] = Field(
        min_length=1,
        max_length=LINES_MAX,
        description="If several lines have the same product, the shop adds their quantities.",
    )
    reason: Reason | None = None

    def to_quantities(self) -> dict[str, int]:
        return to_quantities(self.lines)


class RefundRequest(RequestBody):
    amount: Price | None = Field(
        default=None,
        description="The amount in the order's currency. Null refunds everything that is left "
        "at the payment provider. If nothing is left there, it refunds the rest of a manual "
        "payment.",
    )
    reason: Reason | None = None


class NoteRequest(RequestBody):
    text: Annotated[str, Text(2000, has_lines=True)] = Field(
        description="The note. Only staff see it."
    )


def _user_id_or_email(customer: str) -> str:
    return require_email(customer) if "@" in customer else customer


OrderStatus = Status
Customer = Annotated[str, Text(254), AfterValidator(_user_id_or_email)]


class OrderQuery(Record):
    """The filters and the page of a list of orders.

    Raises InvalidFields unless `placed_before` is later than `placed_from`.
    """

    status: OrderStatus | None
    customer: Customer | None
    placed_from: Timestamp | None
    placed_before: Timestamp | None
    limit: int = 20
    cursor: str | None = None

    def __post_init__(self) -> None:
        if self.placed_from and self.placed_before and self.placed_from >= self.placed_before:
            problem = out_of_order_error("placed_from")
            raise invalid_fields_error(
                [
                    {
                        "loc": ("query", "placed_before"),
                        "type": problem.type,
                        "msg": problem.message(),
                    }
                ]
            )

    @property
    def name(self) -> str:
        """Identifies the filters in cursors: the same for all pages of one list."""
        filters = (self.status, self.customer, self.placed_from, self.placed_before)
        return f"orders for staff {filters}"

    @property
    def guest_email(self) -> str | None:
        return self.customer if self.customer and "@" in self.customer else None

    def matches(self, order: Order) -> bool:
        """Whether the order still has the status and guest that the index had."""
        return self.status in (None, order.status) and self.guest_email in (None, order.guest_email)
