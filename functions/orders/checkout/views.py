"""A quote, as clients see it."""

from typing import Self

from pydantic import Field

from orders.pricing.quotes import Quote
from orders.pricing.rate_tables import weigh
from orders.pricing.views import (
    PROMOTION_CODE,
    TAX_INCLUDED,
    WEIGHT,
    QuotedLineView,
    TotalsView,
    UsedPromotionView,
)
from shared.http.schemas import View


class QuoteView(View):
    """What an order would cost now."""

    currency: str
    lines: list[QuotedLineView]
    totals: TotalsView
    weight_grams: int = Field(description=WEIGHT)
    tax_included: bool = Field(description=TAX_INCLUDED)
    promotion_code: str | None = Field(description=PROMOTION_CODE)
    promotion: UsedPromotionView | None = Field(description="Null if no promotion applies.")
    shipping_zone: str | None = Field(
        description="The zone whose shipping rates apply. Null if the shop has no shipping rates."
    )

    @classmethod
    def from_model(cls, quote: Quote) -> Self:
        promotion = UsedPromotionView.from_model(quote.promotion) if quote.promotion else None
        return cls(
            currency=quote.currency,
            lines=[QuotedLineView.from_model(line, quote.currency) for line in quote.lines],
            totals=TotalsView.from_model(quote.totals, quote.currency),
            weight_grams=weigh(quote.lines),
            tax_included=quote.tax_included,
            promotion_code=promotion.sent_code if promotion else None,
            promotion=promotion,
            shipping_zone=quote.shipping_zone,
        )
