"""The HTTP side of every API function: routes, permissions, the error envelope, the log line.

`create_api()` returns Powertools' resolver with Souk's contract around it. It checks who may call
the route, then reads the body (size, type, UTF-8, JSON), then validates the fields. Only this
module renders errors.
"""

import json
import time
import traceback
from collections.abc import Callable
from typing import Any, TypeVar

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.event_handler.api_gateway import ResponseBuilder
from aws_lambda_powertools.event_handler.exceptions import NotFoundError
from aws_lambda_powertools.event_handler.middlewares.openapi_validation import (
    OpenAPIResponseValidationMiddleware,
)
from aws_lambda_powertools.event_handler.openapi.exceptions import RequestValidationError
from aws_lambda_powertools.event_handler.router import APIGatewayHttpRouter
from aws_lambda_powertools.utilities.typing import LambdaContext
from pydantic import BaseModel

from shared import freeze_gc, observability, request_budget, snapstart
from shared.config import Runtime, Settings, settings
from shared.errors.base import AppError, InternalError, NotFound
from shared.errors.requests import IdempotencyKeyRequired, IfMatchRequired
from shared.http.arguments import Event, arguments_of
from shared.http.authorization import (
    Client,
    caller_from_event,
    client_from_event,
)
from shared.http.request_checks import RequestChecks, check_request
from shared.http.responses import JSON
from shared.http.routers import OnDemandResolver, Routers
from shared.http.schemas import invalid_fields_error
from shared.http.trusted_proxy import client_address
from shared.security.permissions import Principal

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

NO_ROUTERS = Routers({})  # of a handler that has its routes itself

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
    """Routes of one noun, which the function's handler names in its `Routers`."""


class Api(_Request, OnDemandResolver):
    """A Lambda handler for the routes registered on it."""

    def __init__(self, routers: Routers) -> None:
        super().__init__(enable_validation=True)
        # Powertools validates before other middleware runs, so its errors would show field names to
        # callers without permission.
        self._request_validation_middleware = RequestChecks()
        self._response_validation_middleware = _ViewRendering()
        for error, render in (
            (AppError, self.refuse),
            (RequestValidationError, self._render_invalid),
            (NotFoundError, self._render_unknown_route),
            (Exception, self._render_crash),
        ):
            self.exception_handler(error)(render)
        self.name_routers(routers)

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
        is_head = request["http"]["method"] == "HEAD"
        with request_budget.limit_retries():
            response = super().resolve(_to_get(event) if is_head else event, context)
        if is_head:
            response |= {"body": "", "isBase64Encoded": False}
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

    def _to_proxy_event(self, event: dict[str, Any]) -> Event:
        return Event(event, self._json_body_deserializer)

    def _call_route(self, route: Any, route_arguments: dict[str, str]) -> ResponseBuilder[Any]:
        """As Powertools, without its middleware where the route's arguments are found."""
        try:
            check_request(self, route, route_arguments)
            arguments = arguments_of(route).find(self.current_event, route_arguments)
            if arguments is None:
                return super()._call_route(route, route_arguments)
            response = _render_view(self._to_response(route.func(**arguments)))  # type: ignore[arg-type]
        except Exception as error:
            rendered: ResponseBuilder[Any] | None = self._call_exception_handler(error, route)
            if rendered is None:
                raise
            return rendered
        return _Builder(response, route=route)

    def prepare(self) -> None:
        """Load all routes, and do for each what Powertools does at its first request."""
        self.load_all()
        for route in (*self._static_routes, *self._dynamic_routes):
            _ = arguments_of(route), route.dependant, route.body_field

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


def create_api(*sections: type[Settings], routers: Routers = NO_ROUTERS) -> Api:
    """An API with the routes of these modules.

    `sections` are the settings that its requests need. This reads them at once, so that a function
    with wrong settings does not start (ConfigurationError).
    """
    settings(Runtime)
    for section in sections:
        settings(section)
    api = Api(routers)
    snapstart.before_snapshot(api.prepare)
    snapstart.register()
    freeze_gc()
    return api


def _to_get(event: dict[str, Any]) -> dict[str, Any]:
    """A HEAD request as the GET whose status and headers it asks for (RFC 9110, 9.3.2)."""
    request = event["requestContext"]
    http = {**request["http"], "method": "GET"}
    return {**event, "requestContext": {**request, "http": http}}


class _ViewRendering(OpenAPIResponseValidationMiddleware):
    def handler(self, app: Any, next_middleware: Any) -> Response[Any]:
        return _render_view(next_middleware(app))


def _render_view(response: Response[Any]) -> Response[Any]:
    """Render a view as JSON in one step: its constructor validated it.

    Powertools would validate it again and render it through dicts.
    """
    if isinstance(response.body, BaseModel):
        response.body = response.body.model_dump_json()
    elif response.body is None:
        response.body = ""  # API Gateway requires text
    elif not isinstance(response.body, str | bytes):
        raise TypeError(f"a route returned {type(response.body).__name__}, not a view")
    return response


class _Builder(ResponseBuilder[Any]):
    """Powertools' own, which reads the request's headers only for routes that compress."""

    def _route(self, event: Any, cors: Any) -> None:
        route: Any = self.route
        if route.cors or route.cache_control or route.compress or self.response.compress:
            super()._route(event, cors)


def _envelope(
    status: int, error: dict[str, Any], request_id: str, headers: dict[str, str] | None = None
) -> Response[Any]:
    body = json.dumps({"error": {**error, "request_id": request_id}})
    return Response(status_code=status, content_type=JSON, body=body, headers=headers)
