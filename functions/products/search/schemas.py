from pydantic import Field

from products.schemas import ProductView
from shared.http.schemas import Page


class SearchPage(Page[ProductView]):
    corrected: str | None = Field(
        description="The words that were searched instead, where those asked for find nothing."
    )
