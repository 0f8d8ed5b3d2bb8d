"""A shop on moto with everything around it: time, AWS's calls, events, provider and inbox."""

import random
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from typing import Any
from unittest import mock

from auth.credentials import service as credentials
from orders.payments import provider_factory
from orders.payments.credentials import get_credentials
from products import browse_cache
from products import service as products
from products.schemas import NewProduct
from products.search import repository as search
from products.stock import service as stockroom
from products.stock.schemas import StockAdjustment
from shared.errors.base import AppError
from shared.security import key_rings, passwords
from shared.security.permissions import Principal, Role, permissions_of
from shared.storage import rate_limits
from shared.storage.models.accounts import Login
from shared.storage.models.pricing import PROMOTIONS, Promotion
from tests.histories.aws_calls import AwsCalls, intercepted
from tests.histories.chain import Chain
from tests.histories.inbox import Inbox
from tests.histories.provider_books import Books
from tests.histories.scheduler import Scheduler
from tests.histories.tables import peek_all
from tests.histories.virtual_time import VirtualTime
from tests.support import shop

PASSWORD = "correct horse battery"
STAFF = Principal("usr_staff", permissions_of(frozenset({Role.CUSTOMER, Role.STAFF, Role.ADMIN})))
UNCONFIRMED = "usr_bob"  # the address, until its owner follows a link
USERS = ("usr_ada", "usr_bob", "usr_eve")
# SKU, number of shards, units, group: stock that was never set has None.
PRODUCTS: tuple[tuple[str, int, int | None, str | None], ...] = (
    ("TEA", 1, 6, None),
    ("CUP", 3, 6, None),
    ("NEW", 8, None, None),
    ("BOX", 1, None, None),
    ("RED", 1, 4, "MUG"),
    ("BLUE", 2, None, "MUG"),
    ("PRE", 3, 2, None),
    ("SONG", 1, None, None),
)
POLICIES: dict[str, dict[str, Any]] = {  # by SKU; the others are tracked
    "PRE": {"stock_policy": "backorder", "backorder_limit": 4},
    "SONG": {"stock_policy": "untracked"},
}


@dataclass(frozen=True)
class CartOrder:
    """What an order of a cart says of it."""

    cart_id: str
    version: int
    quantities: dict[str, int]


@dataclass
class Acknowledged:
    """What the shop said yes to: it must be there at the end."""

    orders: dict[str, int] = field(default_factory=dict)  # total by id
    by_key: dict[tuple[str, str], str] = field(default_factory=dict)  # order id by buyer and key
    notes: dict[str, set[str]] = field(default_factory=dict)  # texts by order
    movements: set[tuple[str, str]] = field(default_factory=set)  # product and movement
    uploads: dict[str, int] = field(default_factory=dict)  # rows by id
    deleted_users: set[str] = field(default_factory=set)
    linked: dict[str, str] = field(default_factory=dict)  # user by confirmed address
    cart_tokens: list[str] = field(default_factory=list)  # of guests
    cart_orders: dict[str, CartOrder] = field(default_factory=dict)  # sent, by the order's id


class World:
    def __init__(self, seed: int = 0) -> None:
        self.random = random.Random(seed)  # noqa: S311 (no secret)
        self.time = VirtualTime(seed)
        self.calls = AwsCalls()
        self.bank = Books()
        self.chain = Chain(self.time, self.calls)
        self.inbox = Inbox(
            lambda: self.chain.delivering,
            lambda: self.chain.staged,
            lambda: self.chain.statuses_before,
        )
        self.calls.after.append(self.inbox.record)
        self.scheduler = Scheduler()
        self.acknowledged = Acknowledged()
        self.outcomes: Counter[str] = Counter()  # of operations: `ship done`, `ship out_of_stock`
        self.product_ids: list[str] = []

    @contextmanager
    def open(self) -> Iterator["World"]:
        """The shop, while the block runs. It starts cold: caches would change a history."""
        key_rings.key_ring.forget()
        get_credentials.forget()
        browse_cache.forget()
        search.known_words.clear()
        rate_limits.known_counter.forget()
        with ExitStack() as stack:
            stack.enter_context(intercepted(self.calls))
            stack.enter_context(self.time.installed())
            for target, name, value in (
                (provider_factory, "_create_provider", lambda *_: self.bank),
                (credentials, "bcrypt_cost", lambda: 4),  # a hash takes a millisecond
            ):
                stack.enter_context(mock.patch.object(target, name, value))
            yield self

    def add_customers(self) -> None:
        shop.user(STAFF.user_id, roles={"customer", "staff", "admin"})
        hashed = passwords.hash_password(PASSWORD, credentials.pepper(), cost=4)
        for user_id in USERS:
            is_confirmed = user_id != UNCONFIRMED
            user = shop.user(user_id, email_verified=is_confirmed)
            shop.login(
                user.email, user_id=user_id, password_hash=hashed, email_verified=is_confirmed
            ).save()

    def fill(self) -> None:
        """Customers, products and promotions."""
        self.add_customers()
        for sku, shards, units, group in PRODUCTS:
            self.product_ids.append(create_product(sku, shards, units, group))
        now = self.time.now
        for code, limits in (("ONCE", {"uses_per_customer_max": 1}), ("FEW", {"uses_max": 3})):
            Promotion(
                PROMOTIONS,
                code,
                **{"kind": "percent", "percent": 10, "created_at": now, "is_active": True}
                | {"version": 1, "listed_at": f"{now}{code}"}
                | limits,
            ).save()

    def figures(self) -> Counter[str]:
        """How much happened."""
        mails = {"operations": self.outcomes.total(), "mails": len(self.inbox.mails)}
        return self.calls.counts + Counter(mails)

    def attempt(self, name: str, operation: Callable[[], Any]) -> Any:
        """Count how the operation ended. None if the shop refused it; all else is a fault."""
        try:
            result = operation()
        except AppError as refusal:
            self.outcomes[f"{name} {refusal.code}"] += 1
            return None
        self.outcomes[f"{name} done"] += 1
        return result


def customer(user_id: str) -> Principal:
    return Principal(user_id, permissions_of(frozenset({Role.CUSTOMER})))


def create_product(sku: str, shards: int, units: int | None, group: str | None) -> str:
    """Add a product as staff do. None: its stock is never set."""
    body: dict[str, Any] = {
        "sku": sku,
        "name": f"The {sku}",
        "price": {"amount_minor": 1000, "currency": "EUR"},
        "stock_shards": shards,
        **POLICIES.get(sku, {}),
    }
    if group:
        body |= {"group": group, "options": {"colour": sku.lower()}}
    product_id = products.create_product(NewProduct.model_validate(body)).id
    if units is not None:
        change = StockAdjustment(change=units, reason="delivery")
        stockroom.adjust_stock(product_id, change, "first", None, by=STAFF.user_id)
    return product_id


def user_email(user_id: str) -> str | None:
    """The address of a login that stands."""
    return next((login.email for login in peek_all(Login) if login.user_id == user_id), None)
