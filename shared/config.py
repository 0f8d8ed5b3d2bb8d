"""What a function reads from its environment: once, with every missing name reported together.

Plain dataclasses: pydantic would cost the authorizer, which needs it for nothing else, some 70 ms
of each cold start.
"""

import os
from collections.abc import Callable
from dataclasses import MISSING, Field, dataclass, fields
from functools import cache
from typing import Any, TypeVar, cast

Section = TypeVar("Section", bound="Settings")


class ConfigurationError(Exception):
    """The function cannot start; the message names every variable that is missing or wrong."""


@dataclass(frozen=True, slots=True)
class Settings:
    """A group of settings; each field is the environment variable of its name in capitals."""


@dataclass(frozen=True, slots=True)
class Runtime(Settings):
    environment: str  # local, development or production

    @property
    def shows_stacks(self) -> bool:
        """Whether a crash may show its stack to the client: nowhere near customers."""
        return self.environment in ("local", "development")


@dataclass(frozen=True, slots=True)
class Tables(Settings):
    logins_table: str
    users_table: str
    sessions_table: str
    api_keys_table: str
    email_tokens_table: str
    attempts_table: str
    products_table: str
    groups_table: str
    stock_table: str
    stock_movements_table: str
    listings_table: str
    search_table: str
    orders_table: str
    rates_table: str
    promotions_table: str
    payment_events_table: str
    exports_table: str
    outbox_table: str
    uploads_table: str
    idempotency_table: str


@dataclass(frozen=True, slots=True)
class TokenSettings(Settings):
    token_keys_secret_arn: str
    access_token_minutes: int = 15


@dataclass(frozen=True, slots=True)
class PasswordSettings(Settings):
    password_pepper_secret_arn: str
    bcrypt_cost: int = 12  # log2 of the rounds: about 0.3 s of a core
    password_length_min: int = 8  # code points
    staff_password_length_min: int = 15


@dataclass(frozen=True, slots=True)
class AccountSettings(Settings):
    require_verified_email: bool  # whether an account stays shut until its address is confirmed
    failures_per_address: int = 100  # failed logins an hour, from one network address
    mails_per_hour: int = 100  # that one network address can cause
    shop_name: str = "Souk"


@dataclass(frozen=True, slots=True)
class AdmissionSettings(Settings):
    require_staff_second_factor: bool


@dataclass(frozen=True, slots=True)
class CursorSettings(Settings):
    cursor_keys_secret_arn: str


@dataclass(frozen=True, slots=True)
class CatalogSettings(Settings):
    shop_currency: str = "EUR"  # of prices in a query that names no other
    browse_cache_seconds: int = 30  # how old an answer to a shopper may be, wherever it was kept


@dataclass(frozen=True, slots=True)
class OrderSettings(Settings):
    payment_hold_minutes: int = 30  # for which an order that is not paid keeps its stock
    orders_per_hour: int = 100  # of one account


@dataclass(frozen=True, slots=True)
class GuestSettings(Settings):
    order_links_secret_arn: str  # the keys that sign a guest's link to an order
    guest_orders_per_hour: int = 100  # from one network address


@dataclass(frozen=True, slots=True)
class PaymentSettings(Settings):
    payment_provider: str  # stripe or local
    payment_secret_arn: str  # the provider's API key, and the secrets of its webhooks
    payment_provider_url: str = ""  # none: Stripe's own
    payment_capture: str = "automatic"  # or manual: authorized at first, captured when shipped


@dataclass(frozen=True, slots=True)
class UploadSettings(Settings):
    uploads_bucket: str


@dataclass(frozen=True, slots=True)
class RelaySettings(Settings):
    event_bus_name: str


@dataclass(frozen=True, slots=True)
class MailSettings(Settings):
    mail_sender: str
    shop_url: str  # where the links in mails lead: the shop's own pages
    shop_name: str = "Souk"


def settings(section: type[Section]) -> Section:
    """That section of the environment. Raises ConfigurationError."""
    return cast(Section, _loaded(section))  # type: ignore[arg-type]


@cache
def _loaded(section: type[Settings]) -> Settings:
    values: dict[str, Any] = {}
    problems: list[str] = []
    for field in fields(section):
        try:
            values[field.name] = _read(field)
        except ValueError as problem:
            problems.append(str(problem))
    if problems:
        raise ConfigurationError("; ".join(problems))
    return section(**values)


def _read(field: Field[Any]) -> str | int | bool:
    name = field.name.upper()
    text = os.environ.get(name, "")
    if text == "" and field.default is not MISSING:
        return field.default  # type: ignore[no-any-return]
    if text == "":
        raise ValueError(f"{name} is not set")
    parse, kind = _TYPES[field.type]
    try:
        return parse(text)
    except (KeyError, ValueError):
        raise ValueError(f"{name} is {text!r}, which is no {kind}") from None


_TYPES: dict[Any, tuple[Callable[[str], str | int | bool], str]] = {
    str: (str, "text"),
    int: (int, "whole number"),
    bool: ({"true": True, "false": False}.__getitem__, "true or false"),
}
