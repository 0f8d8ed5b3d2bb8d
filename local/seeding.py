"""Fills a new local shop with two accounts and a small catalog, by requests to its API."""

import secrets
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import httpx

from local import account_roles
from local.account_roles import AccountKeys
from local.emulator import StackError
from local.sample_products import SAMPLE_PRODUCTS, SampleProduct

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

WORDS = """
    amber basil birch cedar clove copper coral cumin delta ember falcon fennel garnet hazel indigo
    ivory jasper juniper kestrel lantern laurel linen maple marble mango nutmeg olive onyx opal
    papaya pepper plum quartz quince raven saffron sage sandal silver sorrel spruce sumac tamarind
    teal thyme topaz umber velvet walnut willow
""".split()  # noqa: SIM905
LISTING_TIMEOUT_SECONDS = 180  # from the outbox to the listings, on a busy machine
ANSWER_TIMEOUT_SECONDS = 90  # a cold start, and the 30 s that a request may take
POLL_SECONDS = 0.5


@dataclass(frozen=True)
class Account:
    email: str
    password: str


def new_account(email: str) -> Account:
    """An account with a random password that is easy to read and type."""
    words = "-".join(secrets.choice(WORDS) for _ in range(3))
    return Account(email, f"{words}-{secrets.randbelow(9000) + 1000}")


def seed(
    client: httpx.Client,
    database: "DynamoDBClient",
    outputs: Mapping[str, str],
    staff: Account,
    customer: Account,
) -> list[dict[str, Any]]:
    """Registers both accounts and creates the products. Idempotent. Raises StackError.

    Accounts and products that already exist stay as they are. Returns the new products.
    """
    for account, name, roles in (
        (customer, "Casey Customer", ["customer"]),
        (staff, "Sam Staff", ["customer", "staff"]),
    ):
        user_id = _find_user_id(database, outputs, account)
        if user_id is None:
            _call(client, "POST", "/auth/register", {**vars(account), "name": name})
            user_id = _find_user_id(database, outputs, account)
        if user_id is None:
            raise StackError(f"{account.email} was registered but has no login")
        account_roles.confirm_and_grant(
            database,
            AccountKeys(
                outputs["UsersTableName"], outputs["LoginsTableName"], user_id, account.email
            ),
            roles,
        )
    token = _find_token(client, staff)
    if token is None:
        return []
    client.headers["Authorization"] = f"Bearer {token}"
    return [product for sample in SAMPLE_PRODUCTS if (product := _create_product(client, sample))]


def get_product_to_order(api_url: str) -> str:
    """The id of a sample product. Raises StackError unless the shop lists its catalog in time.

    It needs no login, because the stored accounts may have changed since an earlier run.
    """
    with _client(api_url) as client:
        products = _wait_until_listed(client)
        named = f"/products?sku={SAMPLE_PRODUCTS[0].sku}"  # a page of many may not have it
        found = _call(client, "GET", named)["items"] or products
    return str(found[0]["id"])


def _client(api_url: str) -> httpx.Client:
    return httpx.Client(base_url=f"{api_url}/v1", timeout=ANSWER_TIMEOUT_SECONDS, trust_env=False)


def _find_user_id(
    database: "DynamoDBClient", outputs: Mapping[str, str], account: Account
) -> str | None:
    """Reads the table: the API answers the registration of a known address with a random id."""
    found = database.get_item(
        TableName=outputs["LoginsTableName"],
        Key={"email": {"S": account.email}},
        ConsistentRead=True,
    )
    return str(found["Item"]["user_id"]["S"]) if "Item" in found else None


def _find_token(client: httpx.Client, staff: Account) -> str | None:
    """None if the account now needs another password or a code, or may not log in."""
    login = client.post("/auth/login", json=vars(staff))
    if login.status_code in (httpx.codes.UNAUTHORIZED, httpx.codes.FORBIDDEN):
        return None
    return str(_parse(login)["access_token"])


def _create_product(client: httpx.Client, sample: SampleProduct) -> Any:
    """The new product with its stock. None if the product exists; it and its stock stay."""
    response = client.post("/products", json=sample.to_request())
    if response.status_code == httpx.codes.CONFLICT:
        return None
    product = _parse(response)
    count = {"available": sample.stock, "reason": "opening stock"}
    _call(client, "PUT", f"/products/{product['id']}/stock", count, **{"If-Match": "*"})
    return product


def _wait_until_listed(client: httpx.Client) -> list[Any]:
    """The first products of the catalog. Raises StackError after a while.

    Listings follow a change within seconds.
    """
    deadline = time.monotonic() + LISTING_TIMEOUT_SECONDS
    while True:
        products: list[Any] = _call(client, "GET", "/products")["items"]
        if products:
            return products
        if time.monotonic() > deadline:
            raise StackError(f"after {LISTING_TIMEOUT_SECONDS} s the catalog lists no product")
        time.sleep(POLL_SECONDS)


def _call(client: httpx.Client, method: str, path: str, body: Any = None, **headers: str) -> Any:
    try:
        response = client.request(method, path, json=body, headers=headers)
    except httpx.HTTPError as error:
        raise StackError(f"{method} {path} got no answer: {error}") from error
    return _parse(response)


def _parse(response: httpx.Response) -> Any:
    """The body of a successful answer. Raises StackError for any other."""
    if response.is_success:
        return response.json()
    path = "/v1" + response.request.url.path.partition("/v1")[2]
    call = f"{response.request.method} {path}"
    raise StackError(f"{call} answered {response.status_code}: {response.text[:200]}")
