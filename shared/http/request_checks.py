"""Checks of a request before its fields are validated: its sender, its path, its names."""

import re
from typing import Any

from aws_lambda_powertools.event_handler.middlewares.openapi_validation import (
    OpenAPIRequestValidationMiddleware,
)

from shared.errors.base import NotFound
from shared.errors.requests import MethodNotAllowed
from shared.http import request_bodies
from shared.http.arguments import arguments_of
from shared.http.authorization import require_permission
from shared.http.schemas import invalid_fields_error
from shared.http.trusted_proxy import require_proxy
from shared.security.permissions import Permission

_PATH_ARGUMENT = re.compile(r"[!-~]{1,64}")  # no id of ours has other characters or is longer


def check_request(app: Any, route: Any, path: dict[str, str]) -> None:
    """Whether the sender may call the route, and the names of what it sends."""
    # Powertools' own route for unknown paths has no `requires`: anyone gets its 404.
    permission: Permission | None = getattr(route.func, "requires", None)
    require_proxy(app.current_event.raw_event)
    if any(name.endswith("_id") for name in path):
        _refuse_literal_path(app)
    if permission is not None:
        require_permission(app.caller, permission)
    if not all(map(_PATH_ARGUMENT.fullmatch, path.values())):
        raise NotFound
    arguments = arguments_of(route)
    arguments.trim(app.current_event.raw_event)
    _refuse_unknown_parameters(app, arguments.known_query)


class RequestChecks(OpenAPIRequestValidationMiddleware):
    """For what `Arguments` does not take. `check_request` has run."""

    def _get_body(self, app: Any) -> dict[str, Any]:
        (body,) = app.context["_route"].dependant.body_params
        return request_bodies.read_object(app.current_event, values_max=body.type_.values_max)


def _refuse_literal_path(app: Any) -> None:
    """`/v1/orders/quote` is no order, although `/v1/orders/<order_id>` matches it.

    Raises MethodNotAllowed.
    """
    allowed = app.methods_of_literal(app.current_event.path)
    if allowed:
        raise MethodNotAllowed(allowed=allowed)


def _refuse_unknown_parameters(app: Any, known: list[str]) -> None:
    """Without this, a misspelt filter would return unfiltered results."""
    unknown = [name for name in app.current_event.query_string_parameters if name not in known]
    if known and unknown:
        message = f"Unknown parameter. Use one of: {', '.join(known)}"
        raise invalid_fields_error(
            [
                {
                    "loc": ("query", name),
                    "type": "unknown_parameter",
                    "msg": message,
                }
                for name in unknown
            ]
        )
