"""The domain events: what has happened, in the past tense, for anyone who subscribes to the bus.

An event names people by id only: no e-mail, address, password, token or card. Its `id` is its
outbox row's, so that a consumer can drop repeats.
"""

from datetime import datetime
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter

from shared import clock, ids, observability
from shared.money import Money


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True)


class _Event(_Frozen):
    id: str = Field(default_factory=lambda: ids.new_id("evt"))
    version: Literal[1] = 1
    occurred_at: datetime = Field(default_factory=clock.utc_now)
    correlation_id: str = Field(default_factory=observability.correlation_id)


class AboutUser(_Frozen):
    user_id: str


class AboutAccess(AboutUser):
    """What a link is asked for: void once the account's epoch is another (ADR 9, 13)."""

    access_epoch: int


class UserRegistered(_Event):
    type: Literal["user.registered"] = "user.registered"
    data: AboutAccess


class RegistrationRepeated(_Event):
    """Someone tried to open an account with this user's address."""

    type: Literal["user.registration_repeated"] = "user.registration_repeated"
    data: AboutAccess


class VerificationRequested(_Event):
    type: Literal["user.verification_requested"] = "user.verification_requested"
    data: AboutAccess


class EmailChangeRequested(_Event):
    type: Literal["user.email_change_requested"] = "user.email_change_requested"
    data: AboutAccess


class EmailChanged(_Event):
    type: Literal["user.email_changed"] = "user.email_changed"
    data: AboutUser


class PasswordResetRequested(_Event):
    type: Literal["user.password_reset_requested"] = "user.password_reset_requested"
    data: AboutAccess


class PasswordChanged(_Event):
    type: Literal["user.password_changed"] = "user.password_changed"
    data: AboutUser


class SecondFactorChange(AboutUser):
    enabled: bool


class SecondFactorChanged(_Event):
    type: Literal["user.second_factor_changed"] = "user.second_factor_changed"
    data: SecondFactorChange


class AboutApiKey(AboutUser):
    key_id: str


class ApiKeyCreated(_Event):
    type: Literal["api_key.created"] = "api_key.created"
    data: AboutApiKey


class UserDeleted(_Event):
    """Nothing personal is left of the account: whoever keeps more about it should erase it too."""

    type: Literal["user.deleted"] = "user.deleted"
    data: AboutUser


class AboutSession(AboutUser):
    session_id: str


class ReuseDetected(_Event):
    """A refresh token came a second time, so that two may have it: the session was ended."""

    type: Literal["session.reuse_detected"] = "session.reuse_detected"
    data: AboutSession


class AboutProduct(_Frozen):
    product_id: str
    group: str | None  # that it is a variant in


class NewProduct(AboutProduct):
    sku: str


class ProductCreated(_Event):
    type: Literal["product.created"] = "product.created"
    data: NewProduct


class ProductChange(NewProduct):
    changed: list[str] = Field(description="The fields whose values are others now.")
    previous_group: str | None = None  # that it has left


class ProductUpdated(_Event):
    type: Literal["product.updated"] = "product.updated"
    data: ProductChange


class ProductArchived(_Event):
    """It is not for sale any more."""

    type: Literal["product.archived"] = "product.archived"
    data: ProductChange


class AboutStock(AboutProduct):
    available: int  # when this was noticed


class StockDepleted(_Event):
    """The last one was sold or taken out."""

    type: Literal["stock.depleted"] = "stock.depleted"
    data: AboutStock


class StockLow(_Event):
    """So few are left as the product says is low."""

    type: Literal["stock.low"] = "stock.low"
    data: AboutStock


class StockReplenished(_Event):
    """There are some again, after there were none."""

    type: Literal["stock.replenished"] = "stock.replenished"
    data: AboutStock


class OrderedLine(_Frozen):
    product_id: str
    sku: str
    name: str
    quantity: int
    unit_price: Money
    line_total: Money


class OrderPlacedData(_Frozen):
    order_id: str
    buyer_id: str
    lines: list[OrderedLine]
    total: Money


class OrderPlaced(_Event):
    type: Literal["order.placed"] = "order.placed"
    data: OrderPlacedData


UserEvent = (
    UserRegistered
    | RegistrationRepeated
    | VerificationRequested
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
AnyEvent = UserEvent | CatalogEvent | OrderPlaced
Event = Annotated[AnyEvent, Field(discriminator="type")]
_any_event: TypeAdapter[AnyEvent] = TypeAdapter(Event)


def parse(document: str | bytes | dict[str, object]) -> AnyEvent:
    """The event in that JSON or that dict. Raises pydantic's ValidationError."""
    if isinstance(document, dict):
        return _any_event.validate_python(document)
    return _any_event.validate_json(document)
