"""The OpenAPI document: it is what the code says, and what the template serves."""

import json
from collections.abc import Iterator
from importlib import import_module
from typing import Any

import pytest

from docs import openapi
from shared.security.permissions import Permission
from tests.reference.calls import call
from tests.template import stack

DOCUMENT = json.loads(openapi.DOCUMENT.read_text())
ANSWERED_BY_MAIL = {
    "POST /v1/auth/password/forgot",
    "POST /v1/auth/verify-email/resend",
    "POST /v1/me/email",
    "POST /v1/orders/{order_id}/resend-confirmation",
}
Operation = dict[str, Any]


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
    return {route for route in routes if "$default" not in route}


def functions_of_the_routes() -> Iterator[tuple[str, Any]]:
    for name in openapi.APIS:
        api = import_module(name).api
        for route in api._static_routes + api._dynamic_routes:  # noqa: SLF001
            yield f"{route.method} {route.openapi_path}", route.func


def test_the_committed_document_is_what_the_code_says_now():
    assert openapi.document() == DOCUMENT, "run `make openapi`"


def test_the_document_is_served_as_it_was_committed():
    answer = call("GET", "/v1/openapi.json")

    assert answer.status == 200
    assert answer.headers["Content-Type"].startswith("application/json")
    assert answer.body == DOCUMENT


def test_the_document_names_each_route_of_the_template_and_no_other():
    assert {route for route, _ in operations()} == served_by_the_template()


def test_every_reference_in_the_document_leads_somewhere():
    found = set(references(DOCUMENT))

    assert found
    for reference in found:
        node = DOCUMENT
        for step in reference.removeprefix("#/").split("/"):
            node = node[step]


def test_every_schema_of_the_document_is_used():
    used = {reference.rsplit("/", 1)[-1] for reference in references(DOCUMENT)}

    assert used == set(DOCUMENT["components"]["schemas"])


def test_an_operation_asks_for_a_token_unless_it_admits_anyone():
    required = {route: function.requires for route, function in functions_of_the_routes()}

    for route, operation in operations():
        asked = operation.get("security")
        assert asked == (None if required[route] is None else [{"bearer": []}]), route


def test_an_operation_says_which_permission_it_takes_and_whether_a_key_can_have_it():
    by_route = dict(operations())

    creating, managing = by_route["POST /v1/products"], by_route["PATCH /v1/users/{user_id}"]
    assert creating["x-permission"] == "products:write"
    assert creating["description"].endswith(
        "\n\nPermission: `products:write`. An API key can have it."
    )
    assert managing["x-permission"] == "users:manage"
    assert managing["description"].endswith("\n\nPermission: `users:manage`.")
    assert "x-permission" not in by_route["GET /v1/products"]
    assert "Permission" not in by_route["GET /v1/products"]["description"]


def test_every_permission_that_an_operation_names_is_one_that_there_is():
    named = {operation["x-permission"] for _, operation in operations() if "security" in operation}

    assert named <= set(Permission)


def test_the_document_says_what_a_bearer_bears():
    scheme = DOCUMENT["components"]["securitySchemes"]["bearer"]

    assert (scheme["type"], scheme["scheme"], scheme["bearerFormat"]) == ("http", "bearer", "JWT")
    assert "API key" in scheme["description"]


def test_every_operation_has_a_name_of_its_own_and_says_what_it_does():
    names = [operation["operationId"] for _, operation in operations()]

    assert len(set(names)) == len(names)
    assert all(operation["description"] for _, operation in operations())


def test_every_operation_answers_with_its_success_or_the_one_error_envelope():
    for route, operation in operations():
        success, refusal = sorted(operation["responses"])
        assert success in ("200", "201", "202", "204"), route
        assert refusal == "default"
        assert operation["responses"]["default"] == openapi.REFUSAL


def test_an_answer_without_a_body_is_described_as_one():
    for route, operation in operations():
        (success, *_) = sorted(operation["responses"])
        is_empty = success == "204" or route in ANSWERED_BY_MAIL
        assert ("content" not in operation["responses"][success]) is is_empty, route


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
def test_an_operation_is_described_with_the_status_that_it_answers_with(route, status):
    assert status in dict(operations())[route]["responses"]


def test_a_refusal_has_the_form_that_the_document_gives_it():
    answer = call("GET", "/v1/nowhere")

    form = DOCUMENT["components"]["schemas"]["Error"]["properties"]["error"]
    assert sorted(answer.error) == sorted(form["required"])


def test_placing_an_order_asks_for_its_idempotency_key():
    placing = dict(operations())["POST /v1/orders"]

    (parameter,) = placing["parameters"]
    assert (parameter["in"], parameter["name"].lower()) == ("header", "idempotency-key")
    assert parameter["required"] is True


def test_two_functions_cannot_mean_two_things_by_one_schema(monkeypatch):
    described = json.dumps({"paths": {}, "components": {"schemas": {"Money": {"type": "string"}}}})
    api = import_module("reference.handler").api
    monkeypatch.setattr(api, "get_openapi_json_schema", lambda **_: described)

    with pytest.raises(ValueError, match="another Money"):
        openapi.document()
