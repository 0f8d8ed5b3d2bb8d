"""A target for operations: resources on moto in place of a deployed stack."""

import os
from email.utils import format_datetime
from functools import cache
from typing import Any

import boto3

from local.targets import Target
from shared import aws, clock

QUEUE = "souk-catalog-index"
SECRETS = {
    "TokenKeysSecret": "souk/token-keys",
    "CursorKeysSecret": "souk/cursor-keys",
    "OrderLinkKeysSecret": "souk/order-links",
}
PAYMENT_SECRET = {"PaymentSecret": "souk/payments"}
VARIABLES = {
    "ProductsTable": "PRODUCTS_TABLE",
    "CategoriesTable": "CATEGORIES_TABLE",
    "GroupsTable": "GROUPS_TABLE",
    "ListingsTable": "LISTINGS_TABLE",
    "StockTable": "STOCK_TABLE",
    "StockMovementsTable": "STOCK_MOVEMENTS_TABLE",
    "OrdersTable": "ORDERS_TABLE",
    "PromotionsTable": "PROMOTIONS_TABLE",
    "OutboxTable": "OUTBOX_TABLE",
}


class Shop(Target):
    """Its secrets manager answers with the shop's time, which a test can change."""

    def client(self, service: str) -> Any:
        return _client(service)

    def physical_id(self, logical_id: str) -> str:
        if logical_id == "CatalogIndexQueue":
            return str(self.client("sqs").get_queue_url(QueueName=QUEUE)["QueueUrl"])
        if logical_id in VARIABLES:
            return os.environ[VARIABLES[logical_id]]
        return (SECRETS | PAYMENT_SECRET)[logical_id]

    def environment_of(self, function: str) -> dict[str, str]:
        return {
            "AuthFunction": {"ACCESS_TOKEN_MINUTES": "15"},
            "PaymentsFunction": {"PAYMENT_PROVIDER": "stripe"},
            "RelayFunction": {"EVENT_BUS_NAME": "souk"},
        }[function]


def set_date(parsed: dict[str, Any], **_: Any) -> None:
    parsed["ResponseMetadata"]["HTTPHeaders"]["date"] = format_datetime(clock.utc_now())


def shop() -> Shop:
    return Shop("souk-test", _session())


@cache  # creating one takes longer than most calls
def _client(service: str) -> Any:
    client = _session().client(service)
    client.meta.events.register("after-call.secretsmanager.GetSecretValue", set_date)
    return client


@cache
def _session() -> boto3.Session:
    """One for all shops: boto3 adds its methods to a session's clients only once."""
    return boto3.Session(botocore_session=aws.session())
