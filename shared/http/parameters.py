"""Parameters that routes of several functions share, as types of their arguments."""

from typing import Annotated

from aws_lambda_powertools.event_handler.openapi.params import Header, Query

PAGE_LIMIT_MAX = 100  # keeps one page under DynamoDB's 1 MB

PageLimit = Annotated[
    int, Query(ge=1, le=PAGE_LIMIT_MAX, description="Maximum number of items in the page.")
]
# Lambda answers at most 6 MB. An order of 50 lines with long names takes 0.05 MB, and more as JSON
# inside Lambda's own JSON.
OrderPageLimit = Annotated[
    int, Query(ge=1, le=50, description="Maximum number of orders in the page.")
]
PageCursor = Annotated[
    str | None,
    Query(
        max_length=2000,
        description="`next_cursor` of the previous page. Omit it to get the first page.",
    ),
]
IdempotencyKey = Annotated[
    str,
    Header(
        alias="Idempotency-Key",
        min_length=1,
        max_length=255,
        description="A key that you create, such as a UUID. Send a new key with each new request, "
        "and the same key when you retry a request.",
        examples=["8e03978e-40d5-43e8-bc93-6894a57f9324"],
    ),
]
# Without a maximum length: a token that is too long gets the same answer as any wrong token.
OrderToken = Annotated[
    str | None,
    Header(
        alias="Order-Token",
        description="The guest's token: `order_token` of the placed order, or `token` in the link "
        "from the shop's mail. Without a valid token you get 404, and so does a buyer before, if "
        "staff gave the order to another one.",
        examples=["k1.1803291331.kq0mV5y1c4bWcR2nX8s6eD7tG3hJ9uLz0aPfQiYwZoE"],
    ),
]
_CART_HEADER = Header(  # without a maximum length, as an order's token
    alias="Cart-Token",
    description="The token of a guest's cart: `cart_token` of the answer that created the cart. "
    "Keep it as secret as a password.",
    examples=["kq0mV5y1c4bWcR2nX8s6eD7tG3hJ9uLz0aPfQiYwZoE"],
)
CartToken = Annotated[str | None, _CART_HEADER]
RequiredCartToken = Annotated[str, _CART_HEADER]
IfMatch = Annotated[
    str,
    Header(
        alias="If-Match",
        max_length=500,
        description="The ETag of the version that your edit is based on. If someone changed the "
        "resource first, you get 412, and `details.current_version` is the current version. `*` "
        "skips the check.",
        examples=['"7"'],
    ),
]
OptionalIfMatch = Annotated[
    str | None,
    Header(
        alias="If-Match",
        max_length=500,
        description="The ETag that you read. If the resource has changed since then, you get 412. "
        "Without this header there is no check.",
        examples=['"7"'],
    ),
]
IfNoneMatch = Annotated[
    str | None,
    Header(
        alias="If-None-Match",
        description="The ETag of your copy. If the resource is unchanged, you get 304 without a "
        "body. A malformed value is ignored.",
        examples=['"7-0f3a5b1c9d2e4f68"'],
    ),
]
