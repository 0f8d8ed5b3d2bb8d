from typing import Annotated

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.event_handler.openapi.params import Query

from products.search import service
from products.search.schemas import SearchPage
from shared.http.api import Routes
from shared.http.authorization import anyone
from shared.http.parameters import IfNoneMatch, PageCursor, PageLimit
from shared.http.responses import public_response

routes = Routes()

Words = Annotated[
    str,
    Query(
        min_length=1,
        max_length=200,
        description="All of these words, of which eight count. The last one may go on: from its "
        "third letter, unless a space ends it.",
        examples=["green teap"],
    ),
]


@routes.get("/v1/products/search", tags=["Catalog"])
@anyone
def search_products(
    q: Words,
    limit: PageLimit = 20,
    cursor: PageCursor = None,
    if_none_match: IfNoneMatch = None,
) -> Response[SearchPage]:
    """Products by the words of their names, SKUs and tags, the best answers first.

    Where nothing has all the words, and one letter of some may be wrong, `corrected` says what
    was searched instead. What was changed within some seconds may not be found yet.
    """
    kept = service.search.entry(q, limit=limit, cursor=cursor)
    return public_response(kept, if_none_match=if_none_match)
