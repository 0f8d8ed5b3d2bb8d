"""The HTTP side of every API function: routes, permissions, the error envelope, the log line.

`create_api()` returns Powertools' resolver with Souk's contract around it. It checks who may call
the route, then reads the body (size, type, UTF-8, JSON), then validates the fields. Only this
module renders errors.
"""

import json
import re
import time
import traceback
from collections.abc import Callable
from functools import cache
from typing import Any, TypeVar

from aws_lambda_powertools.event_handler import APIGatewayHttpResolver, Response
from aws_lambda_powertools.event_handler.exceptions import NotFoundError
from aws_lambda_powertools.event_handler.middlewares.openapi_validation import (
    OpenAPIRequestValidationMiddleware,
    OpenAPIResponseValidationMiddleware,
)
from aws_lambda_powertools.event_handler.openapi import compat
from aws_lambda_powertools.event_handler.openapi.exceptions import RequestValidationError
from aws_lambda_powertools.event_handler.router import APIGatewayHttpRouter
from aws_lambda_powertools.utilities.typing import LambdaContext
from pydantic import BaseModel

from shared import freeze_gc, observability, request_budget, snapstart
from shared.config import Runtime, Settings, settings
from shared.errors.base import AppError, InternalError, NotFound
from shared.errors.requests import IdempotencyKeyRequired, IfMatchRequired
from shared.http import request_bodies
from shared.http.authorization import (
    Client,
    caller_from_event,
    client_from_event,
    require_permission,
)
from shared.http.responses import JSON
from shared.http.schemas import invalid_fields_error
from shared.http.trusted_proxy import client_address, require_proxy
from shared.security.permissions import Permission, Principal

_PATH_ARGUMENT = re.compile(r"[!-~]{1,64}")  # no id of ours has other characters or is longer
SECURITY_HEADERS = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "Referrer-Policy": "no-referrer",
    "Strict-Transport-Security": "max-age=63072000; includeSubDomains",
    "X-Content-Type-Options": "nosniff",
}

# RFC 6585, 3 gives a missing header its own status.
_REQUIRED_HEADERS: dict[tuple[str, ...], type[AppError]] = {
    ("header", "idempotency-key"): IdempotencyKeyRequired,
    ("header", "if-match"): IfMatchRequired,
}

# Powertools asks this about each parameter's type at each request: a fifth of a list's HTTP part.
compat.field_annotation_is_scalar = cache(compat.field_annotation_is_scalar)

_Handler = TypeVar("_Handler", bound=Callable[..., Any])


class _Request:
    """The sender of the current request, for routes."""

    current_event: Any

    @property
    def caller(self) -> Principal:
        return caller_from_event(self.current_event.raw_event)

    @property
    def client(self) -> Client:
        return client_from_event(self.current_event.raw_event)


class Routes(_Request, APIGatewayHttpRouter):
    """Routes of one noun, which the function's API includes with `api.include_router`."""


class Api(_Request, APIGatewayHttpResolver):
    """A Lambda handler for the routes registered on it."""

    def __init__(self) -> None:
        super().__init__(enable_validation=True)
        # Powertools validates before other middleware runs, so its errors would show field names to
        # callers without permission.
        self._request_validation_middleware = _RequestChecks()
        self._response_validation_middleware = _ViewRendering()
        for error, render in (
            (AppError, self.refuse),
            (RequestValidationError, self._render_invalid),
            (NotFoundError, self._render_unknown_route),
            (Exception, self._render_crash),
        ):
            self.exception_handler(error)(render)

    def route(self, rule: str, *args: Any, **kwargs: Any) -> Callable[[_Handler], _Handler]:
        """Powertools' decorator. Raises TypeError if the route does not say who may call it."""
        register = super().route(rule, *args, **kwargs)

        def register_with_permission(handler: _Handler) -> _Handler:
            if not hasattr(handler, "requires"):
                raise TypeError(f"{rule} has neither @anyone nor @requires(...)")
            return register(handler)

        return register_with_permission

    def resolve(self, event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:  # type: ignore[override]
        started_at = time.perf_counter()
        request = event["requestContext"]
        observability.set_log_context(request["requestId"], client_address=client_address(event))
        with request_budget.limit_retries():
            response = super().resolve(event, context)
        response["headers"] = {
            **SECURITY_HEADERS,
            "X-Request-Id": request["requestId"],
            **response["headers"],
        }
        fields = {
            "route": event.get("routeKey"),
            "status": response["statusCode"],
            "milliseconds": round((time.perf_counter() - started_at) * 1000, 1),
        }
        observability.logger.info("request", extra=fields | observability.log_fields())
        return response

    def prepare(self) -> None:
        """Do for each route what Powertools does at its first request."""
        for route in (*self._static_routes, *self._dynamic_routes):
            _ = route.dependant, route.body_field

    def refuse(self, refusal: AppError) -> Response[Any]:
        """Log the refusal and render it in Souk's envelope."""
        observability.logger.info("refused", code=refusal.code, status=refusal.status)
        return _envelope(
            refusal.status,
            {"code": refusal.code, "message": refusal.message, "details": refusal.details},
            self._request_id,
            headers=refusal.headers(),
        )

    def _render_invalid(self, invalid: RequestValidationError) -> Response[Any]:
        problems = invalid.errors()
        for problem in problems:
            if problem["type"] == "missing" and tuple(problem["loc"]) in _REQUIRED_HEADERS:
                return self.refuse(_REQUIRED_HEADERS[tuple(problem["loc"])]())
        return self.refuse(invalid_fields_error(problems))

    def _render_unknown_route(self, _: NotFoundError) -> Response[Any]:
        return self.refuse(NotFound())

    def _render_crash(self, crash: Exception) -> Response[Any]:
        observability.logger.exception("crashed")
        body: dict[str, Any] = {
            "code": InternalError.code,
            "message": InternalError.default_message,
            "details": {},
        }
        if settings(Runtime).shows_stacks:
            body["stack"] = "".join(traceback.format_exception(crash))
        return _envelope(InternalError.status, body, self._request_id)

    @property
    def _request_id(self) -> str:
        return str(self.current_event.raw_event["requestContext"]["requestId"])


def create_api(*sections: type[Settings]) -> Api:
    """An API without routes.

    `sections` are the settings that its requests need. This reads them at once, so that a function
    with wrong settings does not start (ConfigurationError).
    """
    settings(Runtime)
    for section in sections:
        settings(section)
    api = Api()
    snapstart.before_snapshot(api.prepare)
    snapstart.register()
    freeze_gc()
    return api


class _RequestChecks(OpenAPIRequestValidationMiddleware):
    """Checks the permission, then parses the body, then validates the fields."""

    def handler(self, app: Any, next_middleware: Any) -> Response[Any]:
        route = app.context["_route"]
        # Powertools' own route for unknown paths has no `requires`: anyone gets its 404.
        permission: Permission | None = getattr(route.func, "requires", None)
        require_proxy(app.current_event.raw_event)
        if permission is not None:
            require_permission(app.caller, permission)
        if not all(map(_PATH_ARGUMENT.fullmatch, app.context["_route_args"].values())):
            raise NotFound
        _refuse_unknown_parameters(app, [known.alias for known in route.dependant.query_params])
        return super().handler(app, next_middleware)

    def _get_body(self, app: Any) -> dict[str, Any]:
        (body,) = app.context["_route"].dependant.body_params
        return request_bodies.read_object(app.current_event, values_max=body.type_.values_max)


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


class _ViewRendering(OpenAPIResponseValidationMiddleware):
    """Renders a view as JSON in one step: its constructor validated it.

    Powertools would validate it again and render it through dicts.
    """

    def handler(self, app: Any, next_middleware: Any) -> Response[Any]:
        response: Response[Any] = next_middleware(app)
        if isinstance(response.body, BaseModel):
            response.body = response.body.model_dump_json()
        elif response.body is None:
            response.body = ""  # API Gateway requires text
        elif not isinstance(response.body, str | bytes):
            raise TypeError(f"a route returned {type(response.body).__name__}, not a view")
        return response


def _envelope(
    status: int, error: dict[str, Any], request_id: str, headers: dict[str, str] | None = None
) -> Response[Any]:
    body = json.dumps({"error": {**error, "request_id": request_id}})
    return Response(status_code=status, content_type=JSON, body=body, headers=headers)
