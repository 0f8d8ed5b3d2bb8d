"""Stores carts, and reads the products in them."""

from collections.abc import Callable, Iterable, Mapping

from orders.carts.contents import digest_of, quantities_of
from shared import clock
from shared.config import GuestSettings, settings
from shared.errors.accounts import SessionEnded
from shared.errors.carts import CartChanged
from shared.errors.requests import StaleVersion
from shared.http.etags import stale_version
from shared.records import Record
from shared.storage import rate_limits
from shared.storage.documents import Raw
from shared.storage.dynamo import batch_get
from shared.storage.models.accounts import User
from shared.storage.models.carts import LIFETIME, Cart
from shared.storage.models.catalog import Product, Stock
from shared.storage.stock_shards import StockSnapshot, shard_keys, snapshots_from_items
from shared.storage.transactions import Transaction

GUEST_CART = "guest cart from"  # the name of the counter


class Shopper(Record):
    """Whose cart it is: an account's, or a guest's of this network."""

    cart_id: str
    user_id: str | None = None
    network: str | None = None

    @property
    def is_guest(self) -> bool:
        return self.user_id is None


class StockedProducts(Record):
    """Products as they are now, with their stock, by product."""

    products: Mapping[str, Product]
    stocks: Mapping[str, StockSnapshot]

    def __or__(self, other: "StockedProducts") -> "StockedProducts":
        return StockedProducts({**self.products, **other.products}, {**self.stocks, **other.stocks})


def read_carts(*cart_ids: str) -> list[Cart | None]:
    return batch_get(*((Cart, cart_id) for cart_id in cart_ids))


def read_with_products(
    cart_id: str, product_ids: Iterable[str]
) -> tuple[Cart | None, StockedProducts]:
    """The cart, and these products with their stock, in one BatchGetItem."""
    (cart,), stocked = _read([(Cart, cart_id)], list(product_ids))
    return cart, stocked


def read_stocked_products(product_ids: Iterable[str]) -> StockedProducts:
    """Products with the first shard of each stock in one BatchGetItem; other shards in a second."""
    wanted = list(product_ids)
    return _read([], wanted)[1] if wanted else StockedProducts({}, {})


def _read(
    carts: list[tuple[type[Cart], str]], product_ids: list[str]
) -> tuple[list[Cart | None], StockedProducts]:
    count = len(product_ids)
    found = batch_get(
        *carts,
        *((Product, product_id) for product_id in product_ids),
        *((Stock, product_id) for product_id in product_ids),
    )
    rest = found[len(carts) :]
    products = {item.product_id: item for item in rest[:count] if item is not None}
    items = [item for item in rest[count:] if item is not None]
    shard_counts = {product_id: int(each.stock_shards) for product_id, each in products.items()}
    others = set(shard_keys(shard_counts)) - shard_counts.keys()
    items += Stock.find_many(sorted(others)).values() if others else ()
    return found[: len(carts)], StockedProducts(products, snapshots_from_items(shard_counts, items))


def save_cart(shopper: Shopper, cart: Cart, stored: Raw | None) -> None:
    """Store the cart as the next version, if it still is as `stored`; None: if there is none.

    A new cart of an account needs the account, a guest's counts for its network. Raises
    StaleVersion, SessionEnded, TooManyAttempts and Unavailable.
    """
    transaction = Transaction()
    _stage_cart(transaction, shopper, cart, stored)
    transaction.commit()


def _stage_cart(transaction: Transaction, shopper: Shopper, cart: Cart, stored: Raw | None) -> None:
    now = clock.utc_now()
    if stored is None and shopper.user_id is not None:
        # Later writes need no such check: with the account, its cart is deleted.
        transaction.check(
            User, shopper.user_id, only_if=User.status == "active", otherwise=SessionEnded()
        )
    if stored is None and shopper.network is not None:
        rate_limits.consume_hourly_quota(
            transaction,
            GUEST_CART,
            shopper.network,
            limit=settings(GuestSettings).guest_carts_per_hour,
            now=now,
        )
    version = int(cart.version)
    cart.contents = digest_of(quantities_of(cart))
    cart.version = version + 1
    cart.updated_at, cart.expires_at = now, now + LIFETIME
    is_as_stored = Cart.cart_id.does_not_exist() if stored is None else Cart.version == version
    transaction.update(
        Cart(cart.cart_id), cart.changes_since(stored), only_if=is_as_stored, otherwise=_stale
    )


def move_lines(shopper: Shopper, cart: Cart, stored: Raw | None, source: Cart) -> None:
    """As `save_cart`, and delete the cart that the lines come from, if it is as it was read."""
    transaction = Transaction()
    transaction.delete(
        Cart(source.cart_id),
        only_if=Cart.version == source.version,
        otherwise=stale_version(int(source.version)),
    )
    _stage_cart(transaction, shopper, cart, stored)
    transaction.commit()


def stage_ordered_cart(
    cart_id: str, version: int, quantities: Mapping[str, int]
) -> Callable[[Transaction], None]:
    """How to empty a cart in the transaction that orders these quantities of it.

    The transaction raises CartChanged unless the cart has this version and exactly these
    quantities. The empty cart has the next version, so no other order can name this one again.
    """

    def stage(transaction: Transaction) -> None:
        transaction.update(
            Cart(cart_id),
            [
                Cart.lines.set([]),
                Cart.contents.set(digest_of({})),
                Cart.version.set(version + 1),
                Cart.updated_at.set(clock.utc_now()),
            ],
            only_if=(Cart.version == version) & (Cart.contents == digest_of(quantities)),
            otherwise=_changed,
        )

    return stage


def _changed(found: Cart | None) -> CartChanged:
    return CartChanged(current_version=int(found.version) if found else 0)


def _stale(found: Cart | None) -> StaleVersion:
    return stale_version(found.version if found else 0)
