"""The start page: the shop at a glance, and what to do next."""

import asyncio
from collections.abc import Callable, Mapping

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from local.mailbox import Mailbox
from local.pages import SAFE_HEADERS, page
from local.payments.ledger import Ledger
from local.shop_facts import ShopFacts

CountItems = Callable[[], Mapping[str, int]]  # by table; it blocks

# What a newcomer may want next: the address of a page or of a file of the project.
NEXT = (
    ("/docs", "Try the API", "Log in with one click and send any request."),
    ("/payments", "Pay an order", "Pay, decline or dispute it, and see the webhooks."),
    ("/activity", "See what happens inside", "Requests, events, queues, logs: follow one order."),
    ("/mailbox", "Read the mails", "Each order and each account gets some."),
)
FILES = (
    ("docs/tutorial.md", "A tour of the API with curl, from the first product to a refund"),
    ("docs/selling.md", "Products, prices, stock and orders"),
    ("docs/deploying.md", "From this machine to AWS"),
)


class HomePages:
    def __init__(
        self, facts: ShopFacts, mailbox: Mailbox, ledger: Ledger, count_items: CountItems
    ) -> None:
        self._facts = facts
        self._mailbox = mailbox
        self._ledger = ledger
        self._count_items = count_items

    def routes(self) -> list[Route]:
        return [Route("/", self._show_home), Route("/home.json", self._show_counts)]

    async def _show_home(self, _: Request) -> Response:
        return page("index.html", shop=self._facts, steps=NEXT, files=FILES)

    async def _show_counts(self, _: Request) -> Response:
        rows = await asyncio.to_thread(self._count_items)
        payments = self._ledger.payments.values()
        return JSONResponse(
            {
                "products": rows["ProductsTable"],
                "orders": rows["OrdersTable"],
                "accounts": rows["UsersTable"],
                "events": rows["OutboxTable"],
                "mails": len(await self._mailbox.list_mails()),
                "payments": len(payments),
                "payments_awaiting": sum(each.status == "awaiting" for each in payments),
            },
            headers=SAFE_HEADERS,
        )
