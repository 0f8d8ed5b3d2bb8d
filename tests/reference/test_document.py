"""The OpenAPI document matches the code and the template."""

import json
import re
import tomllib
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

from docs import asyncapi
from docs.contract import document as contract
from docs.contract.details import all_details, details_of
from docs.contract.errors import every_refusal
from shared.security.permissions import GRANTABLE_TO_KEYS, Permission
from tests.reference.calls import call
from tests.support import contract as contract_of_answers
from tests.template import stack

DOCUMENT = json.loads(contract.DOCUMENT.read_text())
RESULT_BY_MAIL = {
    "POST /v1/auth/password/forgot",
    "POST /v1/auth/verify-email/resend",
    "POST /v1/me/email",
    "POST /v1/orders/{order_id}/resend-confirmation",
}
Operation = dict[str, Any]
FOLDERS = (
    "functions",
    "shared",
    "local",
    "benchmarks",
    "docs",
    "tests",
    "events",
    ".ci",
    ".github",
)


def sources() -> Iterator[Path]:
    """The files that people edit; requirements name the versions of other projects."""
    for folder in FOLDERS:
        for path in (contract.ROOT / folder).rglob("*"):
            is_generated = ".state" in path.parts or "__pycache__" in path.parts
            is_lock = path.name.startswith(("requirements", "package-lock"))
            if path.is_file() and not is_generated and not is_lock:
                yield path
    for path in contract.ROOT.iterdir():
        if path.is_file() and not path.name.startswith(("requirements", ".git")):
            yield path


def operations() -> Iterator[tuple[str, Operation]]:
    for path, methods in DOCUMENT["paths"].items():
        for method, operation in methods.items():
            yield f"{method.upper()} {path}", operation


def references(node: Any) -> Iterator[str]:
    if isinstance(node, dict):
        if isinstance(node.get("$ref"), str):
            yield node["$ref"]
        node = list(node.values())
    if isinstance(node, list):
        for each in node:
            yield from references(each)


def served_by_the_template() -> set[str]:
    paths = stack.of_type("AWS::ApiGatewayV2::Api")["Api"]["Body"]["paths"]
    routes = {f"{method.upper()} {path}" for path, methods in paths.items() for method in methods}
    return {route for route in routes if "$default" not in route and not route.startswith("HEAD ")}


def route_functions() -> Iterator[tuple[str, Any]]:
    for route in contract.all_routes():
        yield f"{route.method} {route.openapi_path}", route.func


def test_the_committed_document_is_up_to_date():
    assert contract.document() == DOCUMENT, "run `make openapi`"


def test_the_api_serves_the_committed_document():
    answer = call("GET", "/v1/openapi.json")

    assert answer.status == 200
    assert answer.headers["Content-Type"].startswith("application/json")
    assert answer.body == DOCUMENT


def test_document_and_template_have_the_same_routes():
    assert {route for route, _ in operations()} == served_by_the_template()


def test_every_reference_in_the_document_resolves():
    found = set(references(DOCUMENT))

    assert found
    for reference in found:
        node = DOCUMENT
        for step in reference.removeprefix("#/").split("/"):
            node = node[step]


def test_every_component_of_the_document_is_used():
    used = set(references(DOCUMENT))

    for kind in ("schemas", "responses", "headers"):
        assert [
            name
            for name in DOCUMENT["components"][kind]
            if f"#/components/{kind}/{name}" not in used
        ] == []


def test_an_operation_names_all_that_may_authenticate():
    """An empty list says that anyone may call the operation; without a list nobody could tell."""
    required = {route: function.requires for route, function in route_functions()}
    guests = {"get_guest_order", "cancel_guest_order", "start_guest_payment"}
    carts = {f"{verb}_guest_cart" for verb in ("get", "replace", "update", "empty", "quote")}

    for route, operation in operations():
        permission = required[route]
        names = [name for each in operation["security"] for name in each]
        if operation["operationId"] == "merge_carts":
            assert names == ["accessToken", "cartToken", "apiKey", "cartToken"]
        elif operation["operationId"] in carts:  # whose first change needs no token
            assert operation["security"] == [{"cartToken": []}, {}]
        elif permission is None:
            assert names == (["orderToken"] if operation["operationId"] in guests else []), route
        else:
            assert names == ["accessToken", *["apiKey"] * (permission in GRANTABLE_TO_KEYS)], route


def test_an_operation_names_its_permission():
    by_route = dict(operations())

    creating, managing = by_route["POST /v1/products"], by_route["PATCH /v1/users/{user_id}"]
    assert creating["x-permission"] == "products:write"
    assert creating["description"].endswith("Permission: `products:write`. An API key can have it.")
    assert managing["x-permission"] == "users:manage"
    assert managing["description"].endswith("Permission: `users:manage`.")
    assert "x-permission" not in by_route["GET /v1/products"]
    assert "Permission" not in by_route["GET /v1/products"]["description"]


def test_operations_name_only_existing_permissions():
    named = {
        operation["x-permission"] for _, operation in operations() if "x-permission" in operation
    }

    assert named <= set(Permission)


def test_each_way_to_authenticate_has_a_scheme_of_its_own():
    schemes = DOCUMENT["components"]["securitySchemes"]

    assert list(schemes) == ["accessToken", "apiKey", "orderToken", "cartToken"]
    assert (schemes["accessToken"]["type"], schemes["accessToken"]["scheme"]) == ("http", "bearer")
    assert (schemes["apiKey"]["type"], schemes["apiKey"]["scheme"]) == ("http", "bearer")
    assert (schemes["orderToken"]["in"], schemes["orderToken"]["name"]) == ("header", "Order-Token")
    assert (schemes["cartToken"]["in"], schemes["cartToken"]["name"]) == ("header", "Cart-Token")


def test_every_operation_has_a_unique_id_and_a_summary():
    names = [operation["operationId"] for _, operation in operations()]

    assert len(set(names)) == len(names)
    for route, operation in operations():
        words = operation["operationId"].replace("_", " ")
        assert operation["summary"].lower() not in ("", words), route
        assert not operation["summary"].endswith("."), route


def test_every_tag_is_used_and_described():
    used = {tag for _, operation in operations() for tag in operation["tags"]}

    assert {tag["name"] for tag in DOCUMENT["tags"]} == used
    assert all(tag["description"] for tag in DOCUMENT["tags"])


def test_the_document_has_the_version_of_the_project():
    project = tomllib.loads((contract.ROOT / "pyproject.toml").read_text())["project"]

    assert DOCUMENT["info"]["version"] == project["version"]


def test_no_other_file_repeats_the_version():
    """The changelog names versions when they are released."""
    version = re.compile(rf"(?<![\d.]){re.escape(contract.project_version())}(?![\d.])")
    generated = {contract.DOCUMENT, asyncapi.DOCUMENT, contract.ROOT / "CHANGELOG.md"}
    generated |= set((contract.ROOT / "docs" / "released").iterdir())
    written = [
        path.relative_to(contract.ROOT).as_posix()
        for path in sources()
        if path not in generated and version.search(path.read_text(errors="ignore"))
    ]

    assert written == ["pyproject.toml"]


def test_every_operation_has_each_status_and_no_default():
    for route, operation in operations():
        statuses = set(operation["responses"])
        assert "default" not in statuses, route
        assert len(statuses & {"200", "201", "202", "204"}) == 1, route
        assert {"403", "429", "500", "503"} <= statuses, route
        assert ("401" in statuses) >= ("x-permission" in operation), route
        assert ("304" in statuses) is ("If-None-Match" in headers_of(operation)), route
        assert ({"412", "428"} <= statuses) is is_required(operation, "If-Match"), route


def headers_of(operation: Operation) -> list[str]:
    sent = operation.get("parameters", [])
    return [parameter["name"] for parameter in sent if parameter["in"] == "header"]


def is_required(operation: Operation, header: str) -> bool:
    sent = operation.get("parameters", [])
    return any(each["name"] == header and each["required"] for each in sent)


def test_every_code_belongs_to_an_operation():
    """But two that stay inside the shop, and one that is answered where no operation is."""
    used = {code for _, _, code in contract_of_answers.documented()}
    codes = {each.code for each in every_refusal() if each.__module__.startswith("shared.errors")}

    assert codes - used == {"email_taken", "order_already_placed", "method_not_allowed"}


def test_every_type_of_details_belongs_to_a_refusal():
    described = {f"{refusal.__name__}Details" for refusal in every_refusal() if details_of(refusal)}

    assert described == all_details().keys()


def test_an_error_has_its_code_as_a_constant():
    """So a generated client tells errors apart, and knows the details of each."""
    error = DOCUMENT["components"]["schemas"]["OutOfStockError"]
    short = DOCUMENT["components"]["schemas"]["OutOfStockDetails"]

    assert error["properties"]["code"] == {"type": "string", "const": "out_of_stock"}
    assert error["properties"]["details"] == {"$ref": "#/components/schemas/OutOfStockDetails"}
    assert short["properties"]["lines"]["items"] == {"$ref": "#/components/schemas/ShortLine"}


def test_the_document_names_its_servers_contact_and_licence():
    assert [server["url"] for server in DOCUMENT["servers"]] == ["/", "https://{address}"]
    assert DOCUMENT["info"]["contact"]["name"]
    assert DOCUMENT["info"]["license"] == {"name": "MIT", "identifier": "MIT"}
    assert (contract.ROOT / "LICENSE").read_text().startswith("MIT License")


def test_no_parameter_is_nullable_and_headers_have_examples():
    for route, operation in operations():
        for parameter in operation.get("parameters", []):
            assert "null" not in json.dumps(parameter["schema"]), (route, parameter["name"])
            if parameter["in"] == "header":
                assert parameter["example"], (route, parameter["name"])


def test_a_patch_declares_the_media_type_of_merge_patches():
    for route, operation in operations():
        if route.startswith("PATCH"):
            content = operation["requestBody"]["content"]
            assert list(content) == ["application/merge-patch+json"], route


def test_the_webhook_has_its_body_and_signatures():
    webhook = dict(operations())["POST /v1/payments/webhook"]

    assert headers_of(webhook) == ["Stripe-Signature", "Payment-Signature"]
    assert webhook["requestBody"]["required"] is True
    assert webhook["security"] == []


def test_a_response_without_a_body_has_no_content():
    for route, operation in operations():
        (success, *_) = sorted(operation["responses"])
        is_empty = success == "204" or route in RESULT_BY_MAIL
        assert ("content" not in operation["responses"][success]) is is_empty, route
        assert "content" not in operation["responses"].get("304", {})


@pytest.mark.parametrize(
    ("route", "status"),
    [
        ("POST /v1/auth/logout", "204"),
        ("POST /v1/auth/password/forgot", "202"),
        ("POST /v1/auth/register", "201"),
        ("DELETE /v1/me/sessions/{session_id}", "204"),
        ("POST /v1/me/email", "202"),
    ],
)
def test_an_operation_has_its_own_success_status(route, status):
    assert status in dict(operations())[route]["responses"]


def test_an_error_has_the_documented_fields():
    answer = call("GET", "/v1/nowhere")

    form = DOCUMENT["components"]["schemas"]["NotFoundError"]
    assert sorted(answer.error) == sorted(form["required"])


def test_placing_an_order_requires_an_idempotency_key():
    placing = dict(operations())["POST /v1/orders"]

    (parameter,) = placing["parameters"]
    assert (parameter["in"], parameter["name"].lower()) == ("header", "idempotency-key")
    assert parameter["required"] is True


def test_two_functions_cannot_share_a_schema_name(monkeypatch):
    described = json.dumps({"paths": {}, "components": {"schemas": {"Money": {"type": "string"}}}})
    api = import_module("reference.handler").api
    monkeypatch.setattr(api, "get_openapi_json_schema", lambda **_: described)

    with pytest.raises(ValueError, match="another Money"):
        contract.document()
