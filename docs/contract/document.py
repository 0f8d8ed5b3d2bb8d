"""The OpenAPI document of all functions together, from their routes."""

import json
import tomllib
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from typing import Any

from docs.contract.errors import schemas_of
from docs.contract.example_bodies import add_examples
from docs.contract.headers import RESPONSE_HEADERS
from docs.contract.links import add_links
from docs.contract.operations import complete_operation
from docs.contract.refusals import refusals_of
from docs.contract.responses import shared_responses
from docs.contract.schemas import refine
from docs.contract.security import SECURITY_SCHEMES
from docs.contract.texts import SERVERS, TAGS, describe
from docs.contract.webhooks import WEBHOOK_SCHEMAS

ROOT = Path(__file__).parents[2]
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
POWERTOOLS_ERRORS = ("HTTPValidationError", "ResponseValidationError", "ValidationError")


def project_version() -> str:
    version: str = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]
    return version


def all_routes() -> Iterator[Any]:
    """Powertools' routes of all functions. `func` of each is ours, with what it `requires`."""
    for name in APIS:
        yield from _routes_of(name)


def document() -> dict[str, Any]:
    """Raises ValueError if two functions have different schemas of the same name."""
    paths: dict[str, Any] = {}
    refused = {refusal for route in all_routes() for refusal in refusals_of(route)}
    schemas: dict[str, Any] = {**WEBHOOK_SCHEMAS, **schemas_of(refused)}
    for name in APIS:
        routes = _routes_of(name)
        described = json.loads(
            import_module(name).api.get_openapi_json_schema(title="Souk", version="0")
        )
        for schema, shape in described.get("components", {}).get("schemas", {}).items():
            if schemas.setdefault(schema, shape) != shape:
                raise ValueError(f"{name} has another {schema} than an earlier function")
        for route in routes:
            operation = described["paths"][route.openapi_path][route.method.lower()]
            complete_operation(operation, route)
            paths.setdefault(route.openapi_path, {})[route.method.lower()] = operation
    for leftover in POWERTOOLS_ERRORS:
        schemas.pop(leftover, None)
    described_api = {
        "openapi": "3.1.0",
        "info": {
            "title": "Souk",
            "version": project_version(),
            "description": describe(refused),
            "contact": {"name": "The Souk authors"},
            "license": {"name": "MIT", "identifier": "MIT"},
        },
        "servers": SERVERS,
        "tags": [{"name": name, "description": text} for name, text in TAGS.items()],
        "paths": dict(sorted(paths.items())),
        "components": {
            "schemas": dict(sorted(schemas.items())),
            "responses": dict(sorted(shared_responses(all_routes()).items())),
            "headers": RESPONSE_HEADERS,
            "securitySchemes": SECURITY_SCHEMES,
        },
    }
    refine(described_api)
    add_examples(described_api)
    add_links(described_api)
    return described_api


def _routes_of(name: str) -> list[Any]:
    api = import_module(name).api
    api.load_all()
    routes: list[Any] = api._static_routes + api._dynamic_routes  # noqa: SLF001
    return routes
