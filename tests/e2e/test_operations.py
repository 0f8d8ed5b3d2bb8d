"""An operator's commands on the local stack, as `make` runs them."""

import json
from concurrent.futures import ThreadPoolExecutor
from threading import Event
from uuid import uuid4

import httpx

from local.key_rotation import SIGNING_RINGS
from tests.e2e.conftest import Shop, run_operation, wait_until

USERS = 8
CALLS_MIN = 100  # before the rotation, and again after it


def test_an_admin_lists_users_and_cannot_bypass_the_rules(admin, buyer):
    email, user_id = buyer.email, buyer.get("/me").json()["id"]

    (found,) = admin.get("/users", email=email).json()["items"]

    def set_roles(user_id: str, *roles: str) -> httpx.Response:
        body = {"roles": list(roles)}
        return admin.call("PATCH", f"/users/{user_id}", json=body, headers={"if-match": "*"})

    unverified = set_roles(user_id, "customer", "staff")
    own = set_roles(admin.get("/me").json()["id"], "staff")

    assert found["id"] == user_id
    assert unverified.json()["error"]["code"] == "email_not_verified"
    assert own.json()["error"]["code"] == "cannot_modify_own_account"
    assert admin.get("/users", limit=1).json()["next_cursor"] is not None


def test_an_unknown_or_unverified_account_becomes_no_admin(stack, buyer, tmp_path):
    unknown = run_operation(stack, tmp_path, "admin", "nobody@example.com")
    unverified = run_operation(stack, tmp_path, "admin", buyer.email)

    assert (unknown.returncode, unverified.returncode) == (1, 1)
    assert "Register it" in unknown.stderr
    assert "Ask them to confirm it first" in unverified.stderr


def test_a_file_is_imported_with_a_summary(stack, tmp_path):
    rows = "".join(f"{uuid4().hex},Tea,100,EUR,3\n" for _ in range(600))
    file = tmp_path / "teas.csv"
    file.write_text(f"sku,name,price_minor,currency,available\n{rows}BAD,Tea,free,EUR,3\n")
    account = {"SOUK_EMAIL": stack.staff.email, "SOUK_PASSWORD": stack.staff.password}

    checked = run_operation(stack, tmp_path, "import", str(file), "--dry-run", **account)
    written = run_operation(stack, tmp_path, "import", str(file), **account)

    assert (checked.returncode, written.returncode) == (1, 1), checked.stderr + written.stderr
    assert "awaiting_confirmation; 601 rows, 1 rejected, 600 created" in checked.stdout
    assert "completed; 601 rows, 1 rejected, 600 created" in written.stdout
    assert "row 602, price_minor:" in written.stdout


def test_key_rotation_under_load_fails_no_request(stack, visitor, buyer, tmp_path):
    """Each user signs and verifies tokens all the time.

    tests/local/test_key_ring_rotation.py tests when the new key takes over.
    """
    stopped, codes = Event(), list[int]()

    def send_requests(client: Shop) -> None:
        while not stopped.is_set():
            refreshed = client.post("/auth/refresh", {"refresh_token": client.refresh_token})
            codes.append(refreshed.status_code)
            tokens = refreshed.json()
            client = Shop(client.connection, tokens["access_token"], tokens["refresh_token"])
            codes.append(client.get("/me").status_code)

    clients = [visitor.register() for _ in range(USERS)]
    with ThreadPoolExecutor(USERS) as pool:
        users = [pool.submit(send_requests, client) for client in clients]
        try:
            wait_until(lambda: len(codes) > CALLS_MIN)
            rotated = run_operation(stack, tmp_path, "rotate-keys")
            before = len(codes)
            wait_until(lambda: len(codes) > before + CALLS_MIN)
        finally:
            stopped.set()

    assert rotated.returncode == 0, rotated.stderr
    assert set(codes) == {200}
    assert [user.exception() for user in users] == [None] * USERS
    secret_id = stack.physical_ids["TokenKeysSecret"]
    ring = stack.client("secretsmanager").get_secret_value(SecretId=secret_id)
    assert json.loads(ring["SecretString"]).keys() == {"current", "k1", "k2", "next", "next_from"}
    assert visitor.register().get("/me").status_code == 200
    assert buyer.get("/me").status_code == 200
    again = run_operation(stack, tmp_path, "rotate-keys")
    assert again.returncode == 1
    assert "min" in again.stderr
    assert SIGNING_RINGS[0] in again.stderr


def test_verify_reports_stock_that_no_order_explains(stack, staff, buyer, tmp_path):
    tea = staff.create_product(available=9)
    assert buyer.place_order(tea, quantity=2).status_code == 201
    consistent = run_operation(stack, tmp_path, "verify")

    table = stack.outputs["StockTableName"]
    change = {
        "TableName": table,
        "Key": {"product_id": {"S": tea}},
        "UpdateExpression": "ADD available :n",
    }
    stack.client("dynamodb").update_item(**change, ExpressionAttributeValues={":n": {"N": "-1"}})
    drifting = run_operation(stack, tmp_path, "verify")
    stack.client("dynamodb").update_item(**change, ExpressionAttributeValues={":n": {"N": "1"}})

    assert consistent.returncode == 0, consistent.stdout + consistent.stderr
    assert ", 0 drift" in consistent.stdout
    assert drifting.returncode == 1
    assert ", 1 drift" in drifting.stdout


def test_reindex_restores_lost_listings(stack, staff, visitor, tmp_path):
    category = f"lost-{uuid4().hex}"
    tea = staff.create_product(available=1, category=category)
    query = {"category": category, "in_stock": True}
    wait_until(lambda: visitor.get("/products", **query).json()["items"] != [])
    dynamodb, table = stack.client("dynamodb"), stack.outputs["ListingsTableName"]

    def is_deleted() -> bool:
        """Deletes each time: the index worker may still write the listing again."""
        for partition, entry_id in ((f"category#{category}", tea), (f"indexed#{tea}", "indexed")):
            key = {"partition": {"S": partition}, "entry_id": {"S": entry_id}}
            dynamodb.delete_item(TableName=table, Key=key)
        return bool(visitor.get("/products", **query).json()["items"] == [])

    wait_until(is_deleted)

    reindexed = run_operation(stack, tmp_path, "reindex")

    assert reindexed.returncode == 0, reindexed.stderr
    wait_until(lambda: visitor.get("/products", **query).json()["items"] != [])
    # What was lost without a transaction is still counted in its category.
    run_operation(stack, tmp_path, "repair", "--apply")
    assert run_operation(stack, tmp_path, "verify").returncode == 0
