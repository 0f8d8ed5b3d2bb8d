"""A cart, as its shopper sees it: with the current prices and stock."""

from datetime import datetime
from typing import Annotated, Self

from pydantic import Field

from orders.carts.changes import Change, CheckedLine, ShownCart
from orders.checkout.views import QuoteView
from orders.pricing.quotes import Quote
from shared.http.schemas import View, shown_as
from shared.money import AMOUNT_MINOR_MAX, Money


class CartLineView(View):
    """A product in a cart. `changes` says what has changed since the buyer set the line."""

    product_id: str
    sku: str
    name: str
    quantity: int
    unit_price: Money | None = Field(
        description="The current price, which an order would have. Null if the product is not on "
        "sale."
    )
    previous_unit_price: Money | None = Field(
        description="The price when the buyer set the quantity, if it has changed since then; "
        "otherwise null."
    )
    line_total: Money | None = Field(
        description="The price of all units, before a discount. Null if the product is not on "
        "sale, or the amount is too large for an order."
    )
    available: int | None = Field(
        description="The units in stock now. Null if the product is not on sale, or its stock is "
        "not counted."
    )
    quantity_max: int | None = Field(
        description="The units that one order may have. Null if the product is not on sale."
    )
    changes: list[Annotated[str, shown_as(Change)]] = Field(
        description="Empty if nothing has changed. With `price_changed` and `backordered` (more "
        "than is in stock, delivered later) the line can still be ordered as it is."
    )
    is_orderable: bool = Field(
        description="Whether the product is on sale and can be ordered in this quantity."
    )

    @classmethod
    def from_model(cls, checked: CheckedLine) -> Self:
        line, product = checked.line, checked.product
        added = _money(int(line.price_minor), line.currency)
        quantity = int(line.quantity)
        price = _money(int(product.price_minor), product.currency) if product else None
        total = _money(price.amount_minor * quantity, price.currency) if price else None
        return cls(
            product_id=line.product_id,
            sku=product.sku if product else line.sku,
            name=product.name if product else line.name,
            quantity=quantity,
            unit_price=price,
            previous_unit_price=added if "price_changed" in checked.changes else None,
            line_total=total,
            available=checked.available,
            quantity_max=checked.quantity_max,
            changes=list(checked.changes),
            is_orderable=checked.is_orderable,
        )


class CartView(View):
    """A cart holds no stock, and its prices bind nobody until the order."""

    lines: list[CartLineView]
    subtotal: Money | None = Field(
        description="The sum of the lines that are on sale, without discount, shipping and tax. "
        "Null if there is none, or their products have several currencies."
    )
    is_orderable: bool = Field(description="Whether there are lines, and each is orderable.")
    version: int = Field(description="Grows with each change. 0 if there is no cart yet.")
    updated_at: datetime | None = Field(description="Null if there is no cart yet.")
    expires_at: datetime | None = Field(
        description="30 days after the last change. Null if there is no cart yet."
    )

    @classmethod
    def from_model(cls, shown: ShownCart, **more: str | None) -> Self:
        lines = [CartLineView.from_model(checked) for checked in shown.lines]
        is_stored = shown.cart.version > 0
        return cls(
            lines=lines,
            subtotal=_sum([line.line_total for line in lines if line.line_total]),
            is_orderable=bool(lines) and all(line.is_orderable for line in lines),
            version=int(shown.cart.version),
            updated_at=shown.cart.updated_at if is_stored else None,
            expires_at=shown.cart.expires_at if is_stored else None,
            **more,
        )


class GuestCartView(CartView):
    cart_token: str | None = Field(
        description="Opens the cart. Only the answer that creates the cart has it: store it, and "
        "send it as `Cart-Token`."
    )

    @classmethod
    def from_guest(cls, shown: ShownCart) -> Self:
        return cls.from_model(shown, cart_token=shown.new_token)


class CartQuoteView(QuoteView):
    """What an order of the cart would cost now."""

    cart_version: int = Field(
        description="The version of the cart that was priced. Send it with the order."
    )

    @classmethod
    def from_cart(cls, quote: Quote, cart_version: int) -> Self:
        view = QuoteView.from_model(quote)
        return cls(
            **{name: getattr(view, name) for name in QuoteView.model_fields},
            cart_version=cart_version,
        )


def _money(amount_minor: int, currency: str) -> Money | None:
    if amount_minor > AMOUNT_MINOR_MAX:
        return None
    return Money(amount_minor=amount_minor, currency=currency)


def _sum(amounts: list[Money]) -> Money | None:
    currencies = {amount.currency for amount in amounts}
    if len(currencies) != 1:
        return None
    return _money(sum(amount.amount_minor for amount in amounts), currencies.pop())
