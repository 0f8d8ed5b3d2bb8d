"""Where a person on the laptop sees the payments, and pays or declines."""

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from local.pages import page
from local.payments.ledger import Payment
from local.payments.provider import Provider
from shared.money import Money


class Pages:
    """As a real provider's: to open one changes nothing, and paying takes the payment's secret."""

    def __init__(self, provider: Provider) -> None:
        self._ledger = provider.ledger

    def routes(self) -> list[Route]:
        return [
            Route("/payments", self._show_list),
            Route("/payments/{id}", self._show_payment),
        ]

    async def _show_list(self, _: Request) -> Response:
        newest = list(self._ledger.payments.values())[::-1]
        return page("payments.html", payments=[(it, _amount(it)) for it in newest])

    async def _show_payment(self, request: Request) -> Response:
        payment = self._ledger.payments.get(request.path_params["id"])
        if payment is None:
            return page("missing.html", status=404, what="There is no such payment.")
        return page("payment.html", runs_scripts=True, payment=payment, amount=_amount(payment))


def _amount(payment: Payment) -> Money:
    return Money(amount_minor=payment.amount_minor, currency=payment.currency)
