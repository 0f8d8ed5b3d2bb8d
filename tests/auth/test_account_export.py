"""Whole slice: users export everything that the shop stores about them, and nothing else."""

import json
from datetime import timedelta

import pytest

from auth.handler import handler
from auth.privacy.order_documents import document_from_order
from auth.privacy.schemas import PAGE_ITEMS_MAX
from orders.checkout.schemas import LINES_MAX
from orders.handler import handler as orders
from shared import clock, ids
from shared.storage.models.accounts import ApiKey, Login, Session, User
from shared.storage.models.orders import Order, OrderLine, OrderStep, OrderTotals, ShippingAddress
from shared.storage.models.uploads import Upload
from tests.support import logs, shop
from tests.support.accounts import call, get_tokens, register
from tests.support.http import ADA, BOB, NOBODY, Caller, send

pytestmark = pytest.mark.usefixtures("aws")

LAMBDA_ANSWER_BYTES_MAX = 6 * 1024 * 1024


def export(token: str, **query: str):
    return call("me.export", token, query=query)


def place(buyer: Caller, key: str):
    product = shop.product("TEA", available=1000)
    lines = [{"product_id": product.product_id, "quantity": 1}]
    body = {"lines": lines, "shipping_address": shop.ADDRESS}
    headers = {"idempotency-key": key}
    return send(orders, "orders.place", caller=buyer, body=body, headers=headers).body


def upload(owner_id: str, filename: str = "tea.csv") -> Upload:
    now = clock.utc_now()
    stored = Upload(
        ids.new_id("upl"),
        "upload",
        owner_id=owner_id,
        kind="products",
        filename=filename,
        status="completed",
        created_at=now,
        expires_at=now + timedelta(days=30),
    )
    stored.save()
    return stored


def api_key(user_id: str) -> ApiKey:
    now = clock.utc_now()
    stored = ApiKey(
        user_id,
        ids.new_id("key"),
        name="nightly sync",
        permissions={"products:write"},
        secret_hash="canary-secret-hash",
        created_at=now,
        expires_at=now + timedelta(days=30),
    )
    stored.save()
    return stored


def long_order(buyer_id: str, order_id: str, *, lines: int) -> Order:
    """Every text has its maximum length, in characters that take the most bytes."""
    now = clock.utc_now()
    order = Order(
        order_id,
        buyer_id=buyer_id,
        status="pending_payment",
        currency="EUR",
        lines=[
            OrderLine(
                product_id=ids.derived_id("prd", str(n)),
                sku="S" * 64,
                name="\N{TEAPOT}" * 200,
                quantity=10_000,
                unit_price_minor=99_999_999,
                line_total_minor=999_999_990_000,
            )
            for n in range(lines)
        ],
        totals=OrderTotals(
            items_minor=0, discount_minor=0, shipping_minor=0, tax_minor=0, total_minor=0
        ),
        shipping_address=ShippingAddress(
            name="\N{TEAPOT}" * 100,
            line1="\N{TEAPOT}" * 200,
            line2="\N{TEAPOT}" * 200,
            postal_code="1" * 20,
            city="\N{TEAPOT}" * 100,
            region="\N{TEAPOT}" * 100,
            country="GB",
        ),
        history=[OrderStep(status="pending_payment", at=now, by=buyer_id)],
        placed_at=now,
        placed_month=f"{now:%Y-%m}",
        fingerprint="f" * 64,
        version=1,
    )
    order.save()
    return order


def lambda_response(answer: dict) -> bytes:
    """The body is text inside JSON. Lambda's runtime escapes its quotes, but no letters."""
    return json.dumps(answer, ensure_ascii=False).encode()


def pages(token: str) -> list[dict]:
    """Read every page of the export."""
    read = [export(token).body]
    while read[-1]["next_cursor"]:
        read.append(export(token, cursor=read[-1]["next_cursor"]).body)
    return read


def test_the_export_has_everything_stored_about_the_user():
    user_id = register().body["id"]
    tokens = get_tokens(device="Lynx/2.9")
    User(user_id).update([User.new_email.set("new@x.com"), User.previous_email.set("old@x.com")])
    key, file = api_key(user_id), upload(user_id)
    order = place(Caller(user_id), "key-1")

    answer = export(tokens["access_token"])

    body = answer.body
    assert answer.status == 200
    assert body["profile"]["email"] == "ada@example.com"
    assert (body["profile"]["new_email"], body["profile"]["previous_email"]) == (
        "new@x.com",
        "old@x.com",
    )
    assert body["profile"]["second_factor"] is False
    assert [(item["device"], item["current"]) for item in body["sessions"]] == [("Lynx/2.9", True)]
    assert [(item["id"], item["name"]) for item in body["api_keys"]] == [(key.key_id, key.name)]
    assert [(item["id"], item["filename"]) for item in body["uploads"]] == [
        (file.upload_id, "tea.csv")
    ]
    (exported,) = body["orders"]
    assert exported == document_from_order(Order.get(order["id"]))
    assert exported["shipping_address"].items() >= shop.ADDRESS.items()
    assert exported["totals"]["total"] == order["totals"]["total"]
    assert body["next_cursor"] is None


def test_the_export_is_a_file_that_is_never_cached():
    register()

    headers = export(get_tokens()["access_token"]).headers

    assert headers["Content-Disposition"] == 'attachment; filename="account.json"'
    assert headers["Cache-Control"] == "no-store"


def test_the_export_has_ended_sessions_that_are_still_stored():
    user_id = register().body["id"]
    get_tokens(device="old")
    for table, key in ((User, user_id), (Login, "ada@example.com")):
        table(key).update([table.access_epoch.set(2)])

    body = export(get_tokens(device="new")["access_token"]).body

    assert sorted(item["device"] for item in body["sessions"]) == ["new", "old"]


def test_the_export_has_no_secrets_and_no_digests():
    user_id = register().body["id"]
    tokens = get_tokens()
    api_key(user_id)
    (session,) = Session.query(user_id)
    login = Login.get("ada@example.com")

    shown = str(export(tokens["access_token"]).body)

    secrets = [login.password_hash, session.refresh_hash, session.family_hash, "canary-secret-hash"]
    assert [secret for secret in secrets if secret in shown] == []
    assert tokens["refresh_token"] not in shown
    assert tokens["access_token"] not in shown


def test_the_export_has_nothing_about_other_users():
    register(email="bob@example.com")
    get_tokens(email="bob@example.com")
    upload(BOB.user_id, "bob.csv")
    api_key(BOB.user_id)
    place(BOB, "key-1")
    register()

    body = export(get_tokens()["access_token"]).body

    assert body["orders"] == body["uploads"] == body["api_keys"] == []
    assert len(body["sessions"]) == 1
    assert "bob" not in str(body)


def test_every_item_is_on_exactly_one_page():
    user_id = register().body["id"]
    token = get_tokens()["access_token"]
    keys = {api_key(user_id).key_id for _ in range(3)}
    files = {upload(user_id).upload_id for _ in range(PAGE_ITEMS_MAX)}
    placed = {
        long_order(user_id, f"ord_{n:03}", lines=1).order_id for n in range(PAGE_ITEMS_MAX + 5)
    }

    read = pages(token)

    exported = {
        kind: [item["id"] for page in read for item in page[kind]]
        for kind in ("sessions", "api_keys", "uploads", "orders")
    }
    assert [len(exported[kind]) for kind in exported] == [1, 3, PAGE_ITEMS_MAX, PAGE_ITEMS_MAX + 5]
    assert set(exported["api_keys"]) == keys
    assert set(exported["uploads"]) == files
    assert set(exported["orders"]) == placed
    assert all(sum(len(page[kind]) for kind in exported) <= PAGE_ITEMS_MAX for page in read)
    assert all(page["profile"]["id"] == user_id for page in read)


def test_the_page_after_a_full_page_starts_the_next_kind():
    user_id = register().body["id"]
    token = get_tokens()["access_token"]
    for _ in range(PAGE_ITEMS_MAX - 1):
        api_key(user_id)
    order = place(Caller(user_id), "key-1")

    first, second = pages(token)

    assert (len(first["sessions"]), len(first["api_keys"])) == (1, PAGE_ITEMS_MAX - 1)
    assert first["orders"] == []
    assert [exported["id"] for exported in second["orders"]] == [order["id"]]


def test_a_page_of_the_longest_orders_fits_lambdas_limit():
    shop.user(ADA.user_id)
    long_order(ADA.user_id, "ord_long", lines=LINES_MAX)
    answers = []

    def measured(event, context):
        answers.append(handler(event, context))
        return answers[-1]

    assert len(send(measured, "me.export").body["orders"]) == 1
    assert len(lambda_response(answers[0])) * PAGE_ITEMS_MAX < LAMBDA_ANSWER_BYTES_MAX


def test_a_cursor_works_only_for_its_own_user():
    user_id = register().body["id"]
    for _ in range(PAGE_ITEMS_MAX):
        api_key(user_id)
    cursor = export(get_tokens()["access_token"]).body["next_cursor"]
    register(email="bob@example.com")

    answer = export(get_tokens(email="bob@example.com")["access_token"], cursor=cursor)

    assert (answer.status, answer.code) == (400, "cursor_user_mismatch")


def test_the_export_needs_a_token_and_an_account():
    assert send(handler, "me.export", caller=NOBODY).code == "token_missing"
    gone = send(handler, "me.export", caller=ADA)
    assert (gone.status, gone.code) == (401, "session_ended")


def test_an_export_is_audited_without_the_address():
    user_id = register().body["id"]
    token = get_tokens()["access_token"]

    with logs.captured() as lines:
        export(token)

    (line,) = [line for line in lines.saying("audit") if line["action"] == "export_me"]
    assert (line["user_id"], line["result"]) == (user_id, "done")
    assert "ada@example.com" not in lines.text
