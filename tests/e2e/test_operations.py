"""What an operator does to the local stack, by the commands that `make` calls."""

import json
from concurrent.futures import ThreadPoolExecutor
from threading import Event
from uuid import uuid4

import httpx

from local.key_rotation import SIGNING_RINGS
from tests.e2e.conftest import Shop, eventually, operate

USERS = 8
CALLS = 100  # before the rotation, and after it


def test_the_operator_makes_an_admin_who_sees_and_manages_users(admin, buyer):
    email, user_id = buyer.email, buyer.get("/me").json()["id"]

    (found,) = admin.get("/users", email=email).json()["items"]

    def give(to: str, *roles: str) -> httpx.Response:
        body = {"roles": list(roles)}
        return admin.call("PATCH", f"/users/{to}", json=body, headers={"if-match": "*"})

    refused = give(user_id, "customer", "staff")
    own = give(admin.get("/me").json()["id"], "staff")

    assert found["id"] == user_id
    assert refused.json()["error"]["code"] == "email_not_verified"
    assert own.json()["error"]["code"] == "cannot_modify_own_account"
    assert admin.get("/users", limit=1).json()["next_cursor"] is not None


def test_who_is_unknown_or_unconfirmed_is_made_no_admin(stack, buyer, tmp_path):
    unknown = operate(stack, tmp_path, "admin", "nobody@example.com")
    unconfirmed = operate(stack, tmp_path, "admin", buyer.email)

    assert (unknown.returncode, unconfirmed.returncode) == (1, 1)
    assert "register it first" in unknown.stderr
    assert "confirm the address" in unconfirmed.stderr


def test_keys_rotate_under_load_and_no_request_is_lost(stack, visitor, buyer, tmp_path):
    """Each request signs a token and shows it. The takeover itself: tests/local/test_rings.py."""

    over, codes = Event(), list[int]()

    def use(client: Shop) -> None:
        while not over.is_set():
            renewed = client.post("/auth/refresh", {"refresh_token": client.refresh_token})
            codes.append(renewed.status_code)
            tokens = renewed.json()
            client = Shop(client.connection, tokens["access_token"], tokens["refresh_token"])
            codes.append(client.get("/me").status_code)

    clients = [visitor.registered() for _ in range(USERS)]
    with ThreadPoolExecutor(USERS) as pool:
        users = [pool.submit(use, client) for client in clients]
        try:
            eventually(lambda: len(codes) > CALLS)
            done = operate(stack, tmp_path, "rotate-keys")
            before = len(codes)
            eventually(lambda: len(codes) > before + CALLS)
        finally:
            over.set()

    assert done.returncode == 0, done.stderr
    assert set(codes) == {200}
    assert [user.exception() for user in users] == [None] * USERS
    secret_id = stack.physical_ids["TokenKeysSecret"]
    held = stack.client("secretsmanager").get_secret_value(SecretId=secret_id)
    assert json.loads(held["SecretString"]).keys() == {"current", "k1", "k2", "next", "next_from"}
    assert visitor.registered().get("/me").status_code == 200
    assert buyer.get("/me").status_code == 200
    again = operate(stack, tmp_path, "rotate-keys")
    assert again.returncode == 1
    assert "min" in again.stderr
    assert SIGNING_RINGS[0] in again.stderr


def test_the_operator_verifies_that_movements_and_orders_explain_the_stock(
    stack, staff, buyer, tmp_path
):
    tea = staff.product(available=9)
    assert buyer.order(tea, quantity=2).status_code == 201
    whole = operate(stack, tmp_path, "verify")

    table = stack.outputs["StockTableName"]
    one_less = {
        "TableName": table,
        "Key": {"product_id": {"S": tea}},
        "UpdateExpression": "ADD available :n",
    }
    stack.client("dynamodb").update_item(**one_less, ExpressionAttributeValues={":n": {"N": "-1"}})
    drifting = operate(stack, tmp_path, "verify")
    stack.client("dynamodb").update_item(**one_less, ExpressionAttributeValues={":n": {"N": "1"}})

    assert whole.returncode == 0, whole.stdout + whole.stderr
    assert ", 0 drift" in whole.stdout
    assert drifting.returncode == 1
    assert ", 1 drift" in drifting.stdout


def test_the_operator_has_the_index_made_anew(stack, staff, visitor, tmp_path):
    category = f"lost-{uuid4().hex}"
    tea = staff.product(available=1, category=category)
    query = {"category": category, "in_stock": True}
    eventually(lambda: visitor.get("/products", **query).json()["items"] != [])
    dynamodb, table = stack.client("dynamodb"), stack.outputs["ListingsTableName"]

    def is_lost() -> bool:
        """For good, whatever was still on its way to the index."""
        for partition, entry_id in ((f"category#{category}", tea), (f"indexed#{tea}", "indexed")):
            key = {"partition": {"S": partition}, "entry_id": {"S": entry_id}}
            dynamodb.delete_item(TableName=table, Key=key)
        return bool(visitor.get("/products", **query).json()["items"] == [])

    eventually(is_lost)

    done = operate(stack, tmp_path, "reindex")

    assert done.returncode == 0, done.stderr
    eventually(lambda: visitor.get("/products", **query).json()["items"] != [])
