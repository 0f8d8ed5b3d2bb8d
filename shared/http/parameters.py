"""Parameters that routes of several functions take, as types for their handlers' arguments."""

from typing import Annotated

from aws_lambda_powertools.event_handler.openapi.params import Header, Query

PAGE_LIMIT_MAX = 100  # keeps one page under DynamoDB's 1 MB

PageLimit = Annotated[int, Query(ge=1, le=PAGE_LIMIT_MAX, description="Items in a page.")]
# Lambda answers with 6 MB: an order of 50 lines with long names is 0.05 MB, and JSON within JSON.
OrderPageLimit = Annotated[int, Query(ge=1, le=50, description="Orders in a page.")]
PageCursor = Annotated[
    str | None, Query(max_length=2000, description="`next_cursor` of the page before.")
]
IdempotencyKey = Annotated[
    str,
    Header(
        alias="Idempotency-Key",
        min_length=1,
        max_length=255,
        description="New for each order or change, the same when you retry one.",
        examples=["8e03978e-40d5-43e8-bc93-6894a57f9324"],
    ),
]
# Not bounded: one that is too long is answered like any other that opens nothing.
OrderToken = Annotated[
    str | None,
    Header(
        alias="Order-Token",
        description="Of a guest's order: `order_token` of its answer, `token` of the mail's link.",
    ),
]
IfMatch = Annotated[
    str,
    Header(
        alias="If-Match",
        max_length=500,
        description="The ETag of what you have read. If somebody has changed it since: 412.",
        examples=['"7"'],
    ),
]
OptionalIfMatch = Annotated[
    str | None,
    Header(
        alias="If-Match",
        max_length=500,
        description="Only if nothing has changed since this ETag; else 412.",
    ),
]
IfNoneMatch = Annotated[
    str | None,
    Header(
        alias="If-None-Match",
        max_length=500,
        description="The ETag of what you have. If it is still the same: 304.",
    ),
]
