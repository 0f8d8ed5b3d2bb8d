"""The categories of the shop: as anyone browses them, and as staff keep them."""

from typing import Annotated

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.event_handler.openapi.params import Query

from products.categories import service as categories
from products.categories.schemas import CategoryPatch, CategoryView, NewCategory
from products.fields import Category
from shared.http.api import Routes
from shared.http.authorization import anyone, requires
from shared.http.etags import ExpectedVersion
from shared.http.parameters import IdempotencyKey, IfMatch, IfNoneMatch
from shared.http.responses import (
    created_response,
    no_content_response,
    ok_response,
    public_response,
)
from shared.http.schemas import Page
from shared.security.permissions import Permission

routes = Routes()

WithPath = Annotated[Category | None, Query(description="Only the category with this path.")]
IncludeEmpty = Annotated[
    bool,
    Query(description="If false, only categories with products on sale in them or below them."),
]


@routes.get("/v1/categories", tags=["Catalog"])
@anyone
def list_categories(
    *,
    path: WithPath = None,
    include_empty: IncludeEmpty = True,
    if_none_match: IfNoneMatch = None,
) -> Response[Page[CategoryView]]:
    """List the tree of categories, all on one page.

    Each category comes after its parent, and below a parent they have the order of the shop. So you
    can draw the tree in one pass: `depth` is the indentation. The answer can be some seconds old:
    `Cache-Control` says how long you may keep it.
    """
    entry = categories.list_cached_categories.entry(path, include_empty)
    return public_response(entry, if_none_match=if_none_match)


@routes.get("/v1/categories/<category_id>", tags=["Catalog"])
@anyone
def get_category(category_id: str, if_none_match: IfNoneMatch = None) -> Response[CategoryView]:
    """Get a category, with how many products are on sale in it.

    The answer can be some seconds old: `Cache-Control` says how long you may keep it.
    """
    entry = categories.get_cached_category.entry(category_id)
    return public_response(entry, if_none_match=if_none_match)


@routes.post("/v1/categories", status_code=201, tags=["Catalog"])
@requires(Permission.WRITE_PRODUCTS)
def create_category(new: NewCategory, idempotency_key: IdempotencyKey) -> Response[CategoryView]:
    """Add a category to the tree, and get it with its path.

    The path is made of the parent's path and the name in Latin letters: `Bücher & Karten` below
    `home` becomes `home/bucher-karten`. If another category has that path, it gets a number.

    If you send the same `Idempotency-Key` again, you get the category that the first request has
    created. The response header `Idempotency-Replayed` is then `true`.
    """
    created = categories.create_category(new, idempotency_key, by=routes.caller.user_id)
    return created_response(
        created.view,
        version=created.view.version,
        location=f"/v1/categories/{created.view.id}",
        idempotency_replayed="true" if created.is_replay else "false",
    )


@routes.patch("/v1/categories/<category_id>", tags=["Catalog"])
@requires(Permission.WRITE_PRODUCTS)
def update_category(
    category_id: str, changes: CategoryPatch, if_match: IfMatch
) -> Response[CategoryView]:
    """Rename, move or reorder a category with a JSON merge patch (RFC 7396).

    Omitted fields keep their values. With another `parent`, the category moves there with all that
    is below it, and is the last one there unless you send `position`. The path stays, so
    products, links and filters keep working. The lists of the old and the new parents change within
    seconds, for a category with thousands of products within minutes.
    """
    view = categories.update_category(category_id, changes, ExpectedVersion.parse(if_match))
    return ok_response(view, version=view.version)


@routes.delete("/v1/categories/<category_id>", status_code=204, tags=["Catalog"])
@requires(Permission.WRITE_PRODUCTS)
def delete_category(category_id: str, if_match: IfMatch) -> Response[None]:
    """Delete an empty category: one without other categories and without products on sale.

    If a product that is not on sale has its path, the category is created again when that product
    goes on sale.
    """
    categories.delete_category(category_id, ExpectedVersion.parse(if_match))
    return no_content_response()
