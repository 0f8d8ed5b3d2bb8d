"""A small shop to begin with, made through the API as any client would make it."""

import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import httpx

from local.emulator import Emulator
from local.errors import StackError

WORDS = """
    amber basil birch cedar clove copper coral cumin delta ember falcon fennel garnet hazel indigo
    ivory jasper juniper kestrel lantern laurel linen maple marble mango nutmeg olive onyx opal
    papaya pepper plum quartz quince raven saffron sage sandal silver sorrel spruce sumac tamarind
    teal thyme topaz umber velvet walnut willow
""".split()  # noqa: SIM905
PRODUCTS = (
    # sku, name, category, price in EUR cents, tags, stock
    ("TEA-MINT-100", "Moroccan mint tea, 100 g", "kitchen/tea", 690, ["tea", "organic"], 120),
    ("TEA-SENCHA-100", "Sencha, 100 g", "kitchen/tea", 1290, ["tea"], 80),
    ("TEA-POT-BRASS", "Brass teapot, 0.8 l", "kitchen/tea", 4900, ["handmade"], 15),
    ("SPICE-SAFFRON-1", "Saffron threads, 1 g", "kitchen/spices", 990, ["spice"], 60),
    ("SPICE-CUMIN-250", "Cumin seed, 250 g", "kitchen/spices", 450, ["spice", "organic"], 200),
    ("SPICE-ZAATAR-150", "Za'atar, 150 g", "kitchen/spices", 590, ["spice"], 140),
    ("BOWL-FEZ-18", "Fez bowl, 18 cm", "home/ceramics", 2400, ["handmade", "blue"], 25),
    ("PLATE-FEZ-27", "Fez plate, 27 cm", "home/ceramics", 2900, ["handmade", "blue"], 25),
    ("LAMP-TIN-30", "Pierced tin lamp, 30 cm", "home/light", 7900, ["handmade"], 8),
    ("RUG-KILIM-120", "Kilim, 120 x 180 cm", "home/textiles", 24900, ["handmade", "wool"], 4),
    ("SCARF-LINEN", "Linen scarf", "clothing/scarves", 3500, ["linen"], 40),
    ("SOAP-ALEPPO-200", "Aleppo soap, 200 g", "home/bath", 750, ["olive", "laurel"], 300),
)


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
        for sku, name, category, cents, tags, available in PRODUCTS:
            product = {
                "sku": sku,
                "name": name,
                "category": category,
                "price": {"amount_minor": cents, "currency": "EUR"},
                "tags": tags,
            }
            _stock(client, product, available)


def product_to_order(api_url: str) -> str:
    """The id of a seeded product. Raises StackError unless the shop shows its catalog.

    Nobody's login is asked for: accounts change and go, and what else is stored is to be kept.
    """
    with _client(api_url) as client:
        products = _call(client, "GET", "/products?limit=100")["items"]
    if not products:
        raise StackError("the catalog is empty")
    ids = {product["sku"]: str(product["id"]) for product in products}
    return ids.get(PRODUCTS[0][0], next(iter(ids.values())))


def _client(api_url: str) -> httpx.Client:
    return httpx.Client(base_url=f"{api_url}/v1", timeout=30, trust_env=False)


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


def _stock(client: httpx.Client, product: Mapping[str, Any], available: int) -> None:
    """Leaves a product that exists, and its stock, as they are."""
    response = client.post("/products", json=product)
    if response.status_code == httpx.codes.CONFLICT:
        return
    product_id = _accepted(response)["id"]
    count = {"available": available, "reason": "opening stock"}
    _call(client, "PUT", f"/products/{product_id}/stock", count)


def _call(client: httpx.Client, method: str, path: str, body: Any = None) -> Any:
    try:
        response = client.request(method, path, json=body)
    except httpx.HTTPError as error:
        raise StackError(f"{method} {path} got no answer: {error}") from error
    return _accepted(response)


def _accepted(response: httpx.Response) -> Any:
    if response.is_success:
        return response.json()
    path = "/v1" + response.request.url.path.partition("/v1")[2]
    call = f"{response.request.method} {path}"
    raise StackError(f"{call} answered {response.status_code}: {response.text[:200]}")
