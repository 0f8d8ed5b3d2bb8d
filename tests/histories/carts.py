"""What buyers do with carts, each as one call, and what must hold of carts and their orders.

A key names the cart and the version that it orders, so that the order's id tells both: several
keys of one version are several buyers' tabs, of which one may order.
"""

from collections.abc import Iterator

from orders.carts import contents
from orders.carts import service as carts
from orders.carts.schemas import CartPatch
from shared import ids
from shared.storage.models.accounts import User
from shared.storage.models.carts import Cart
from shared.storage.models.orders import GUEST_PREFIX, Order
from tests.histories import buying
from tests.histories.buying import CLIENT, Quantities
from tests.histories.tables import peek, peek_all
from tests.histories.world import CartOrder, World, customer

GUEST = "guest@example.com"


def change_cart(world: World, user_id: str, changes: Quantities) -> None:
    visitor = carts.of_account(customer(user_id))
    world.attempt("change cart", lambda: carts.update_cart(visitor, _patch(changes)))


def empty_cart(world: World, user_id: str) -> None:
    world.attempt("empty cart", lambda: carts.empty_cart(carts.of_account(customer(user_id))))


def start_guest_cart(world: World, quantities: Quantities) -> None:
    """The world keeps its token."""
    visitor = carts.of_guest(None, CLIENT)
    shown = world.attempt("start cart", lambda: carts.update_cart(visitor, _patch(quantities)))
    if shown is not None and shown.new_token:
        world.acknowledged.cart_tokens.append(shown.new_token)


def change_guest_cart(world: World, token: str, changes: Quantities) -> None:
    visitor = carts.of_guest(token, CLIENT)
    world.attempt("change guest cart", lambda: carts.update_cart(visitor, _patch(changes)))


def merge_carts(world: World, user_id: str, token: str) -> None:
    world.attempt("merge carts", lambda: carts.merge_carts(customer(user_id), token))


def order_cart(world: World, user_id: str, tab: str) -> str | None:
    """Order the cart as it is at this moment; it may change before the order is placed."""
    sent = _cart_order(user_id)
    if sent is None:
        return None
    key = f"{sent.cart_id}-{sent.version}-{tab}"
    world.acknowledged.cart_orders[ids.derived_id("ord", user_id, key)] = sent
    return buying.place(world, user_id, sent.quantities, key, cart_version=sent.version)


def order_guest_cart(world: World, token: str, tab: str) -> str | None:
    sent = _cart_order(contents.guest_cart_id(token))
    if sent is None:
        return None
    key = f"{sent.cart_id}-{sent.version}-{tab}"
    buyer_id = ids.derived_id(GUEST_PREFIX, GUEST, key)
    world.acknowledged.cart_orders[ids.derived_id("ord", buyer_id, key)] = sent
    return buying.place_as_guest(
        world, GUEST, sent.quantities, key, cart_version=sent.version, cart_token=token
    )


def _cart_order(cart_id: str) -> CartOrder | None:
    cart = peek(Cart, cart_id)
    if cart is None or not cart.lines:
        return None
    return CartOrder(cart_id, int(cart.version), contents.quantities_of(cart))


def _patch(changes: Quantities) -> CartPatch:
    lines = [{"product_id": key, "quantity": units} for key, units in changes.items()]
    return CartPatch.model_validate({"lines": lines})


def list_broken(world: World) -> Iterator[str]:
    """Each version of a cart is ordered once, as it was, and no cart is left of a lost account."""
    ordered: dict[tuple[str, int], str] = {}
    for order_id, sent in world.acknowledged.cart_orders.items():
        order = peek(Order, order_id)
        if order is None:
            continue
        quantities = {line.product_id: int(line.quantity) for line in order.lines}
        if quantities != sent.quantities:
            yield f"carts: {order_id} has {quantities} instead of {sent.quantities}"
        other = ordered.setdefault((sent.cart_id, sent.version), order_id)
        if other != order_id:
            yield f"carts: {order_id} and {other} ordered the same cart"
        cart = peek(Cart, sent.cart_id)
        if cart is not None and cart.version <= sent.version:
            yield f"carts: {order_id} left version {cart.version} of its cart"
    yield from _broken_carts()


def _broken_carts() -> Iterator[str]:
    for cart in peek_all(Cart):
        if cart.contents != contents.digest_of(contents.quantities_of(cart)):
            yield f"carts: {cart.cart_id} has other lines than its digest says"
        if cart.cart_id.startswith("usr_") and peek(User, cart.cart_id) is None:
            yield f"carts: {cart.cart_id} has a cart and no account"
