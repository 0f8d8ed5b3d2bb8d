"""Every event as one type, and how to parse one."""

from functools import cache
from typing import Annotated

from pydantic import Field, TypeAdapter

from shared.events.accounts import (
    ApiKeyCreated,
    DuplicateRegistrationAttempted,
    EmailChanged,
    EmailChangeRequested,
    EmailVerified,
    PasswordChanged,
    PasswordResetRequested,
    ReuseDetected,
    SecondFactorChanged,
    UserDeleted,
    UserRegistered,
    VerificationRequested,
)
from shared.events.catalog import (
    ProductArchived,
    ProductCreated,
    ProductUpdated,
    StockDepleted,
    StockLow,
    StockReplenished,
)
from shared.events.orders import (
    AuthorizationVoided,
    CaptureRequested,
    ConfirmationRequested,
    DisputeClosed,
    ExportRequested,
    ManualRefundRequired,
    OrderCancelled,
    OrderDelivered,
    OrderDisputed,
    OrderExpired,
    OrderPaid,
    OrderPlaced,
    OrderRefunded,
    OrderReturned,
    OrderShipped,
    RefundFailed,
    RefundRequested,
    VoidRequested,
)

UserEvent = (
    UserRegistered
    | DuplicateRegistrationAttempted
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
    | AuthorizationVoided
    | ManualRefundRequired
    | RefundRequested
    | OrderRefunded
    | RefundFailed
    | OrderDisputed
    | DisputeClosed
    | OrderReturned
    | ConfirmationRequested
)
AnyEvent = UserEvent | CatalogEvent | OrderEvent | ExportRequested
Event = Annotated[AnyEvent, Field(discriminator="type")]


def parse_event(document: str | bytes | dict[str, object]) -> AnyEvent:
    """The event in that JSON or that dict. Raises pydantic's ValidationError."""
    if isinstance(document, dict):
        return _any_event().validate_python(document)
    return _any_event().validate_json(document)


@cache
def _any_event() -> TypeAdapter[AnyEvent]:
    return TypeAdapter(Event)
