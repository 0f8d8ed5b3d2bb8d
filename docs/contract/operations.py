"""What Powertools does not know of an operation: its texts, its answers and its permission."""

import inspect
from typing import Any

from docs.contract.parameters import complete_parameter
from docs.contract.responses import responses_of
from docs.contract.security import security_of
from docs.contract.webhooks import WEBHOOK_BODY, WEBHOOK_PARAMETERS
from shared.http.request_bodies import JSON, MERGE_PATCH
from shared.security.permissions import GRANTABLE_TO_KEYS


def complete_operation(operation: dict[str, Any], route: Any) -> None:
    """Give Powertools' operation the route's own texts, answers, parameters and permission."""
    summary, _, details = (inspect.getdoc(route.func) or "").partition("\n\n")
    operation["operationId"] = route.func.__name__
    operation["summary"] = " ".join(summary.split()).removesuffix(".")
    operation.pop("description", None)
    if details:
        operation["description"] = details
    operation["responses"] = responses_of(route, operation["responses"])
    operation["security"] = security_of(route)
    if "parameters" in operation:
        operation["parameters"] = list(map(complete_parameter, operation["parameters"]))
    if route.func.__name__ == "receive_payment_webhook":
        operation |= {"parameters": WEBHOOK_PARAMETERS, "requestBody": WEBHOOK_BODY}
    if route.func.requires is not None:
        _add_permission(operation, route.func.requires)
    if route.dependant.body_params:
        _add_body_limits(operation, route)


def _add_body_limits(operation: dict[str, Any], route: Any) -> None:
    """The media types of the body, and how many values it may have."""
    (body,) = route.dependant.body_params
    request, text = operation["requestBody"], f"At most {body.type_.values_max:,} values."
    if route.method == "PATCH":
        # One media type, because generators of clients read two as two bodies.
        request["content"][MERGE_PATCH] = request["content"].pop(JSON)
        text += f" `{JSON}` is accepted, too."
    request["description"] = text


def _add_permission(operation: dict[str, Any], permission: str) -> None:
    """For people, too: only some programs read `x-permission`."""
    operation["x-permission"] = str(permission)
    text = f"Permission: `{permission}`." + (
        " An API key can have it." if permission in GRANTABLE_TO_KEYS else ""
    )
    operation["description"] = f"{operation.get('description', '')}\n\n{text}".strip()
