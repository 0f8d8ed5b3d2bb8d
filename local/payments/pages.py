"""The provider's pages: a list of payments, and a page to pay one or to have its card declined."""

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from local.pages import page
from local.payments.provider import Provider
from local.payments.records import Payment
from shared.money import Money


class Pages:
    """As at a real provider, opening a page changes nothing and paying needs the secret."""

    def __init__(self, provider: Provider) -> None:
        self._ledger = provider.ledger

    def routes(self) -> list[Route]:
        return [
            Route("/payments", self._show_list),
            Route("/payments/{id}", self._show_payment),
        ]

    async def _show_list(self, _: Request) -> Response:
        newest_first = list(self._ledger.payments.values())[::-1]
        payments = [(payment, _amount(payment)) for payment in newest_first]
        return page("payments.html", payments=payments)

    async def _show_payment(self, request: Request) -> Response:
        payment = self._ledger.payments.get(request.path_params["id"])
        if payment is None:
            raise HTTPException(404, "This payment does not exist.")
        return page("payment.html", payment=payment, amount=_amount(payment))


def _amount(payment: Payment) -> Money:
    return Money(amount_minor=payment.amount_minor, currency=payment.currency)
