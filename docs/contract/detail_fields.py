"""Fields that `details` of several refusals have."""

from typing import Annotated

from pydantic import Field

Currencies = Annotated[
    list[str], Field(description="Currency codes (ISO 4217).", examples=[["EUR", "USD"]])
]
Currency = Annotated[str, Field(description="A currency code (ISO 4217).", examples=["EUR"])]
Limit = Annotated[int, Field(description="The maximum.", examples=[100])]
ProductId = Annotated[str, Field(examples=["prd_4f1c2a9b7d3e8056"])]
Quantity = Annotated[int, Field(description="The units of the request.", examples=[3])]
CategoryPath = Annotated[str, Field(examples=["home/kitchen"])]
Sku = Annotated[str, Field(examples=["TEAPOT-GREEN"])]
PromotionCode = Annotated[str, Field(examples=["SPRING"])]
