"""A shop's whole journey with the generated Python client. It prints what it met, as JSON.

The environment has the address, two accounts, and a product with stock.
"""

import json
import os
import sys
import time
from http import HTTPStatus
from typing import TypeVar
from uuid import uuid4

import httpx
from souk_client import AuthenticatedClient, Client
from souk_client.api.catalog import create_product, get_product, list_products, update_product
from souk_client.api.orders import get_order, list_orders, place_order
from souk_client.api.payments import start_payment
from souk_client.api.sessions import log_in
from souk_client.models import (
    Address,
    Country,
    Credentials,
    Currency,
    LoginView,
    Money,
    NewProduct,
    OrderRequest,
    OrderStatus,
    OrderView,
    OutOfStockResponse,
    PageOrderView,
    PageProductView,
    ProductPatch,
    ProductStatus,
    RequestedLine,
    StaffProductDetail,
    StartedPaymentView,
)
from souk_client.types import UNSET, Unset

Body = TypeVar("Body")
URL = os.environ["SOUK_URL"]
PRODUCT_ID = os.environ["SOUK_PRODUCT_ID"]
PAYMENT_SECONDS_MAX = 120
TOO_MANY = 9


def expect(kind: type[Body], body: object) -> Body:
    """The body, which the generated client must have read as this type."""
    if not isinstance(body, kind):
        raise SystemExit(f"expected {kind.__name__}, got {body!r}")
    return body


def log_in_as(role: str) -> AuthenticatedClient:
    email, password = os.environ[f"SOUK_{role}_EMAIL"], os.environ[f"SOUK_{role}_PASSWORD"]
    answer = log_in.sync(client=Client(URL), body=Credentials(email=email, password=password))
    return AuthenticatedClient(URL, token=expect(LoginView, answer).access_token)


def new_order(quantity: int) -> OrderRequest:
    address = Address(
        name="Ada Lovelace",
        line1="12 St James's Square",
        city="London",
        postal_code="SW1Y 4JH",
        country=Country.GB,
    )
    line = RequestedLine(product_id=PRODUCT_ID, quantity=quantity)
    return OrderRequest(lines=[line], shipping_address=address)


def list_all_products(client: AuthenticatedClient) -> list[str]:
    found: list[str] = []
    cursor: str | Unset | None = UNSET
    while cursor is not None:
        answer = list_products.sync(client=client, limit=5, cursor=cursor or UNSET)
        page = expect(PageProductView, answer)
        found += [product.id for product in page.items]
        cursor = page.next_cursor
    return found


def list_all_orders(client: AuthenticatedClient) -> list[str]:
    found: list[str] = []
    cursor: str | Unset | None = UNSET
    while cursor is not None:
        page = expect(
            PageOrderView, list_orders.sync(client=client, limit=1, cursor=cursor or UNSET)
        )
        found += [order.id for order in page.items]
        cursor = page.next_cursor
    return found


def pay(client: AuthenticatedClient, order_id: str) -> str:
    """Pays as the provider's own page does, and waits for the webhook. Returns the status."""
    payment = expect(StartedPaymentView, start_payment.sync(order_id, client=client))
    confirmed = httpx.post(
        f"{os.environ['SOUK_PROVIDER_URL']}/payments/{payment.payment_id}/confirm",
        json={"client_secret": payment.client_secret, "card": "ok"},
        trust_env=False,
    )
    confirmed.raise_for_status()
    deadline = time.monotonic() + PAYMENT_SECONDS_MAX
    while time.monotonic() < deadline:
        order = expect(OrderView, get_order.sync(order_id, client=client))
        if order.status != OrderStatus.PENDING_PAYMENT:
            return str(order.status)
        time.sleep(0.2)
    raise SystemExit("the payment did not arrive")


def rename_draft(client: AuthenticatedClient) -> list[str]:
    price = Money(amount_minor=1999, currency=Currency.EUR)
    sku, status = f"SKU-{uuid4().hex}", ProductStatus.DRAFT
    draft = NewProduct(sku=sku, name="Draft", price=price, status=status)
    created = expect(StaffProductDetail, create_product.sync(client=client, body=draft))
    renamed = update_product.sync(
        created.id, client=client, body=ProductPatch(name="Renamed"), if_match="*"
    )
    product = expect(StaffProductDetail, renamed)
    return [product.name, str(product.status)]


def read_again(client: AuthenticatedClient) -> list[int]:
    first = get_product.sync_detailed(PRODUCT_ID, client=client)
    again = get_product.sync_detailed(
        PRODUCT_ID, client=client, if_none_match=first.headers["etag"]
    )
    return [first.status_code, again.status_code]


def order_too_many(client: AuthenticatedClient) -> dict[str, object]:
    answer = place_order.sync_detailed(
        client=client, body=new_order(TOO_MANY), idempotency_key=uuid4().hex
    )
    refused = expect(OutOfStockResponse, answer.parsed).error
    (line,) = refused.details.lines
    return {
        "status": HTTPStatus(answer.status_code).value,
        "code": refused.code,
        "product_id": line.product_id,
        "quantity": line.quantity,
        "is_available": line.available > 0,
    }


def main() -> None:
    customer, staff = log_in_as("CUSTOMER"), log_in_as("STAFF")
    key = uuid4().hex
    orders = [
        expect(OrderView, place_order.sync(client=customer, body=new_order(1), idempotency_key=key))
        for _ in range(2)
    ]
    report = {
        "products": list_all_products(customer),
        "placed": [order.id for order in orders],
        "paid": pay(customer, orders[0].id),
        "orders": list_all_orders(customer),
        "draft": rename_draft(staff),
        "read_again": read_again(customer),
        "refused": order_too_many(customer),
    }
    sys.stdout.write(json.dumps(report))


if __name__ == "__main__":
    main()
