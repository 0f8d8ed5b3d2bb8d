"""Full-text search of the catalog."""

from typing import Annotated

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.event_handler.openapi.params import Query

from products.search import service
from products.views import (
    SearchPage,
)
from shared.http.api import Routes
from shared.http.authorization import anyone
from shared.http.parameters import IfNoneMatch, PageCursor, PageLimit
from shared.http.responses import public_response

routes = Routes()

SearchText = Annotated[
    str,
    Query(
        min_length=1,
        max_length=200,
        description="Words of a product's name, SKU or tags. The search uses the first eight "
        "words, and a product must have all of them. The last word also matches longer "
        "words that begin with it. For this it needs three letters or more, and no space after it.",
        examples=["green teap"],
    ),
]


@routes.get("/v1/products/search", tags=["Catalog"])
@anyone
def search_products(
    q: SearchText,
    limit: PageLimit = 20,
    cursor: PageCursor = None,
    if_none_match: IfNoneMatch = None,
) -> Response[SearchPage]:
    """Search products by words of their names, SKUs and tags.

    The best matches come first. Accents, case and ligatures do not matter (`lodz` finds `Łódź`),
    nor do hyphens and the space before a unit (`tshirt` finds `T-Shirt`, `400 ml` finds `400ml`).
    In scripts without spaces, a word is found inside a name. If no product matches and a word has
    one wrong, missing, extra or swapped letter, the search uses the corrected words and returns
    them in `corrected`. A change of a product appears within seconds.
    """
    page = service.search_products.entry(q, limit=limit, cursor=cursor)
    return public_response(page, if_none_match=if_none_match)
