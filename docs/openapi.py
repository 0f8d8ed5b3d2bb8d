"""Writes functions/reference/openapi.json from the routes of every function.

`python docs/openapi.py` writes the file; `--check` only reports whether it is up to date.
"""

import inspect
import json
import os
import sys
import tomllib
from importlib import import_module
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parent.parent
DOCUMENT = ROOT / "functions" / "reference" / "openapi.json"
APIS = (
    "auth.handler",
    "products.handler",
    "orders.handler",
    "orders.staff_api",
    "orders.payments.handler",
    "files.handler",
    "reference.handler",
)

DESCRIPTION = """Souk is a headless commerce backend: accounts, products, stock, orders, payments.

An amount is an integer of minor units with its currency: `1999` with `EUR` means 19.99 euros.
A time is RFC 3339 in UTC. To read a whole list, follow `next_cursor` until it is null.
Every error has the same form. Programs should compare its `code`, which never changes.

A body is one JSON object in UTF-8, with a Content-Type that the operation lists (415 without one),
of at most 1 MB (413) and 32 levels. A refusal of a body (422) lists the first 20 problems in
`details.fields`. Texts have no control characters, except line breaks where a field allows them,
and none that override the direction of text. Names have a visible character."""
TAGS = {
    "Accounts": "Registration, the caller's own account, and e-mail addresses.",
    "Sessions": "Login, refresh tokens, and the devices that are logged in.",
    "Second factor": "Codes from an authenticator app, and recovery codes.",
    "API keys": "Keys that scripts of staff use instead of a login.",
    "Privacy": "Export and deletion of personal data.",
    "Users": "Accounts of other people, for admins.",
    "Catalog": "Products: browsing and search for everyone, editing for staff.",
    "Stock": "The units of each product that are for sale, and the changes that staff make.",
    "Orders": "Quotes and orders of customers with an account.",
    "Guests": "Quotes and orders without an account.",
    "Payments": "Payments of orders, and webhooks of the payment provider.",
    "Fulfilment": "How staff find, ship, return and refund orders.",
    "Pricing": "Tax rates, shipping rates and promotions.",
    "Exports": "Export of orders to CSV or JSON Lines files.",
    "Uploads": "Bulk import of products from files.",
    "Reference": "The health check and the documentation of this API.",
}
ERROR_RESPONSE = {
    "type": "object",
    "title": "ErrorResponse",
    "required": ["error"],
    "properties": {
        "error": {
            "type": "object",
            "required": ["code", "message", "details", "request_id"],
            "properties": {
                "code": {
                    "type": "string",
                    "description": "Names the error for programs. It never changes.",
                },
                "message": {
                    "type": "string",
                    "description": "Describes the error for people. Its text can change.",
                },
                "details": {
                    "type": "object",
                    "additionalProperties": True,
                    "description": "Facts for programs. They depend on `code`.",
                },
                "request_id": {
                    "type": "string",
                    "description": "The id of the request. Send it when you report a problem.",
                },
            },
        }
    },
}
SECURITY = {
    "bearer": {
        "type": "http",
        "scheme": "bearer",
        "bearerFormat": "JWT",
        "description": "An access token from `POST /v1/auth/login` or `POST /v1/auth/refresh`. "
        "Scripts can send an API key instead, if the operation's permission allows that.",
    }
}
# Powertools describes responses without a body as any JSON.
WITHOUT_BODY = {
    "202": {
        "description": "Accepted. The response has no body. If a mail is due, it is sent shortly."
    },
    "204": {"description": "Done. The response has no body."},
}
POWERTOOLS_ERRORS = ("HTTPValidationError", "ResponseValidationError", "ValidationError")
REFUSAL = {
    "description": "The request failed. `error.code` says why.",
    "content": {"application/json": {"schema": {"$ref": "#/components/schemas/ErrorResponse"}}},
}


def project_version() -> str:
    version: str = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]
    return version


def document() -> dict[str, Any]:
    """The OpenAPI document of all functions together.

    Raises ValueError if two functions have different schemas of the same name.
    """
    paths: dict[str, Any] = {}
    schemas: dict[str, Any] = {"ErrorResponse": ERROR_RESPONSE}
    for name in APIS:
        api = import_module(name).api
        api.load_all()
        described = json.loads(api.get_openapi_json_schema(title="Souk", version="0"))
        for schema, shape in described.get("components", {}).get("schemas", {}).items():
            if schemas.setdefault(schema, shape) != shape:
                raise ValueError(f"{name} has another {schema} than an earlier function")
        for route in api._static_routes + api._dynamic_routes:  # noqa: SLF001
            operation = described["paths"][route.openapi_path][route.method.lower()]
            paths.setdefault(route.openapi_path, {})[route.method.lower()] = _complete(
                operation, route.func
            )
            if route.dependant.body_params:
                _add_body_limits(operation, route)
    for leftover in POWERTOOLS_ERRORS:
        schemas.pop(leftover, None)
    return {
        "openapi": "3.1.0",
        "info": {"title": "Souk", "version": project_version(), "description": DESCRIPTION},
        "servers": [{"url": "/"}],
        "tags": [{"name": name, "description": text} for name, text in TAGS.items()],
        "paths": dict(sorted(paths.items())),
        "components": {
            "schemas": dict(sorted(schemas.items())),
            "securitySchemes": SECURITY,
        },
    }


def _complete(operation: dict[str, Any], route: Any) -> dict[str, Any]:
    """Powertools' operation with the route's own texts, its permission, and Souk's errors."""
    summary, _, details = (inspect.getdoc(route) or "").partition("\n\n")
    operation["operationId"] = route.__name__
    operation["summary"] = " ".join(summary.split()).removesuffix(".")
    operation.pop("description", None)
    if details:
        operation["description"] = details
    for status in ("422", "500"):
        operation["responses"].pop(status, None)
    for status in WITHOUT_BODY.keys() & operation["responses"]:
        if "$ref" not in json.dumps(operation["responses"][status]):
            operation["responses"][status] = WITHOUT_BODY[status]
    operation["responses"]["default"] = REFUSAL
    if route.requires is not None:
        _add_permission(operation, route.requires)
    return operation


def _add_body_limits(operation: dict[str, Any], route: Any) -> None:
    """The media types of the body, and how many values it may have."""
    (body,) = route.dependant.body_params
    content = operation["requestBody"]["content"]
    if route.method == "PATCH":
        merge_patch = import_module("shared.http.request_bodies").MERGE_PATCH
        content[merge_patch] = content["application/json"]
    operation["requestBody"]["description"] = f"At most {body.type_.values_max:,} values."


def _add_permission(operation: dict[str, Any], permission: str) -> None:
    """For people, too: only some programs read `x-permission`."""
    grantable = import_module("shared.security.permissions").GRANTABLE_TO_KEYS
    operation["security"] = [{"bearer": []}]
    operation["x-permission"] = str(permission)
    text = f"Permission: `{permission}`." + (
        " An API key can have it." if permission in grantable else ""
    )
    operation["description"] = f"{operation.get('description', '')}\n\n{text}".strip()


def _required_settings() -> dict[str, str]:
    """Placeholders for the variables without which no handler can be imported."""
    required = import_module("shared.config").required_settings()
    return {name: "false" if kind is bool else "-" for name, kind in required.items()}


def main() -> int:
    sys.path[:0] = [str(ROOT), str(ROOT / "functions")]
    os.environ |= {"AWS_DEFAULT_REGION": "us-east-1"} | _required_settings()
    text = json.dumps(document(), indent=1, sort_keys=False) + "\n"
    if "--check" not in sys.argv:
        DOCUMENT.write_text(text)
        return 0
    if DOCUMENT.read_text() == text:
        return 0
    print("functions/reference/openapi.json is out of date. Run `make openapi`.", file=sys.stderr)
    return 1


if __name__ == "__main__":
    sys.exit(main())
