"""A small shop to begin with, made through the API as any client would make it."""

import secrets
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import httpx

from local.emulator import Emulator
from local.errors import StackError
from local.sample_products import GOODS, Good

WORDS = """
    amber basil birch cedar clove copper coral cumin delta ember falcon fennel garnet hazel indigo
    ivory jasper juniper kestrel lantern laurel linen maple marble mango nutmeg olive onyx opal
    papaya pepper plum quartz quince raven saffron sage sandal silver sorrel spruce sumac tamarind
    teal thyme topaz umber velvet walnut willow
""".split()  # noqa: SIM905
SHOWN_SECONDS = 180  # for a product to get from the outbox to the listings, on a busy machine
LOOK_SECONDS = 0.5
ANSWER_SECONDS = 90  # a function that starts from cold, and then has 30 s


@dataclass(frozen=True)
class Account:
    email: str
    password: str


def new_account(email: str) -> Account:
    """With a password that can be read aloud, made for this stack alone."""
    words = "-".join(secrets.choice(WORDS) for _ in range(3))
    return Account(email, f"{words}-{secrets.randbelow(9000) + 1000}")


def seed(
    api_url: str, aws: Emulator, outputs: Mapping[str, str], staff: Account, customer: Account
) -> None:
    """Registers both accounts and fills the catalog. Idempotent. Raises StackError.

    Accounts that an earlier run has made keep what became of them since.
    """
    with _client(api_url) as client:
        for account, name, roles in (
            (customer, "Casey Customer", ["customer"]),
            (staff, "Sam Staff", ["customer", "staff"]),
        ):
            user_id = _user_id(aws, outputs, account)
            if user_id is None:
                _call(client, "POST", "/auth/register", {**vars(account), "name": name})
                user_id = _user_id(aws, outputs, account)
            if user_id is None:
                raise StackError(f"{account.email} was registered and has no login")
            _vouch_for(aws, outputs, account, user_id, roles)
        token = _token(client, staff)
        if token is None:
            return
        client.headers["Authorization"] = f"Bearer {token}"
        made = [product for good in GOODS if (product := _stock(client, good))]
        if made:
            _shown(client, {_unit(product) for product in made})


def product_to_order(api_url: str) -> str:
    """The id of a seeded product. Raises StackError unless the shop shows its catalog in time.

    Nobody's login is asked for: accounts change and go, and what else is stored is to be kept.
    """
    with _client(api_url) as client:
        ids = {product["sku"]: str(product["id"]) for product in _shown(client, set())}
    return ids.get(GOODS[0].sku, next(iter(ids.values())))


def _client(api_url: str) -> httpx.Client:
    return httpx.Client(base_url=f"{api_url}/v1", timeout=ANSWER_SECONDS, trust_env=False)


def _user_id(aws: Emulator, outputs: Mapping[str, str], account: Account) -> str | None:
    """As it is stored: registering a known address answers with an id that is nobody's."""
    found = aws.client("dynamodb").get_item(
        TableName=outputs["LoginsTableName"],
        Key={"email": {"S": account.email}},
        ConsistentRead=True,
    )
    return str(found["Item"]["user_id"]["S"]) if "Item" in found else None


def _token(client: httpx.Client, staff: Account) -> str | None:
    """None when they log in otherwise by now, with another password or a code, or may not."""
    login = client.post("/auth/login", json=vars(staff))
    if login.status_code in (httpx.codes.UNAUTHORIZED, httpx.codes.FORBIDDEN):
        return None
    return str(_accepted(login)["access_token"])


def _vouch_for(
    aws: Emulator, outputs: Mapping[str, str], account: Account, user_id: str, roles: list[str]
) -> None:
    """Confirm the address and add the roles: nobody reads its mail, and there is no admin yet.

    Users and Logins hold the same profile and are written together.
    """
    keys = {
        "UsersTableName": {"user_id": {"S": user_id}},
        "LoginsTableName": {"email": {"S": account.email}},
    }
    change = {
        "UpdateExpression": "ADD #roles :roles SET email_verified = :yes",
        "ConditionExpression": "attribute_exists(created_at)",
        "ExpressionAttributeNames": {"#roles": "roles"},
        "ExpressionAttributeValues": {":roles": {"SS": roles}, ":yes": {"BOOL": True}},
    }
    aws.client("dynamodb").transact_write_items(
        TransactItems=[
            {"Update": {"TableName": outputs[table], "Key": key, **change}}
            for table, key in keys.items()
        ]
    )


def _stock(client: httpx.Client, good: Good) -> Any:
    """The new product. Leaves one that exists, and its stock, as they are: None."""
    response = client.post("/products", json=good.request())
    if response.status_code == httpx.codes.CONFLICT:
        return None
    made = _accepted(response)
    count = {"available": good.stock, "reason": "opening stock"}
    _call(client, "PUT", f"/products/{made['id']}/stock", count, **{"If-Match": "*"})
    return made


def _shown(client: httpx.Client, units: set[str]) -> list[Any]:
    """What shoppers see, as soon as these units are among it. Raises StackError after a while.

    Listings follow a change within seconds.
    """
    deadline = time.monotonic() + SHOWN_SECONDS
    while True:
        products: list[Any] = _call(client, "GET", "/products?limit=100")["items"]
        missing = units - {_unit(product) for product in products}
        if products and not missing:
            return products
        if time.monotonic() > deadline:
            raise StackError(
                f"the catalog does not show {', '.join(sorted(missing)) or 'anything'}"
            )
        time.sleep(LOOK_SECONDS)


def _unit(product: Mapping[str, Any]) -> str:
    """What listings have one of."""
    return str(product.get("group") or product["id"])


def _call(client: httpx.Client, method: str, path: str, body: Any = None, **headers: str) -> Any:
    try:
        response = client.request(method, path, json=body, headers=headers)
    except httpx.HTTPError as error:
        raise StackError(f"{method} {path} got no answer: {error}") from error
    return _accepted(response)


def _accepted(response: httpx.Response) -> Any:
    if response.is_success:
        return response.json()
    path = "/v1" + response.request.url.path.partition("/v1")[2]
    call = f"{response.request.method} {path}"
    raise StackError(f"{call} answered {response.status_code}: {response.text[:200]}")
