"""Writes functions/reference/openapi.json from the routes of every function.

`python docs/openapi.py` rewrites the file; `--check` only says whether it is up to date.
"""

import inspect
import json
import os
import sys
from dataclasses import MISSING, fields
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

ERROR = {
    "type": "object",
    "title": "Error",
    "required": ["error"],
    "properties": {
        "error": {
            "type": "object",
            "required": ["code", "message", "details", "request_id"],
            "properties": {
                "code": {"type": "string", "description": "Stable, for programs."},
                "message": {"type": "string", "description": "For people; may be reworded."},
                "details": {"type": "object", "additionalProperties": True},
                "request_id": {"type": "string"},
            },
        }
    },
}
SECURITY = {
    "bearer": {
        "type": "http",
        "scheme": "bearer",
        "bearerFormat": "JWT",
        "description": "An access token, as `POST /v1/auth/login` and `POST /v1/auth/refresh` give "
        "it. An API key is sent in the same way, to operations whose permission a key can have.",
    }
}
# What Powertools would describe as JSON of any kind.
EMPTY = {
    "202": {"description": "Accepted. The answer comes by mail, if there is one to give."},
    "204": {"description": "Done. There is nothing to say."},
}
POWERTOOLS_ERRORS = ("HTTPValidationError", "ResponseValidationError", "ValidationError")
REFUSAL = {
    "description": "A refusal; its `code` says which.",
    "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Error"}}},
}


def document() -> dict[str, Any]:
    """The OpenAPI document of all functions together."""
    paths: dict[str, Any] = {}
    schemas: dict[str, Any] = {"Error": ERROR}
    for name in APIS:
        api = import_module(name).api
        described = json.loads(api.get_openapi_json_schema(title="Souk", version="1.0.0"))
        for schema, shape in described.get("components", {}).get("schemas", {}).items():
            if schemas.setdefault(schema, shape) != shape:
                raise ValueError(f"{name} has another {schema} than a function before it")
        for route in api._static_routes + api._dynamic_routes:  # noqa: SLF001
            operation = described["paths"][route.openapi_path][route.method.lower()]
            paths.setdefault(route.openapi_path, {})[route.method.lower()] = _finished(
                operation, route.func
            )
    for leftover in POWERTOOLS_ERRORS:
        schemas.pop(leftover, None)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Souk",
            "version": "1.0.0",
            "description": "A headless commerce backend. Money is an integer of minor units with "
            "its currency; time is RFC 3339 in UTC; lists are followed by `next_cursor`.",
        },
        "servers": [{"url": "/"}],
        "paths": dict(sorted(paths.items())),
        "components": {
            "schemas": dict(sorted(schemas.items())),
            "securitySchemes": SECURITY,
        },
    }


def _finished(operation: dict[str, Any], route: Any) -> dict[str, Any]:
    """Powertools' operation, with who may call it and with Souk's refusals for its own errors."""
    operation["operationId"] = route.__name__
    operation["summary"] = route.__name__.replace("_", " ").capitalize()
    operation["description"] = inspect.getdoc(route)
    for status in ("422", "500"):
        operation["responses"].pop(status, None)
    for status in EMPTY.keys() & operation["responses"]:
        if "$ref" not in json.dumps(operation["responses"][status]):
            operation["responses"][status] = EMPTY[status]
    operation["responses"]["default"] = REFUSAL
    if route.requires is not None:
        _say_who_may(operation, route.requires)
    return operation


def _say_who_may(operation: dict[str, Any], permission: str) -> None:
    """In words too: what begins with `x-` is for programs that know it."""
    grantable = import_module("shared.security.permissions").GRANTABLE_TO_KEYS
    operation["security"] = [{"bearer": []}]
    operation["x-permission"] = str(permission)
    operation["description"] += f"\n\nPermission: `{permission}`." + (
        " An API key can have it." if permission in grantable else ""
    )


def _required_settings() -> dict[str, str]:
    """The variables without which no handler can be imported; what they hold is not described."""
    config = import_module("shared.config")
    return {
        field.name.upper(): "false" if field.type is bool else "-"
        for section in config.Settings.__subclasses__()
        for field in fields(section)
        if field.default is MISSING
    }


def main() -> int:
    sys.path[:0] = [str(ROOT), str(ROOT / "functions")]
    os.environ |= {"AWS_DEFAULT_REGION": "us-east-1"} | _required_settings()
    text = json.dumps(document(), indent=1, sort_keys=False) + "\n"
    if "--check" not in sys.argv:
        DOCUMENT.write_text(text)
        return 0
    if DOCUMENT.read_text() == text:
        return 0
    print("functions/reference/openapi.json is out of date: run `make openapi`.", file=sys.stderr)
    return 1


if __name__ == "__main__":
    sys.exit(main())
