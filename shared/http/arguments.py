"""The arguments of a route, from the event.

Powertools asks each parameter's type what it is at each request; here a route is asked once.
Powertools' validators do the validating. Whatever is invalid, and routes of a kind that Souk does
not have, go through Powertools' own middleware, which says what is wrong.
"""

from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qs

from aws_lambda_powertools.event_handler.api_gateway import Route, _find_request_param_name
from aws_lambda_powertools.event_handler.middlewares.openapi_validation import (
    _get_multi_value_query_params,
)
from aws_lambda_powertools.event_handler.openapi.compat import (
    ModelField,
    is_scalar_field,
)
from aws_lambda_powertools.utilities.data_classes import APIGatewayProxyEventV2
from pydantic import BaseModel

from shared.http import request_bodies

# A comma is part of their values. API Gateway joins repeated ones with it, so the raw query counts.
_WITH_COMMAS = frozenset({"sku"})
_AS_TYPED = frozenset({"q"})  # a space after the last word of a search means that it is complete
_CONSTANTS = (str, int, type(None))  # defaults that no route can change


class Arguments:
    """How one route gets its arguments."""

    def __init__(self, route: Route) -> None:
        fields = route.dependant
        self._path = {field.alias: field for field in fields.path_params}
        self._query = {field.alias: field for field in fields.query_params}
        self._headers = {field.alias.lower(): field for field in fields.header_params}
        self._body: ModelField | None = next(iter(fields.body_params), None)
        optional = [*fields.query_params, *fields.header_params]
        self._defaults = {field.name: field.get_default() for field in optional}
        self._required = {field.name for field in optional if field.required}
        self._scalars = {field.alias for field in fields.query_params if is_scalar_field(field)}
        self._is_known_kind = (
            all(
                isinstance(self._defaults[field.name], _CONSTANTS) or field.required
                for field in optional
            )
            and all(field.required for field in fields.path_params)
            and not any(_is_model(field) for field in fields.query_params)
            and all(is_scalar_field(field) for field in fields.header_params)
            and len(fields.body_params) <= 1
            and not getattr(getattr(self._body, "field_info", None), "embed", None)
            and not fields.cookie_params
            and not route.middlewares
            and not route.has_dependencies
            and _find_request_param_name(route.func) is None
        )
        self.known_query = list(self._query)

    def trim(self, raw: dict[str, Any]) -> None:
        """Remove the outer white space of parameters from the event: it comes from a clipboard."""
        query, headers = raw.get("queryStringParameters") or {}, raw["headers"]
        for name in self._query.keys() & query.keys() - _AS_TYPED:
            values = [query[name]] if name in self._scalars else query[name].split(",")
            query[name] = ",".join(map(str.strip, values))
        for name in [sent for sent in headers if sent.lower() in self._headers]:
            headers[name] = headers[name].strip()

    def find(self, event: Any, path: Mapping[str, str]) -> dict[str, Any] | None:
        """None if something is missing or invalid. Raises what `read_object` raises."""
        raw = event.raw_event
        if (
            not self._is_known_kind
            or raw.get("multiValueHeaders")
            or self._path.keys() != path.keys()
        ):
            return None
        found: list[tuple[ModelField, Any]] = [(self._path[name], path[name]) for name in path]
        found += self._sent_parameters(event)
        if self._headers:
            headers = {name.lower(): value for name, value in raw["headers"].items()}
            found += [
                (field, headers[name]) for name, field in self._headers.items() if name in headers
            ]
        arguments = dict(self._defaults)
        if not _validate(found, arguments) or not self._required <= {
            field.name for field, _ in found
        }:
            return None
        if self._body is not None:
            body = request_bodies.read_object(event, values_max=self._body.type_.values_max)
            if not _validate([(self._body, body)], arguments):
                return None
        return arguments

    def _sent_parameters(self, event: Any) -> list[tuple[ModelField, Any]]:
        """A comma separates a list's values; API Gateway joins a repeated parameter with it."""
        sent: list[tuple[ModelField, Any]] = []
        raw = _lists_with_commas(event)
        for name, text in event.query_string_parameters.items():
            if name in self._query and name in raw:
                sent.append((self._query[name], raw[name]))
            elif name in self._query:
                is_one = name in self._scalars and (
                    "," not in text or name not in _get_multi_value_query_params(event)
                )
                sent.append((self._query[name], text if is_one else text.split(",")))
        return sent


class Event(APIGatewayProxyEventV2):
    """An event whose parameters Powertools' middleware reads as `Arguments` does."""

    @property
    def resolved_query_string_parameters(self) -> dict[str, list[str]]:
        return {**super().resolved_query_string_parameters, **_lists_with_commas(self)}


def _lists_with_commas(event: Any) -> dict[str, list[str]]:
    """The values of the parameters that a comma does not separate."""
    sent = _WITH_COMMAS & event.query_string_parameters.keys()
    if not sent:
        return {}
    raw = parse_qs(event.raw_event.get("rawQueryString", ""), keep_blank_values=True)
    return {name: raw.get(name, [event.query_string_parameters[name]]) for name in sent}


def _is_model(field: ModelField) -> bool:
    return isinstance(field.type_, type) and issubclass(field.type_, BaseModel)


def _validate(found: list[tuple[ModelField, Any]], arguments: dict[str, Any]) -> bool:
    """Put the values into the arguments. Return whether all are valid."""
    for field, value in found:
        arguments[field.name], problems = field.validate(value=value)
        if problems:
            return False
    return True


def arguments_of(route: Any) -> Arguments:
    """Kept with the route: Powertools makes a new one for each unknown path."""
    if not hasattr(route, "souk_arguments"):
        route.souk_arguments = Arguments(route)
    found: Arguments = route.souk_arguments
    return found
