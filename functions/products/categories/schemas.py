"""Categories, as staff send them and as clients see them."""

import unicodedata
from collections.abc import Iterable
from datetime import datetime
from typing import Annotated, Self

from pydantic import AfterValidator, Field

from products.categories.paths import category_id
from products.categories.tree import CATEGORIES_MAX
from products.fields import Category
from shared.catalog_names import CATEGORY_DEPTH_MAX
from shared.http.schemas import NOT_NULL, RequestBody, View
from shared.http.text_fields import Text
from shared.storage.models import categories as models

NAME_MAX = 100


def _compose(name: str) -> str:
    """One form of what looks the same, without outer white space."""
    return unicodedata.normalize("NFC", name).strip()


Name = Annotated[
    str,
    Text(NAME_MAX),
    AfterValidator(_compose),
    Field(
        description="What shoppers read: any text of one line. Categories with the same parent "
        "have different names.",
        examples=["Bücher & Karten"],
    ),
]
Parent = Annotated[
    Category | None,
    Field(
        description="The path of the category above it, which must exist. Null: it is at the top. "
        f"The tree has at most {CATEGORY_DEPTH_MAX} levels."
    ),
]
Position = Annotated[
    int,
    Field(
        ge=0,
        le=CATEGORIES_MAX - 1,
        description="The place among the categories with the same parent. 0 is the first; a number "
        "after the end is the last.",
    ),
]


class NewCategory(RequestBody):
    name: Name
    parent: Parent = None
    position: Position | None = Field(
        default=None, description="The place below its parent. 0 is the first; null is the last."
    )


class CategoryPatch(RequestBody):
    """Changes to a category: a JSON merge patch (RFC 7396). Its path stays as it is."""

    name: Annotated[Name | None, NOT_NULL] = None
    parent: Parent = None
    position: Annotated[Position | None, NOT_NULL] = None


class BreadcrumbView(View):
    """A category on the way from the top to another one."""

    name: str
    path: str


class CategoryView(View):
    """A category as everyone sees it.

    A name can contain any characters. Escape it before you put it into HTML.
    """

    id: str
    path: str = Field(
        description="What products and filters refer to it by. It follows from the first name, and "
        "stays when the category is renamed or moved."
    )
    name: str
    parent: str | None = Field(description="The path of the category above it. Null at the top.")
    depth: int = Field(description="Its level in the tree. 1 is the top.")
    position: int = Field(
        description="Its place among the categories with the same parent, from 0."
    )
    products_on_sale: int = Field(
        description="Products in this category or below it, as lists show them: a group of "
        "variants counts once. A new product counts within seconds."
    )
    breadcrumbs: list[BreadcrumbView] | None = Field(
        description="The categories from the top to this one, itself included. Null in the list of "
        "all, where `parent` says the same."
    )
    version: int = Field(description="Grows with each change of the category itself.")
    created_at: datetime
    updated_at: datetime

    @classmethod
    def from_model(
        cls, category: models.Category, depth: int, position: int, products_on_sale: int
    ) -> Self:
        """Without breadcrumbs: with them, all categories would be too long an answer."""
        return cls(
            id=category_id(category.path),
            path=category.path,
            name=category.name,
            parent=category.parent,
            depth=depth,
            position=position,
            products_on_sale=max(0, products_on_sale),
            breadcrumbs=None,
            version=int(category.version),
            created_at=category.created_at,
            updated_at=category.updated_at,
        )

    def with_breadcrumbs(self, ancestors: Iterable[models.Category]) -> Self:
        """`ancestors` from the top to the category itself."""
        shown = [BreadcrumbView(name=each.name, path=each.path) for each in ancestors]
        return self.model_copy(update={"breadcrumbs": shown})
