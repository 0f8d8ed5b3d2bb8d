"""The domain events: what has happened, in the past tense, for anyone who subscribes to the bus.

An event names people by id only: no e-mail, address, password, token or card. Its `id` is its
outbox row's, so that a consumer can drop repeats.
"""

from functools import cache
from typing import Annotated

from pydantic import Field, TypeAdapter

from shared.events.accounts import (
    AboutAccess,
    AboutApiKey,
    AboutSession,
    AboutUser,
    ApiKeyCreated,
    EmailChanged,
    EmailChangeRequested,
    EmailVerified,
    PasswordChanged,
    PasswordResetRequested,
    RegistrationRepeated,
    ReuseDetected,
    SecondFactorChange,
    SecondFactorChanged,
    UserDeleted,
    UserRegistered,
    VerificationRequested,
)
from shared.events.catalog import (
    AboutProduct,
    AboutStock,
    NewProduct,
    ProductArchived,
    ProductChange,
    ProductCreated,
    ProductUpdated,
    StockDepleted,
    StockLow,
    StockReplenished,
)
from shared.events.orders import (
    AboutExport,
    AboutOrder,
    AboutRefund,
    CaptureRequested,
    ConfirmationRequested,
    ExportRequested,
    OrderCancelled,
    OrderDelivered,
    OrderedLine,
    OrderExpired,
    OrderPaid,
    OrderPlaced,
    OrderPlacedData,
    OrderRefunded,
    OrderReturned,
    OrderShipped,
    PaymentLost,
    Refunded,
    RefundFailed,
    RefundOwed,
    RefundRequested,
    Return,
    ReturnedLine,
    Shipment,
    VoidRequested,
)

__all__ = [
    "AboutAccess",
    "AboutApiKey",
    "AboutExport",
    "AboutOrder",
    "AboutProduct",
    "AboutRefund",
    "AboutSession",
    "AboutStock",
    "AboutUser",
    "AnyEvent",
    "ApiKeyCreated",
    "CaptureRequested",
    "CatalogEvent",
    "ConfirmationRequested",
    "EmailChangeRequested",
    "EmailChanged",
    "EmailVerified",
    "Event",
    "ExportRequested",
    "NewProduct",
    "OrderCancelled",
    "OrderDelivered",
    "OrderEvent",
    "OrderExpired",
    "OrderPaid",
    "OrderPlaced",
    "OrderPlacedData",
    "OrderRefunded",
    "OrderReturned",
    "OrderShipped",
    "OrderedLine",
    "PasswordChanged",
    "PasswordResetRequested",
    "PaymentLost",
    "ProductArchived",
    "ProductChange",
    "ProductCreated",
    "ProductUpdated",
    "RefundFailed",
    "RefundOwed",
    "RefundRequested",
    "Refunded",
    "RegistrationRepeated",
    "Return",
    "ReturnedLine",
    "ReuseDetected",
    "SecondFactorChange",
    "SecondFactorChanged",
    "Shipment",
    "StockDepleted",
    "StockEvent",
    "StockLow",
    "StockReplenished",
    "UserDeleted",
    "UserEvent",
    "UserRegistered",
    "VerificationRequested",
    "VoidRequested",
    "parse",
]

UserEvent = (
    UserRegistered
    | RegistrationRepeated
    | VerificationRequested
    | EmailVerified
    | EmailChangeRequested
    | EmailChanged
    | PasswordResetRequested
    | PasswordChanged
    | SecondFactorChanged
    | ApiKeyCreated
    | UserDeleted
    | ReuseDetected
)
StockEvent = StockDepleted | StockLow | StockReplenished
CatalogEvent = ProductCreated | ProductUpdated | ProductArchived | StockEvent
OrderEvent = (
    OrderPlaced
    | OrderPaid
    | OrderShipped
    | OrderDelivered
    | OrderCancelled
    | OrderExpired
    | CaptureRequested
    | VoidRequested
    | PaymentLost
    | RefundOwed
    | RefundRequested
    | OrderRefunded
    | RefundFailed
    | OrderReturned
    | ConfirmationRequested
)
AnyEvent = UserEvent | CatalogEvent | OrderEvent | ExportRequested
Event = Annotated[AnyEvent, Field(discriminator="type")]


def parse(document: str | bytes | dict[str, object]) -> AnyEvent:
    """The event in that JSON or that dict. Raises pydantic's ValidationError."""
    if isinstance(document, dict):
        return _any_event().validate_python(document)
    return _any_event().validate_json(document)


@cache
def _any_event() -> TypeAdapter[AnyEvent]:
    return TypeAdapter(Event)
