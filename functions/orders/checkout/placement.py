"""Prices orders and places them: each once, at the shop's prices, and only with stock.

Both kinds of buyers use it: those with an account (`orders.checkout.service`) and guests
(`orders.guests.service`).
"""

from orders.checkout import limits, repository
from orders.checkout.repository import NewOrder, PricingChanged
from orders.checkout.schemas import OrderRequest, QuoteRequest
from orders.lifecycle import order_events
from orders.lifecycle.buyers import Buyer, count_buyers_before, is_guest
from orders.lifecycle.repository import StageExtra
from orders.lifecycle.transitions import SHOP_ACTOR, change_status
from orders.pricing import quotes
from orders.pricing import repository as pricing
from orders.pricing.inputs import PricingInputs, SentCode
from orders.pricing.promotions import guesses
from orders.pricing.quotes import Quote
from orders.pricing.rate_tables import ShipTo
from shared import clock, ids, observability
from shared.addresses import checks
from shared.addresses.checks import CheckedAddress
from shared.config import HeldStockSettings, OrderSettings, QuantitySettings, settings
from shared.errors.accounts import SessionEnded
from shared.errors.base import AppError, Unavailable
from shared.errors.carts import CartNotFound
from shared.errors.orders import OrderAlreadyPlaced, TotalChanged
from shared.errors.promotions import UnknownPromotion
from shared.errors.requests import IdempotencyKeyReused
from shared.events.orders import OrderEvent
from shared.records import Record
from shared.retries import retry
from shared.storage.models.orders import (
    AWAITS_PAYMENT,
    Order,
    OrderPromotion,
    OrderStep,
    ShippingAddress,
)
from shared.storage.models.pricing import Promotion
from shared.storage.transactions import Contended

PRICING_ATTEMPTS = 4  # while staff change what one order depends on at the same moment


class Placement(Record):
    order: Order
    is_replay: bool


def quote_order(buyer: Buyer | None, request: QuoteRequest, *, network: str = "") -> Quote:
    """What the order would cost now. This reserves no stock, and counts an unknown promotion code.

    Without a buyer it is a guest's, of that `network`, and the limit of a promotion's uses per
    customer is not checked. Raises InvalidFields, TooManyAttempts, QuantityLimitExceeded,
    HeldStockLimitReached, and what `quotes.price_order` does.
    """
    quantities = request.to_quantities()
    address = checks.check_partial_address(request.shipping_address)
    customer_id = buyer.customer_id if buyer else None
    guesser = buyer.guesser if buyer else network
    sent = _sent_code(request, customer_id, guesser)
    inputs = pricing.get_pricing_inputs(list(quantities), sent)
    try:
        return _price(request, address, inputs, is_guest=buyer is None)
    except UnknownPromotion:
        guesses.record_guess(guesser)
        raise


def _sent_code(
    request: QuoteRequest | OrderRequest, customer_id: str | None, guesser: str
) -> SentCode | None:
    if not request.promotion_code:
        return None
    return SentCode(request.promotion_code, customer_id, guesses.find_counter(guesser))


def _price(
    request: QuoteRequest | OrderRequest,
    address: CheckedAddress,
    inputs: PricingInputs,
    *,
    is_guest: bool,
) -> Quote:
    quantities = request.to_quantities()
    ship_to = ShipTo(address.country, address.region, address.postal_code)
    quote = quotes.price_order(quantities, inputs, ship_to)
    limits.require_allowed_quantities(
        quantities, inputs.products, settings(QuantitySettings), is_guest=is_guest
    )
    limits.require_holdable(quantities, settings(HeldStockSettings), is_guest=is_guest)
    return quote


def place_order(
    buyer: Buyer,
    request: OrderRequest,
    idempotency_key: str,
    stage_extra: StageExtra | None = None,
) -> Placement:
    """Place the order of this buyer and key, or return the one that was placed before.

    The order's id is derived from both, so a retry collides with the first attempt inside
    DynamoDB: no lock is needed. A refused attempt stores nothing and leaves its key free. The key
    of a placed order is never forgotten. `stage_extra` stages writes in the same transaction.

    While writers keep colliding, or without the account, it returns no earlier order. Raises
    IdempotencyKeyReused, TotalChanged, CartChanged, CartNotFound, SessionEnded, and what
    `quote_order`, `repository.create_order` and `stage_extra` raise.
    """
    order_id = ids.derived_id("ord", buyer.buyer_id, idempotency_key)
    try:
        return Placement(_place(order_id, buyer, request, stage_extra), is_replay=False)
    except (SessionEnded, Contended):
        raise  # another call would change nothing
    except AppError as refusal:
        # An earlier attempt with this key may have succeeded; then its order is the answer.
        return _replay(order_id, buyer, request, refusal)


def _replay(order_id: str, buyer: Buyer, request: OrderRequest, refusal: AppError) -> Placement:
    placed = repository.find_order(order_id)
    is_same = placed is not None and placed.fingerprint == request.fingerprint()
    if isinstance(refusal, UnknownPromotion) and not is_same:
        guesses.record_guess(buyer.guesser)
    if placed is None:
        raise refusal
    # OrderAlreadyPlaced comes from the transaction, which has required the account. Before
    # Unavailable it may have placed the order.
    is_of_transaction = isinstance(refusal, OrderAlreadyPlaced | Unavailable)
    if not is_of_transaction and not is_guest(buyer.buyer_id):
        repository.require_account(buyer.buyer_id)
    if not is_same:
        raise IdempotencyKeyReused(order_id=order_id) from refusal
    if count_buyers_before(placed) and placed.buyer_id != buyer.buyer_id:
        raise IdempotencyKeyReused(
            "The order of this Idempotency-Key is another buyer's now. Send a new key.",
            order_id=order_id,
        ) from refusal
    return Placement(placed, is_replay=True)


def _place(
    order_id: str, buyer: Buyer, request: OrderRequest, stage_extra: StageExtra | None
) -> Order:
    quantities = request.to_quantities()
    address = checks.check_address(request.shipping_address)

    def attempt() -> Order:
        sent = _sent_code(request, buyer.customer_id, buyer.guesser)
        inputs = pricing.get_pricing_inputs(list(quantities), sent)
        quote = _price(request, address, inputs, is_guest=is_guest(buyer.buyer_id))
        _require_quoted_total(request, quote)
        order = _order(order_id, buyer, request, quote, inputs)
        order.shipping_address = ShippingAddress(**address.to_stored())
        repository.create_order(
            NewOrder(
                order,
                _events,
                inputs,
                quote.promotion,
                limits.holders_of(buyer, settings(HeldStockSettings)),
                stage_extra,
                _stage_cart(buyer, request),
            )
        )
        observability.add_log_fields(order_id=order_id)
        return order

    try:
        return retry(attempt, on=(PricingChanged,), attempts=PRICING_ATTEMPTS)
    except PricingChanged as error:
        raise Unavailable from error


def _stage_cart(buyer: Buyer, request: OrderRequest) -> StageExtra | None:
    """How to empty the cart that the order names. Raises CartNotFound for a guest without one."""
    if request.cart_version is None:
        return None
    from orders.carts import repository as carts  # noqa: PLC0415 (few orders need it)

    cart_id = buyer.cart_id if is_guest(buyer.buyer_id) else buyer.buyer_id
    if cart_id is None:
        raise CartNotFound
    return carts.stage_ordered_cart(cart_id, request.cart_version, request.to_quantities())


def _require_quoted_total(request: OrderRequest, quote: Quote) -> None:
    quoted, total = request.quoted_total, quote.total
    if quoted not in (None, total):
        raise TotalChanged(
            f"The order now costs {total} instead of {quoted}. Show the buyer the new total.",
            quoted=quoted.model_dump(),
            total=total.model_dump(),
        )


def _order(
    order_id: str, buyer: Buyer, request: OrderRequest, quote: Quote, inputs: PricingInputs
) -> Order:
    now = clock.utc_now()
    hold_time = limits.hold_time(
        request.to_quantities(), inputs.products, inputs.available, settings(OrderSettings)
    )
    order = Order(
        order_id=order_id,
        buyer_id=buyer.buyer_id,
        guest_email=buyer.guest_email,
        status="pending_payment",
        currency=quote.currency,
        lines=quote.lines,
        totals=quote.totals,
        tax_included=quote.tax_included,
        promotion=_order_promotion(quote.promotion, buyer) if quote.promotion else None,
        history=[OrderStep(status="pending_payment", at=now, by=buyer.buyer_id)],
        placed_at=now,
        placed_month=f"{now:%Y-%m}",
        awaits=AWAITS_PAYMENT,
        expires_at=now + hold_time,
        fingerprint=request.fingerprint(),
        request_id=observability.correlation_id(),
        version=1,
    )
    if quote.total.amount_minor == 0:
        change_status(order, "paid", by=SHOP_ACTOR)  # a free order needs no payment
    return order


def _order_promotion(promotion: Promotion, buyer: Buyer) -> OrderPromotion:
    """The promotion and the counts that the order enters: only those with a limit."""
    is_counted_by_customer = promotion.uses_per_customer_max is not None
    return OrderPromotion(
        code=promotion.code,
        name=promotion.name,
        is_automatic=bool(promotion.is_automatic),
        is_counted=promotion.uses_max is not None,
        counted_for=buyer.customer_id if is_counted_by_customer else None,
    )


def _events(order: Order) -> list[OrderEvent]:
    placed: list[OrderEvent] = [order_events.placed(order)]
    return placed if order.status == "pending_payment" else [*placed, order_events.paid(order)]
