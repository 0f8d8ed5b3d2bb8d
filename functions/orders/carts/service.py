"""Carts of accounts and of guests: what they have, how they change, merge and become a quote."""

from collections.abc import Callable
from dataclasses import field

from orders.carts import changes, contents, repository
from orders.carts.changes import ShownCart
from orders.carts.repository import Shopper, StockedProducts
from orders.carts.schemas import CartPatch, CartQuoteRequest, CartRequest
from orders.checkout import limits, placement
from orders.checkout.schemas import QuoteRequest, RequestedLine
from orders.lifecycle.buyers import Buyer
from orders.pricing.quotes import Quote
from shared import clock, observability
from shared.config import QuantitySettings, settings
from shared.errors.accounts import TooManyAttempts
from shared.errors.carts import CartEmpty, CartNotFound
from shared.http.authorization import Client
from shared.http.etags import ExpectedVersion
from shared.records import Record
from shared.retries import retry_on_stale_version
from shared.security import opaque_tokens
from shared.security.permissions import Principal
from shared.storage import rate_limits
from shared.storage.documents import Raw
from shared.storage.models.carts import Cart

Edit = Callable[[contents.Quantities], dict[str, int]]  # from the cart's quantities to the next


class Visitor(Record):
    """A shopper, and the token of a cart that the next write creates."""

    shopper: Shopper
    has_cart: bool = True  # False: a guest without a token, whose cart does not exist yet
    new_token: str | None = field(default=None, repr=False)


class _StoredCart(Record):
    cart: Cart
    stored: Raw | None  # as it was read; None: there is none


def of_account(caller: Principal) -> Visitor:
    return Visitor(Shopper(caller.user_id, user_id=caller.user_id))


def of_guest(token: str | None, client: Client) -> Visitor:
    network = rate_limits.network(client.address)
    if token is not None:
        return Visitor(Shopper(contents.guest_cart_id(token), network=network))
    secret = opaque_tokens.new_secret()
    shopper = Shopper(contents.guest_cart_id(secret), network=network)
    return Visitor(shopper, has_cart=False, new_token=secret)


def get_cart(visitor: Visitor) -> ShownCart:
    """The cart with the current prices and stock; an empty one with version 0 if there is none.

    Raises CartNotFound for a guest's token without a cart.
    """
    cart = _find(visitor).cart
    return _show(visitor, cart, repository.read_stocked_products(contents.quantities_of(cart)))


def replace_cart(visitor: Visitor, request: CartRequest, expected: ExpectedVersion) -> ShownCart:
    """Raises StaleVersion, and what `update_cart` does."""
    quantities = request.to_quantities()
    return _write(visitor, lambda _: quantities, quantities, expected)


def update_cart(
    visitor: Visitor, patch: CartPatch, expected: ExpectedVersion | None = None
) -> ShownCart:
    """Set the quantities of these lines and leave the others. A repetition changes nothing.

    Lines that are new or get more units must be on sale and within the limits of an order. Raises
    UnknownProducts, QuantityLimitExceeded, CartFull, CartNotFound, StaleVersion, SessionEnded,
    TooManyAttempts for a guest, and ConcurrentModification.
    """
    sent = patch.to_quantities()
    return _write(visitor, lambda before: contents.apply_changes(before, sent), sent, expected)


def empty_cart(visitor: Visitor, expected: ExpectedVersion | None = None) -> None:
    """Raises CartNotFound, StaleVersion and ConcurrentModification."""
    _write(visitor, lambda _: {}, {}, expected)


def merge_carts(caller: Principal, token: str) -> ShownCart:
    """Move the lines of the guest's cart into the caller's, and delete the guest's.

    Nothing doubles: a repetition finds no guest's cart. Raises CartFull and leaves both carts as
    they are, SessionEnded and ConcurrentModification.
    """
    visitor, guest_cart_id = of_account(caller), contents.guest_cart_id(token)

    def merge() -> ShownCart:
        own, guest = repository.read_carts(caller.user_id, guest_cart_id)
        target = _usable(visitor, own)
        cart = target.cart
        is_merged = guest is not None and not guest.has_expired(clock.utc_now())
        if guest is not None and is_merged:
            cart.lines = contents.merge_lines(cart.lines, guest.lines)
        stocked = repository.read_stocked_products(contents.quantities_of(cart))
        if guest is not None and is_merged:
            repository.move_lines(visitor.shopper, cart, target.stored, guest)
            observability.audit("merge_carts", "done", user_id=caller.user_id)
        return _show(visitor, cart, stocked)

    return retry_on_stale_version(merge)


def quote_cart(visitor: Visitor, request: CartQuoteRequest, client: Client) -> tuple[Quote, Cart]:
    """What an order of the cart would cost now, and the cart that was read.

    Raises CartNotFound, CartEmpty, and what `placement.quote_order` does.
    """
    cart = _find(visitor).cart
    if not cart.lines:
        raise CartEmpty
    lines = [
        RequestedLine(product_id=line.product_id, quantity=int(line.quantity))
        for line in cart.lines
    ]
    priced = QuoteRequest(
        lines=lines,
        shipping_address=request.shipping_address,
        promotion_code=request.promotion_code,
    )
    user_id = visitor.shopper.user_id
    buyer = Buyer(user_id) if user_id else None
    network = rate_limits.network(client.address)
    return placement.quote_order(buyer, priced, network=network), cart


def _write(
    visitor: Visitor, edit: Edit, sent: contents.Quantities, expected: ExpectedVersion | None
) -> ShownCart:
    def write() -> ShownCart:
        found, stocked = repository.read_with_products(visitor.shopper.cart_id, sent)
        target = _usable(visitor, found)
        cart = target.cart
        if expected is not None:
            expected.check(cart.version)
        before = contents.quantities_of(cart)
        after = edit(before)
        _require_sellable(visitor, contents.increases(before, after), stocked)
        contents.require_room(after)
        stocked |= repository.read_stocked_products(set(after) - set(sent))
        if after != before:
            cart.lines = contents.build_lines(after, cart.lines, stocked.products)
            repository.save_cart(visitor.shopper, cart, target.stored)
        created = visitor.new_token if cart.version else None
        return _show(visitor, cart, stocked, new_token=created)

    try:
        return retry_on_stale_version(write, expected)
    except TooManyAttempts as refusal:
        observability.audit("create_guest_cart", "refused", reason=refusal.code)
        raise


def _require_sellable(
    visitor: Visitor, added: contents.Quantities, stocked: StockedProducts
) -> None:
    contents.require_on_sale(added, stocked.products)
    limits.require_allowed_quantities(
        added, stocked.products, settings(QuantitySettings), is_guest=visitor.shopper.is_guest
    )


def _find(visitor: Visitor) -> _StoredCart:
    """Raises CartNotFound."""
    if not visitor.has_cart:
        return _usable(visitor, None)
    (found,) = repository.read_carts(visitor.shopper.cart_id)
    return _usable(visitor, found)


def _usable(visitor: Visitor, found: Cart | None) -> _StoredCart:
    """The cart if it has not expired, or an empty one. Raises CartNotFound for a guest's token."""
    is_expired = found is not None and found.has_expired(clock.utc_now())
    if visitor.shopper.is_guest and visitor.has_cart and (found is None or is_expired):
        raise CartNotFound
    if found is None:
        return _StoredCart(Cart(visitor.shopper.cart_id, lines=[], version=0), None)
    stored = found.serialize()
    if is_expired:
        found.lines = []
    return _StoredCart(found, stored)


def _show(
    visitor: Visitor, cart: Cart, stocked: StockedProducts, *, new_token: str | None = None
) -> ShownCart:
    is_guest = visitor.shopper.is_guest
    lines = changes.check_lines(cart.lines, stocked.products, stocked.stocks, is_guest=is_guest)
    return ShownCart(cart, lines, new_token)
