"""The OpenAPI document matches the code and the template."""

import json
import re
import tomllib
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

from docs import openapi
from shared.security.permissions import Permission
from tests.reference.calls import call
from tests.template import stack

DOCUMENT = json.loads(openapi.DOCUMENT.read_text())
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
        for path in (openapi.ROOT / folder).rglob("*"):
            is_generated = ".state" in path.parts or "__pycache__" in path.parts
            if path.is_file() and not is_generated and not path.name.startswith("requirements"):
                yield path
    for path in openapi.ROOT.iterdir():
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
    for name in openapi.APIS:
        api = import_module(name).api
        api.load_all()
        for route in api._static_routes + api._dynamic_routes:  # noqa: SLF001
            yield f"{route.method} {route.openapi_path}", route.func


def test_the_committed_document_is_up_to_date():
    assert openapi.document() == DOCUMENT, "run `make openapi`"


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


def test_every_schema_of_the_document_is_used():
    used = {reference.rsplit("/", 1)[-1] for reference in references(DOCUMENT)}

    assert used == set(DOCUMENT["components"]["schemas"])


def test_an_operation_needs_a_token_unless_anyone_may_call_it():
    required = {route: function.requires for route, function in route_functions()}

    for route, operation in operations():
        security = operation.get("security")
        assert security == (None if required[route] is None else [{"bearer": []}]), route


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
    named = {operation["x-permission"] for _, operation in operations() if "security" in operation}

    assert named <= set(Permission)


def test_the_document_describes_the_bearer_token():
    scheme = DOCUMENT["components"]["securitySchemes"]["bearer"]

    assert (scheme["type"], scheme["scheme"], scheme["bearerFormat"]) == ("http", "bearer", "JWT")
    assert "API key" in scheme["description"]


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
    project = tomllib.loads((openapi.ROOT / "pyproject.toml").read_text())["project"]

    assert DOCUMENT["info"]["version"] == project["version"]


def test_no_other_file_repeats_the_version():
    """The changelog names versions when they are released."""
    version = re.compile(rf"(?<![\d.]){re.escape(openapi.project_version())}(?![\d.])")
    generated = {openapi.DOCUMENT, openapi.ROOT / "CHANGELOG.md"}
    written = [
        path.relative_to(openapi.ROOT).as_posix()
        for path in sources()
        if path not in generated and version.search(path.read_text(errors="ignore"))
    ]

    assert written == ["pyproject.toml"]


def test_every_operation_has_a_success_and_the_error_response():
    for route, operation in operations():
        success, refusal = sorted(operation["responses"])
        assert success in ("200", "201", "202", "204"), route
        assert refusal == "default"
        assert operation["responses"]["default"] == openapi.REFUSAL


def test_a_response_without_a_body_has_no_content():
    for route, operation in operations():
        (success, *_) = sorted(operation["responses"])
        is_empty = success == "204" or route in RESULT_BY_MAIL
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
def test_an_operation_has_its_own_success_status(route, status):
    assert status in dict(operations())[route]["responses"]


def test_an_error_has_the_documented_fields():
    answer = call("GET", "/v1/nowhere")

    form = DOCUMENT["components"]["schemas"]["ErrorResponse"]["properties"]["error"]
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
        openapi.document()
