"""What Powertools does not know of an operation: its texts, its limits and its permission."""

import inspect
import json
from importlib import import_module
from typing import Any

# Powertools describes responses without a body as any JSON.
WITHOUT_BODY = {
    "202": {
        "description": "Accepted. The response has no body. If a mail is due, it is sent shortly."
    },
    "204": {"description": "Done. The response has no body."},
}
REFUSAL = {
    "description": "The request failed. `error.code` says why.",
    "content": {"application/json": {"schema": {"$ref": "#/components/schemas/ErrorResponse"}}},
}


def complete_operation(operation: dict[str, Any], route: Any) -> None:
    """Give Powertools' operation the route's own texts, its permission, and Souk's errors."""
    summary, _, details = (inspect.getdoc(route.func) or "").partition("\n\n")
    operation["operationId"] = route.func.__name__
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
    if route.func.requires is not None:
        _add_permission(operation, route.func.requires)
    if route.dependant.body_params:
        _add_body_limits(operation, route)


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
