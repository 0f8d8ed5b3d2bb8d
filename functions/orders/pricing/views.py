"""Prices, taxes and promotions, as quotes and orders show them."""

from typing import Annotated, Any, Self

from pydantic import Field

from orders.pricing.rate_tables import unit_grams
from shared.http.schemas import View, shown_as
from shared.money import Money
from shared.storage.models.catalog import StockPolicy
from shared.storage.models.orders import OrderLine, OrderPromotion, OrderTax, OrderTotals
from shared.storage.models.pricing import Promotion

ShownPolicy = Annotated[str, shown_as(StockPolicy)]

TAX_INCLUDED = "Whether prices include the tax. If false, the tax is added in the total."
WEIGHT = "The weight of all units. A product without a weight counts as 0."
PROMOTION_CODE = (
    "The code that the buyer sent. Null if the order uses no promotion, or an automatic one."
)


class ChargedTaxView(View):
    """One of the taxes on a line, or on all lines and the shipping together."""

    name: str
    rate_ppm: int | None = Field(
        description="Parts per million: 190000 is 19 %. Null for the total of an order from before "
        "Souk stored each tax."
    )
    amount: Money

    @classmethod
    def from_model(cls, tax: OrderTax, currency: str) -> Self:
        return cls(
            name=tax.name,
            rate_ppm=tax.find_rate(),
            amount=money(tax.amount_minor, currency),
        )


class UsedPromotionView(View):
    """The promotion that a quote or an order used."""

    code: str = Field(description="Identifies the promotion for staff.")
    name: str | None = Field(description="The name for buyers. Null if staff gave none.")
    is_automatic: bool = Field(description="Whether it applied without a code.")

    @classmethod
    def from_model(cls, promotion: Promotion | OrderPromotion) -> Self:
        return cls(
            code=promotion.code,
            name=promotion.name,
            is_automatic=bool(promotion.is_automatic),
        )

    @property
    def sent_code(self) -> str | None:
        return None if self.is_automatic else self.code


class QuotedLineView(View):
    product_id: str
    sku: str
    name: str
    quantity: int
    unit_price: Money
    line_total: Money = Field(description="The price of all units, before the discount.")
    discount: Money = Field(description="The line's share of the order's discount.")
    tax: Money = Field(description="The sum of all taxes on the line, after the discount.")
    tax_rate_ppm: int = Field(
        description="The rate of all taxes together, in parts per million: 190000 is 19 %."
    )
    taxes: list[ChargedTaxView] = Field(
        description="Each tax on the line. Taxes with a rate of 0 are left out."
    )
    tax_class: str
    weight_grams: int | None = Field(description="Of one unit. Null if the product had no weight.")
    stock_policy: ShownPolicy = Field(description="The product's when the order was placed.")
    backordered: int = Field(description="Units that were not in stock when it was placed.")

    @classmethod
    def from_model(cls, line: OrderLine, currency: str, **more: Any) -> Self:
        return cls(
            product_id=line.product_id,
            sku=line.sku,
            name=line.name,
            quantity=int(line.quantity),
            unit_price=money(line.unit_price_minor, currency),
            line_total=money(line.line_total_minor, currency),
            discount=money(line.discount_minor, currency),
            tax=money(line.tax_minor, currency),
            tax_rate_ppm=int(line.tax_rate_ppm),
            taxes=[ChargedTaxView.from_model(tax, currency) for tax in line.list_taxes()],
            tax_class=line.tax_class,
            weight_grams=unit_grams(line),
            stock_policy=line.stock_policy,
            backordered=int(line.backordered),
            **more,
        )


class TotalsView(View):
    items: Money = Field(description="The sum of all lines, before the discount.")
    discount: Money = Field(description="The amount that the promotion takes off the items.")
    shipping: Money
    tax: Money = Field(description="The sum of all taxes on items and shipping.")
    taxes: list[ChargedTaxView] = Field(
        description="Each tax on items and shipping, by name and rate."
    )
    shipping_tax: Money | None = Field(
        description="The part of `tax` that is for shipping. Null for an order from before Souk "
        "stored it."
    )
    total: Money = Field(description="The amount that the buyer pays.")

    @classmethod
    def from_model(cls, totals: OrderTotals, currency: str) -> Self:
        shipping_tax = totals.find_shipping_tax()
        return cls(
            items=money(totals.items_minor, currency),
            discount=money(totals.discount_minor, currency),
            shipping=money(totals.shipping_minor, currency),
            tax=money(totals.tax_minor, currency),
            taxes=[ChargedTaxView.from_model(tax, currency) for tax in totals.list_taxes()],
            shipping_tax=None if shipping_tax is None else money(shipping_tax, currency),
            total=money(totals.total_minor, currency),
        )


def money(amount_minor: float, currency: str) -> Money:
    return Money(amount_minor=int(amount_minor), currency=currency)
