"""Settings from the environment: read once, with all missing variables in one error.

Records, because pydantic would add about 70 ms to each cold start of the authorizer, which needs it
for nothing else.
"""

import os
from collections.abc import Callable
from functools import cache
from typing import Any, TypeVar, cast

from shared.records import Record

Section = TypeVar("Section", bound="Settings")


class ConfigurationError(Exception):
    """The function cannot start. The message names every missing or invalid variable."""


class Settings(Record):
    """A group of settings: each field is the environment variable with its name in capitals."""


class Runtime(Settings):
    environment: str  # local, development or production

    @property
    def shows_stacks(self) -> bool:
        """Whether clients may see the stack of a crash: never in production."""
        return self.environment in ("local", "development")


class ProxySettings(Settings):
    """Of a proxy between clients and the API, if there is one."""

    proxy_secret_arn: str = ""  # a ring; each of its keys proves a request to be the proxy's
    trusted_proxy_header: str = ""  # where the proxy puts the client's address
    trusted_proxy_hop: str = "last"  # or first: which address of the header counts
    require_trusted_proxy: bool = False  # whether requests of others are refused


class Tables(Settings):
    logins_table: str
    users_table: str
    sessions_table: str
    api_keys_table: str
    address_books_table: str
    email_tokens_table: str
    attempts_table: str
    categories_table: str
    products_table: str
    groups_table: str
    stock_table: str
    stock_movements_table: str
    listings_table: str
    search_table: str
    orders_table: str
    carts_table: str
    rates_table: str
    promotions_table: str
    payment_events_table: str
    exports_table: str
    outbox_table: str
    uploads_table: str
    idempotency_table: str


class FastPathSettings(Settings):
    fast_aws_calls: bool = True  # false: botocore and pynamodb without shared/storage/fast_path


class TokenSettings(Settings):
    token_keys_secret_arn: str
    access_token_minutes: int = 15


class PasswordSettings(Settings):
    password_pepper_secret_arn: str
    bcrypt_cost: int = 12  # log2 of the rounds; a hash takes about 0.3 s of one core
    password_length_min: int = 8  # code points
    staff_password_length_min: int = 15


class AccountSettings(Settings):
    require_verified_email: bool  # before an account can log in
    failures_per_address: int = 100  # failed logins an hour from one network address
    mails_per_hour: int = 100  # that requests from one network address cause
    shop_name: str = "Souk"


class AdmissionSettings(Settings):
    require_staff_second_factor: bool


class CursorSettings(Settings):
    cursor_keys_secret_arn: str


class CatalogSettings(Settings):
    shop_currency: str = "EUR"  # for queries that name no other currency
    price_currencies: str = "*"  # of products besides the shop's currency; `*` is any
    browse_cache_seconds: int = 30  # the maximum age of catalog responses, in any cache

    @property
    def accepted_currencies(self) -> list[str] | None:
        """In which products may be priced. None if any may be used."""
        if self.price_currencies == "*":
            return None
        listed = self.price_currencies.replace(" ", "").split(",")
        return list(dict.fromkeys([self.shop_currency, *listed]))


class OrderSettings(Settings):
    payment_hold_minutes: int = 30  # how long an unpaid order keeps its stock
    scarce_payment_hold_minutes: int = 10  # if it leaves few units of a product
    scarce_stock_units: int = 10  # that are few
    orders_per_hour: int = 100  # from one account
    promotion_guesses_per_hour: int = 30  # unknown codes of one account, or of a guests' network


class QuantitySettings(Settings):
    """The units of one product that one order may have, unless staff set the product's own."""

    order_quantity_max: int = 100  # by an account
    guest_order_quantity_max: int = 20


class HeldStockSettings(Settings):
    """The units that unpaid orders may hold at once."""

    held_units_per_account: int = 200
    held_units_per_guest: int = 100  # a guest's e-mail address
    held_units_per_network: int = 500  # of accounts and guests

    def order_units_max(self, *, is_guest: bool) -> int:
        """The units that one order may have: it holds them until it is paid."""
        own = self.held_units_per_guest if is_guest else self.held_units_per_account
        return min(own, self.held_units_per_network)


class GuestSettings(Settings):
    order_links_secret_arn: str  # keys that sign the links to guests' orders
    guest_orders_per_hour: int = 100  # from one network address
    guest_carts_per_hour: int = 300  # that one network address may start


class PaymentSettings(Settings):
    payment_provider: str  # stripe or local
    payment_secret_arn: str  # the provider's API key and its webhook secrets
    payment_provider_url: str = ""  # empty for Stripe's own address
    payment_starts_per_hour: int = 20  # of one order
    payment_capture: str = "automatic"  # or manual: authorize first, capture when shipped


class UploadSettings(Settings):
    uploads_bucket: str
    uploads_per_hour: int = 60  # of one account


class PictureSettings(Settings):
    pictures_bucket: str  # files that arrive, and the sizes that are made of them


class PictureQueueSettings(Settings):
    picture_queue_url: str  # where PicturesFunction takes its work from


class PictureUrlSettings(Settings):
    pictures_url: str = ""  # of the CDN in front of the bucket, without a slash at its end


class ImportSettings(Settings):
    import_queue_url: str


class RelaySettings(Settings):
    event_bus_name: str


class MetricsSettings(Settings):
    metrics_namespace: str  # of the stack's own metrics


class MailSettings(Settings):
    mail_sender: str
    mail_configuration_set: str  # of SES
    shop_url: str  # the shop's website, where links in mails lead
    held_mail_queue: str  # the name of the queue where mails wait for their turn
    unconfirmed_mails_per_hour: int = 4  # to one mailbox that nobody has confirmed
    shop_name: str = "Souk"


def settings(section: type[Section]) -> Section:
    """The section, read from the environment. Raises ConfigurationError."""
    return cast(Section, _loaded(section))  # type: ignore[arg-type]


def required_settings() -> dict[str, type]:
    """The variables without a default, with their types: no function starts without its own."""
    return {
        name.upper(): kind
        for section in Settings.__subclasses__()
        for name, kind in section.__annotations__.items()
        if not hasattr(section, name)
    }


@cache
def _loaded(section: type[Settings]) -> Settings:
    values: dict[str, Any] = {}
    problems: list[str] = []
    for name, kind in section.__annotations__.items():
        try:
            values[name] = _read(name.upper(), kind, getattr(section, name, None))
        except ValueError as problem:
            problems.append(str(problem))
    if problems:
        raise ConfigurationError("; ".join(problems))
    return section(**values)


def _read(name: str, kind: type, default: str | int | None) -> str | int:
    """The variable's value, or the default, or else ValueError."""
    text = os.environ.get(name, "")
    if text == "" and default is not None:
        return default
    if text == "":
        raise ValueError(f"{name} is not set")
    parse, expected = _TYPES[kind]
    try:
        return parse(text)
    except (KeyError, ValueError):
        raise ValueError(f"{name} is {text!r}, not {expected}") from None


_TYPES: dict[type, tuple[Callable[[str], str | int], str]] = {
    str: (str, "text"),
    int: (int, "a whole number"),
    bool: ({"true": True, "false": False}.__getitem__, "true or false"),
}
