"""Each example of the document is accepted as it stands, in an order that works."""

import json
import os
import re
from collections.abc import Iterator
from datetime import timedelta
from functools import partial
from importlib import import_module
from typing import Any

import pyotp
import pytest

from docs.contract.document import APIS, DOCUMENT
from docs.contract.example_bodies import REQUESTS, RESPONSES
from orders.payments import local_events, stripe_events
from orders.payments import service as payments
from orders.payments.provider import Captured
from shared import clock
from shared.aws import client
from shared.pictures.lists import set_result
from shared.storage.models.accounts import User
from shared.storage.models.uploads import Upload
from shared.storage.pictures import change_pictures
from tests.support import accounts, imports, pictures, shop
from tests.support.http import ADMIN, CONTEXT, STAFF, Answer, Caller, sample, to_answer
from tests.support.http import _set_caller as set_caller
from tests.support.json_schemas import Schemas
from tests.support.payments import Bank

API = json.loads(DOCUMENT.read_text())
SCHEMAS = Schemas(API)
EXAMPLES: dict[str, Any] = json.loads(REQUESTS.read_text())
ANSWERS: dict[str, Any] = json.loads(RESPONSES.read_text())
OPERATIONS = {
    operation["operationId"]: (method.upper(), path, operation)
    for path, operations in API["paths"].items()
    for method, operation in operations.items()
}
recorded: dict[str, Any] = {}
pytestmark = pytest.mark.usefixtures("aws")


@pytest.fixture(scope="module", autouse=True)
def record() -> Iterator[None]:
    yield
    if os.environ.get("SOUK_RECORD_EXAMPLES"):
        changed = {
            name: answer
            for name, answer in recorded.items()
            if shape_of(answer) != shape_of(ANSWERS.get(name))
        }
        RESPONSES.write_text(f"{json.dumps(ANSWERS | changed, indent=1, ensure_ascii=False)}\n")


def shape_of(value: Any) -> Any:
    """The members and types of JSON. Ids, times and tokens differ at each run."""
    if isinstance(value, dict):
        return {name: shape_of(member) for name, member in value.items()}
    if isinstance(value, list):
        return [shape_of(member) for member in value]
    return type(value).__name__


@pytest.fixture(autouse=True)
def bank(monkeypatch: pytest.MonkeyPatch) -> None:
    """The payment provider, in this process."""
    provider = Bank()
    monkeypatch.setattr(payments, "get_provider", lambda: provider)


def api_of(name: str) -> Any:
    for module in APIS:
        api = import_module(module).api
        api.load_all()
        routes = api._static_routes + api._dynamic_routes  # noqa: SLF001
        if any(route.func.__name__ == name for route in routes):
            return api
    raise LookupError(name)


def send(
    name: str,
    caller: Caller | dict[str, Any] | None = None,
    *,
    query: dict[str, str] | None = None,
    headers: dict[str, str] | None = None,
    secrets: dict[str, str] | None = None,
    **path: str,
) -> Answer:
    """Sends the example of an operation. `secrets` replace members that no example can have."""
    method, template, operation = OPERATIONS[name]
    event = sample("orders.place")
    event["rawPath"] = template.format(**path)
    event["routeKey"] = f"{method} {template}"
    event["requestContext"]["http"] |= {"method": method, "path": event["rawPath"]}
    event["pathParameters"] = path
    event["queryStringParameters"] = query or {}
    event["headers"] |= {
        parameter["name"].lower(): parameter["example"]
        for parameter in operation.get("parameters", [])
        if parameter["in"] == "header" and parameter["required"]
    } | (headers or {})
    set_caller(event, caller)
    if name in EXAMPLES:
        event["body"] = json.dumps(EXAMPLES[name] | (secrets or {}))
    else:
        event["body"] = None
    answer = to_answer(api_of(name).resolve(event, CONTEXT))
    assert answer.status < 300, (name, answer)
    check(name, answer.status, answer.body)
    if answer.body:
        recorded[name] = answer.body
    return answer


def check(name: str, status: int, body: Any) -> None:
    """The body is one that the document describes."""
    content = OPERATIONS[name][2]["responses"][str(status)].get("content", {})
    if not content:
        assert not body, name
        return
    (media_type,) = content.values()
    assert SCHEMAS.problems(media_type["schema"], body) == [], name


def if_match(answer: Answer) -> dict[str, str]:
    return {"if-match": answer.headers["ETag"]}


def logged_in() -> tuple[dict[str, Any], str]:
    """The context of a caller who registered, confirmed the address and logged in, and the id."""
    user_id = send("register").body["id"]
    send("verify_email", secrets={"token": accounts.create_link_token("verify_email", user_id)})
    tokens = send("log_in").body
    return accounts.authorize(tokens["access_token"]), user_id


def test_the_examples_of_an_account_are_accepted():
    ada, user_id = logged_in()
    tokens = send("log_in").body

    send("resend_verification_email")
    send("refresh_tokens", secrets={"refresh_token": tokens["refresh_token"]})
    me = send("get_me", ada)
    send("update_me", ada, headers=if_match(me))
    sessions = send("list_sessions", ada).body["items"]
    send("end_session", ada, session_id=sessions[0]["id"])
    send("end_other_sessions", ada)
    address = send("create_address", ada)
    address_id = address.body["id"]
    send("list_addresses", ada)
    send("get_address", ada, address_id=address_id)
    send("update_address", ada, headers=if_match(address), address_id=address_id)
    send("export_me", ada)
    send("delete_address", ada, address_id=address_id)
    send("request_email_change", ada)
    send("change_password", ada)
    send("request_password_reset")
    token = accounts.create_link_token("reset_password", user_id)
    send("reset_password", secrets={"token": token})


def test_the_examples_of_a_second_factor_are_accepted():
    ada, _ = logged_in()
    now = clock.utc_now()

    app = pyotp.TOTP(send("start_second_factor", ada).body["secret"])
    codes = [app.at(now + timedelta(seconds=off)) for off in (-30, 0, 30)]
    send("confirm_second_factor", ada, secrets={"code": codes[0]})
    send("replace_recovery_codes", ada, secrets={"code": codes[1]})
    send("disable_second_factor", ada, secrets={"code": codes[2]})
    send("log_out", ada)


def test_the_example_of_a_deletion_is_accepted():
    ada, _ = logged_in()

    send("delete_me", ada)


def test_the_examples_of_staff_accounts_are_accepted():
    staff_is_logged_in()
    shop.user(ADMIN.user_id, roles={"customer", "admin"})
    _, user_id = logged_in()

    key = send("create_api_key", STAFF).body["id"]
    send("list_api_keys", STAFF)
    send("revoke_api_key", STAFF, key_id=key)
    send("list_users", ADMIN)
    user = send("get_user", ADMIN, user_id=user_id)
    send("update_user", ADMIN, headers=if_match(user), user_id=user_id)
    send("end_user_sessions", ADMIN, user_id=user_id)
    assert User.get(user_id).roles == {"customer", "staff"}


def staff_is_logged_in() -> None:
    staff = shop.user(STAFF.user_id, roles={"customer", "staff"})
    accounts.session(staff, session_id=STAFF.session_id)


def stocked_product() -> str:
    created = send("create_product", STAFF)
    product_id = str(created.body["id"])
    stock = send("get_stock", STAFF, product_id=product_id)
    send("set_stock", STAFF, headers=if_match(stock), product_id=product_id)
    return product_id


def test_the_examples_of_the_catalog_are_accepted():
    product_id = stocked_product()
    shop.index_published_events()

    send("adjust_stock", STAFF, product_id=product_id)
    send("list_stock_movements", STAFF, product_id=product_id)
    category = send("create_category", STAFF)
    category_id = category.body["id"]
    send("list_categories")
    send("get_category", category_id=category_id)
    send("update_category", STAFF, headers=if_match(category), category_id=category_id)
    send("delete_category", STAFF, headers={"if-match": "*"}, category_id=category_id)
    send("list_products")
    send("search_products", query={"q": "green tea"})
    send("get_product", product_id=product_id)
    send("list_staff_products", STAFF)
    product = send("get_staff_product", STAFF, product_id=product_id)
    product = send("update_product", STAFF, headers=if_match(product), product_id=product_id)
    product = send("replace_product", STAFF, headers=if_match(product), product_id=product_id)
    send("archive_product", STAFF, headers=if_match(product), product_id=product_id)


def price_list() -> None:
    for table in ("tax_rates", "shipping_rates"):
        rates = send(f"get_{table}", STAFF)
        send(f"replace_{table}", STAFF, headers=if_match(rates))
        send(f"get_{table}", STAFF)
    created = send("create_promotion", STAFF)
    send("list_promotions", STAFF)
    promotion = send("get_promotion", STAFF, code=created.body["code"])
    send("update_promotion", STAFF, headers=if_match(promotion), code=created.body["code"])


def test_the_examples_of_an_order_are_accepted():
    staff_is_logged_in()
    stocked_product()
    price_list()
    ada, _ = logged_in()

    send("quote_order", ada)
    order_id = send("place_order", ada).body["id"]
    send("list_orders", ada)
    send("start_payment", ada, order_id=order_id)
    send("mark_order_paid", STAFF, order_id=order_id)
    send("add_order_note", STAFF, order_id=order_id)
    send("resend_order_confirmation", STAFF, order_id=order_id)
    send("ship_order", STAFF, order_id=order_id)
    send("deliver_order", STAFF, order_id=order_id)
    send("return_order", STAFF, order_id=order_id)
    send("refund_order", STAFF, order_id=order_id)
    send("get_order", ada, order_id=order_id)
    send("list_staff_orders", STAFF)
    send("get_staff_order", STAFF, order_id=order_id)


def test_the_examples_of_parcels_are_accepted():
    staff_is_logged_in()
    stocked_product()
    price_list()
    ada, _ = logged_in()
    order_id = send("place_order", ada).body["id"]
    send("mark_order_paid", STAFF, order_id=order_id)

    found = send("get_staff_order", STAFF, order_id=order_id)
    send("change_order_address", STAFF, headers=if_match(found), order_id=order_id)
    created = send("create_shipment", STAFF, order_id=order_id)
    path = {"order_id": order_id, "shipment_id": created.body["shipments"][0]["id"]}
    send("list_shipments", STAFF, order_id=order_id)
    shipment = send("get_shipment", STAFF, **path)
    send("update_shipment", STAFF, headers=if_match(shipment), **path)
    send("cancel_order_units", STAFF, order_id=order_id)


def test_the_example_of_a_cancellation_is_accepted():
    stocked_product()
    price_list()
    ada, _ = logged_in()
    order_id = send("place_order", ada).body["id"]

    send("cancel_order", ada, order_id=order_id)


def test_the_example_of_another_buyer_is_accepted():
    staff_is_logged_in()
    stocked_product()
    price_list()
    ada, _ = logged_in()
    order_id = send("place_order", ada).body["id"]

    found = send("get_staff_order", STAFF, order_id=order_id)
    send("change_order_buyer", STAFF, headers=if_match(found), order_id=order_id)


def test_the_examples_of_a_guest_are_accepted():
    stocked_product()
    price_list()

    send("quote_guest_order")
    placed = send("place_guest_order").body
    token = {"order-token": placed["order_token"]}
    send("get_guest_order", headers=token, order_id=placed["id"])
    send("start_guest_payment", headers=token, order_id=placed["id"])
    send("cancel_guest_order", headers=token, order_id=placed["id"])


def test_the_examples_of_carts_are_accepted():
    stocked_product()
    price_list()
    ada, _ = logged_in()

    guest = send("update_guest_cart").body["cart_token"]
    token = {"cart-token": guest}
    cart = send("get_guest_cart", headers=token)
    send("replace_guest_cart", headers=token | if_match(cart))
    send("quote_guest_cart", headers=token)
    send("merge_carts", ada, headers=token)
    cart = send("get_cart", ada)
    send("replace_cart", ada, headers=if_match(cart))
    send("update_cart", ada)
    send("quote_cart", ada)
    send("empty_cart", ada)
    send("empty_guest_cart", headers={"cart-token": send("update_guest_cart").body["cart_token"]})


def test_the_examples_of_pictures_are_accepted():
    staff_is_logged_in()
    pictures.create_queue()
    product = shop.listed_product("tea").product_id
    created = send("create_picture", STAFF, product_id=product).body["id"]
    front = send("create_picture", STAFF, product_id=product).body["id"]
    change_pictures(product, lambda found: set_result(found, created, pictures.READY))

    found = send("list_pictures", STAFF, product_id=product)
    named = EXAMPLES["update_pictures"]["pictures"]
    ordered = [
        each | {"id": picture} for each, picture in zip(named, (created, front), strict=True)
    ]
    send(
        "update_pictures",
        STAFF,
        headers=if_match(found),
        secrets={"pictures": ordered},
        product_id=product,
    )
    send("delete_picture", STAFF, product_id=product, picture_id=created)
    send("create_picture_file", STAFF)


def test_the_examples_of_files_are_accepted():
    export = send("create_export", STAFF).body["id"]
    send("list_exports", STAFF)
    send("get_export", STAFF, export_id=export)
    mapping = send("create_import_mapping", STAFF, headers={"idempotency-key": "4" * 8})
    mapping_id = mapping.body["id"]
    send("get_import_mapping", STAFF, mapping_id=mapping_id)
    send("list_import_mappings", STAFF)
    send("replace_import_mapping", STAFF, headers=if_match(mapping), mapping_id=mapping_id)
    send("delete_import_mapping", STAFF, mapping_id=mapping_id)
    export = send("create_product_export", STAFF).body["id"]
    send("list_product_exports", STAFF)
    send("get_product_export", STAFF, export_id=export)
    upload = send("create_upload", STAFF).body["id"]
    send("get_upload", STAFF, upload_id=upload)
    send("list_uploads", STAFF)
    send("cancel_upload", STAFF, upload_id=upload)
    imports.upload(status="awaiting_confirmation", phase="finishing", chunks=1)
    client("sqs").create_queue(QueueName="souk-imports")
    send("confirm_upload", STAFF, upload_id="upl_one")
    in_parts = send("create_upload", STAFF, secrets={"size": 150_000_000}).body["id"]
    stored = Upload.get(in_parts, "upload")
    part = client("s3").upload_part(
        Bucket="souk-uploads",
        Key=f"uploads/{in_parts}",
        UploadId=stored.multipart_id,
        PartNumber=1,
        Body=b"sku",
    )
    send("complete_upload", STAFF, secrets={"etags": [part["ETag"]]}, upload_id=in_parts)
    send("get_health")
    del send("list_countries").body["items"][3:]  # the example needs no more
    send("get_country", code="HK")


def test_every_request_body_has_an_example():
    with_body = {
        name for name, (_, _, operation) in OPERATIONS.items() if "requestBody" in operation
    }

    assert with_body - EXAMPLES.keys() == {"receive_payment_webhook"}
    assert EXAMPLES.keys() <= with_body


@pytest.mark.parametrize(
    ("name", "parse"),
    [
        ("stripe", partial(stripe_events.parse_event, find_order_id=lambda _: None)),
        ("local", local_events.parse_event),
    ],
)
def test_the_examples_of_the_webhook_are_understood(name, parse):
    content = OPERATIONS["receive_payment_webhook"][2]["requestBody"]["content"]
    body = content["application/json"]["examples"][name]["value"]

    event = parse(json.dumps(body).encode())

    assert isinstance(event, Captured)
    assert (event.payment_id, event.amount.amount_minor) == (find_payment_id(body), 2998)


def find_payment_id(body: dict[str, Any]) -> str:
    """Stripe's data has the payment as its object; the local provider's is the payment."""
    payment: dict[str, Any] = body["data"].get("object", body["data"])
    return str(payment["id"])


def test_every_json_answer_has_an_example_that_fits():
    expected = set()
    for name, (_, _, operation) in OPERATIONS.items():
        for status, response in operation["responses"].items():
            if status.startswith("2") and "application/json" in response.get("content", {}):
                expected.add(name)
                if name in ANSWERS:
                    check(name, int(status), ANSWERS[name])

    assert expected - ANSWERS.keys() == {"get_openapi_document", "get_asyncapi_document"}
    assert ANSWERS.keys() <= expected


def test_each_link_names_an_operation_and_its_parameter():
    links = [
        link
        for _, _, operation in OPERATIONS.values()
        for response in operation["responses"].values()
        for link in response.get("links", {}).values()
    ]

    assert {link["operationId"] for link in links} >= {"start_payment", "update_product"}
    for link in links:
        parameters = OPERATIONS[link["operationId"]][2]["parameters"]
        names = {f"{parameter['in']}.{parameter['name']}" for parameter in parameters}
        assert link["parameters"].keys() <= names


def test_the_document_begins_with_the_chapters():
    chapters = [line[3:] for line in API["info"]["description"].splitlines() if line[:3] == "## "]

    assert chapters == [
        "Bodies",
        "Authentication",
        "Errors",
        "Idempotency",
        "Pagination",
        "Money",
        "Concurrency",
        "Rate limits",
        "Versioning and deprecation",
        "Events",
        "Error codes",
    ]


def test_the_last_chapter_lists_each_code_once():
    listed = re.findall(r"^\| `(\w+)` \| (\d+) \|", API["info"]["description"], re.MULTILINE)

    schemas = API["components"]["schemas"].values()
    codes = [schema["properties"].get("code", {}) for schema in schemas if "properties" in schema]
    assert sorted(code for code, _ in listed) == sorted(
        code["const"] for code in codes if "const" in code
    )
