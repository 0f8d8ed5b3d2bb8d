"""What buyers and the payment provider do, each as one call."""

import json
from typing import Any

from auth.accounts import service as accounts
from auth.email_addresses import service as email_addresses
from auth.privacy import service as privacy
from auth.privacy.schemas import AccountDeletion
from orders.checkout import service as checkout
from orders.checkout.schemas import GuestOrderRequest, OrderRequest
from orders.guests import links
from orders.guests import service as guests
from orders.payments import service as payments
from shared import clock
from shared.http.authorization import Client
from shared.http.etags import ExpectedVersion
from shared.security import opaque_tokens
from shared.storage.models.accounts import EmailToken, User
from shared.storage.models.orders import Order
from tests.histories.tables import peek
from tests.histories.world import PASSWORD, World, customer, user_email
from tests.support import shop
from tests.support.payments import SECRETS, Event, sign_webhook

CLIENT = Client("203.0.113.7", "curl/8.5.0")
ANY_VERSION = ExpectedVersion(None)

Quantities = dict[str, int]  # by product


def _body(quantities: Quantities, code: str | None, cart_version: int | None) -> dict[str, Any]:
    lines = [{"product_id": key, "quantity": units} for key, units in quantities.items()]
    return {
        "lines": lines,
        "shipping_address": shop.ADDRESS,
        "promotion_code": code,
        "cart_version": cart_version,
    }


def place(  # noqa: PLR0913 (what an order has)
    world: World,
    user_id: str,
    quantities: Quantities,
    key: str,
    code: str | None = None,
    *,
    cart_version: int | None = None,
) -> str | None:
    request = OrderRequest.model_validate(_body(quantities, code, cart_version))
    placed = world.attempt(
        "place", lambda: checkout.place_order(customer(user_id), request, key, CLIENT)
    )
    return None if placed is None else _acknowledge(world, user_id, key, placed.order)


def place_as_guest(  # noqa: PLR0913 (what a guest's order has)
    world: World,
    email: str,
    quantities: Quantities,
    key: str,
    code: str | None = None,
    *,
    cart_version: int | None = None,
    cart_token: str | None = None,
) -> str | None:
    body = _body(quantities, code, cart_version) | {"email": email}
    request = GuestOrderRequest.model_validate(body)
    placed = world.attempt(
        "place as guest", lambda: guests.place_order(request, key, CLIENT, cart_token)
    )
    return None if placed is None else _acknowledge(world, email, key, placed.order)


def _acknowledge(world: World, buyer: str, key: str, order: Order) -> str:
    known = world.acknowledged.by_key.setdefault((buyer, key), order.order_id)
    assert known == order.order_id, f"{buyer} has two orders of key {key}"
    total = world.acknowledged.orders.setdefault(order.order_id, int(order.totals.total_minor))
    assert total == order.totals.total_minor, f"two totals of {order.order_id}"
    return str(order.order_id)


def stored_order(order_id: str) -> Order:
    order = peek(Order, order_id)
    assert order is not None, f"{order_id} is lost"
    return order


def cancel(world: World, order_id: str) -> None:
    """By its buyer: with the account, or with the link of a guest."""
    order = stored_order(order_id)
    if order.guest_email:
        token = links.issue_token_of(order)
        world.attempt("cancel as guest", lambda: guests.cancel_order(order_id, token, "late"))
    else:
        buyer = customer(order.buyer_id)
        world.attempt("cancel", lambda: checkout.cancel_order(buyer, order_id, "late"))


def start_payment(world: World, order_id: str) -> str | None:
    """Returns the payment's id."""
    order = stored_order(order_id)
    if order.guest_email:
        token = links.issue_token_of(order)
        started = world.attempt("pay", lambda: payments.start_guest_payment(token, order_id))
    else:
        buyer = customer(order.buyer_id)
        started = world.attempt("pay", lambda: payments.start_payment(buyer, order_id))
    return None if started is None else str(started.payment.payment_id)


def pay(world: World, order_id: str, *, captures: bool = True) -> None:
    """Start a payment and complete it at the provider. Its webhook is another call."""
    payment_id = start_payment(world, order_id)
    if payment_id:
        world.bank.pay(payment_id, captures=captures)


def send_webhook(world: World, event: Event) -> bool:
    """Whether the shop accepted it; if not, the provider sends it again later."""
    body = json.dumps(event).encode()
    header = sign_webhook(body, SECRETS[-1], at=clock.utc_now())
    headers = {"payment-signature": header}
    result = world.attempt("webhook", lambda: payments.handle_webhook(body, headers))
    if result is not None:
        world.outcomes[f"webhook {event['type']} {result.outcome}"] += 1
    return result is not None


def deliver_webhook(world: World, number: int = 0, *, repeats: bool = False) -> None:
    """Deliver one of the webhooks that wait; `repeats` keeps it for another delivery."""
    if world.bank.webhooks:
        event = world.bank.webhooks[number % len(world.bank.webhooks)]
        is_accepted = send_webhook(world, event)
        if is_accepted and not repeats and event in world.bank.webhooks:
            world.bank.webhooks.remove(event)


def rename(world: World, user_id: str, name: str) -> None:
    world.attempt("rename", lambda: accounts.update_me(customer(user_id), name, ANY_VERSION))


def confirm_address(world: World, user_id: str) -> None:
    """Confirm the address again, with a link of that moment: guest orders are linked."""
    user = peek(User, user_id)
    if user is None:
        return
    token = opaque_tokens.new_secret()
    link = EmailToken(
        opaque_tokens.digest(token),
        purpose="verify_email",
        user_id=user_id,
        email=user.email,
        access_epoch=user.access_epoch,
        expires_at=clock.utc_now().replace(year=2027),
    )

    def verify() -> None:
        link.save()
        email_addresses.verify_email(token)

    world.attempt("confirm address", verify)


def delete_account(world: World, user_id: str) -> None:
    deletion = AccountDeletion(password=PASSWORD)

    def delete() -> bool:
        privacy.delete_me(customer(user_id), deletion, CLIENT)
        return True

    if world.attempt("delete account", delete):
        world.acknowledged.deleted_users.add(user_id)
        assert user_email(user_id) is None
