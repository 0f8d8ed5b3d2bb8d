"""The HTTP side of every API function: routes, admission, one error envelope, one log line.

`create_api()` gives Powertools' resolver with Souk's contract around it. A request is admitted
(who may call this route), read (size, type, UTF-8, JSON) and validated in that order; whatever
goes wrong, wherever, is rendered here and nowhere else.
"""

import json
import time
import traceback
from collections.abc import Callable
from typing import Any, TypeVar

from aws_lambda_powertools.event_handler import APIGatewayHttpResolver, Response
from aws_lambda_powertools.event_handler.exceptions import NotFoundError
from aws_lambda_powertools.event_handler.middlewares.openapi_validation import (
    OpenAPIRequestValidationMiddleware,
    OpenAPIResponseValidationMiddleware,
)
from aws_lambda_powertools.event_handler.openapi.exceptions import RequestValidationError
from aws_lambda_powertools.event_handler.router import APIGatewayHttpRouter
from aws_lambda_powertools.utilities.typing import LambdaContext
from pydantic import BaseModel

from shared import freeze_gc, observability
from shared.config import Runtime, Settings, settings
from shared.errors.base import AppError, NotFound
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
from shared.security.permissions import Permission, Principal

NAME_SHOWN_MAX = 50  # characters of what a client has made up
PATH_ARGUMENT_MAX = 64  # no id of ours is longer, and DynamoDB looks for no key over 2,048 bytes
SECURITY_HEADERS = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "Referrer-Policy": "no-referrer",
    "Strict-Transport-Security": "max-age=63072000; includeSubDomains",
    "X-Content-Type-Options": "nosniff",
}

# A header whose absence has a status of its own (RFC 6585, 3).
_REQUIRED_HEADERS: dict[tuple[str, ...], AppError] = {
    ("header", "idempotency-key"): IdempotencyKeyRequired(
        "Send an Idempotency-Key header: a new one for each order or change, the same one when you "
        "retry."
    ),
    ("header", "if-match"): IfMatchRequired(
        "Send an If-Match header with the ETag of what you have read, so that you overwrite "
        "nothing that you have not seen."
    ),
}

_Handler = TypeVar("_Handler", bound=Callable[..., Any])


class _Request:
    """What a route asks about the request that it is answering."""

    current_event: Any

    @property
    def caller(self) -> Principal:
        return caller_from_event(self.current_event.raw_event)

    @property
    def client(self) -> Client:
        return client_from_event(self.current_event.raw_event)


class Routes(_Request, APIGatewayHttpRouter):
    """Some of an API's routes, for `api.include_router`: where one function has many."""


class Api(_Request, APIGatewayHttpResolver):
    """A Lambda handler for the routes that are registered on it."""

    def __init__(self) -> None:
        super().__init__(enable_validation=True)
        # Powertools validates before any middleware runs; a stranger should learn of no field.
        self._request_validation_middleware = _Admission()
        self._response_validation_middleware = _Rendering()
        for error, render in (
            (AppError, self.refuse),
            (RequestValidationError, self._render_invalid),
            (NotFoundError, self._render_unknown_route),
            (Exception, self._render_crash),
        ):
            self.exception_handler(error)(render)

    def route(self, rule: str, *args: Any, **kwargs: Any) -> Callable[[_Handler], _Handler]:
        """As Powertools has it, but each route must have said whom it admits."""
        register = super().route(rule, *args, **kwargs)

        def guarded(handler: _Handler) -> _Handler:
            if not hasattr(handler, "requires"):
                raise TypeError(f"{rule} says neither @anyone nor @requires(...)")
            return register(handler)

        return guarded

    def resolve(self, event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:  # type: ignore[override]
        began = time.perf_counter()
        request = event["requestContext"]
        observability.set_log_context(
            request["requestId"], client_address=client_from_event(event).address
        )
        response = super().resolve(event, context)
        response["headers"] = {
            **SECURITY_HEADERS,
            "X-Request-Id": request["requestId"],
            **response["headers"],
        }
        facts = {
            "route": event.get("routeKey"),
            "status": response["statusCode"],
            "milliseconds": round((time.perf_counter() - began) * 1000, 1),
        }
        observability.logger.info("request", extra=facts | observability.log_fields())
        return response

    def refuse(self, refusal: AppError) -> Response[Any]:
        """The refusal in Souk's envelope, logged."""
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
                return self.refuse(_REQUIRED_HEADERS[tuple(problem["loc"])])
        return self.refuse(invalid_fields_error(problems))

    def _render_unknown_route(self, _: NotFoundError) -> Response[Any]:
        return self.refuse(NotFound("There is nothing at this address."))

    def _render_crash(self, crash: Exception) -> Response[Any]:
        observability.logger.exception("crashed")
        body: dict[str, Any] = {
            "code": "internal_error",
            "message": "Something went wrong on our side. Quote the request id when you ask.",
            "details": {},
        }
        if settings(Runtime).shows_stacks:
            body["stack"] = "".join(traceback.format_exception(crash))
        return _envelope(500, body, self._request_id)

    @property
    def _request_id(self) -> str:
        return str(self.current_event.raw_event["requestContext"]["requestId"])


def create_api(*sections: type[Settings]) -> Api:
    """An API without routes yet.

    `sections` are the settings that its requests will need: read at once, so that a function
    which is configured wrongly does not start (ConfigurationError) instead of failing later.
    """
    settings(Runtime)
    for section in sections:
        settings(section)
    freeze_gc()
    return Api()


class _Admission(OpenAPIRequestValidationMiddleware):
    """Who may call, then whether the body can be read, then whether its fields are right."""

    def handler(self, app: Any, next_middleware: Any) -> Response[Any]:
        route = app.context["_route"]
        # Powertools answers an unknown path with a route of its own, which admits anyone to a 404.
        permission: Permission | None = getattr(route.func, "requires", None)
        if permission is not None:
            require_permission(app.caller, permission)
        if any(len(value) > PATH_ARGUMENT_MAX for value in app.context["_route_args"].values()):
            raise NotFound("There is nothing at this address.")
        _refuse_unknown_parameters(app, [it.alias for it in route.dependant.query_params])
        return super().handler(app, next_middleware)

    def _get_body(self, app: Any) -> dict[str, Any]:
        return request_bodies.read_object(app.current_event)


def _refuse_unknown_parameters(app: Any, known: list[str]) -> None:
    """A filter that is misspelt would else be answered with all there is."""
    unknown = [it for it in app.current_event.query_string_parameters if it not in known]
    if known and unknown:
        message = f"There is no such parameter; there are {', '.join(known)}"
        raise invalid_fields_error(
            [
                {
                    "loc": ("query", name[:NAME_SHOWN_MAX]),
                    "type": "unknown_parameter",
                    "msg": message,
                }
                for name in unknown
            ]
        )


class _Rendering(OpenAPIResponseValidationMiddleware):
    """Writes a view as JSON in one go: it was validated when it was made.

    Powertools would validate it again, turn it into dicts, and those into JSON.
    """

    def handler(self, app: Any, next_middleware: Any) -> Response[Any]:
        response: Response[Any] = next_middleware(app)
        if isinstance(response.body, BaseModel):
            response.body = response.body.model_dump_json()
        elif response.body is None:
            response.body = ""  # API Gateway's contract has a text there
        elif not isinstance(response.body, str):
            raise TypeError(f"a route answered with {type(response.body).__name__}, not a view")
        return response


def _envelope(
    status: int, error: dict[str, Any], request_id: str, headers: dict[str, str] | None = None
) -> Response[Any]:
    body = json.dumps({"error": {**error, "request_id": request_id}})
    return Response(status_code=status, content_type=JSON, body=body, headers=headers)
