"""Compares every answer of the functions with the OpenAPI document, and notes what was answered.

`watch` wraps the one method that answers all requests. So every test that calls a function is a
test of the document too, whatever else it looks at.
"""

import inspect
import json
import os
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

FUNCTIONS = Path(__file__).parents[2] / "functions"
DOCUMENT = json.loads((FUNCTIONS / "reference" / "openapi.json").read_text())
DRIVEN_FOLDER = "SOUK_DRIVEN"  # the variable with the folder where each process notes its answers
OF_EVERY_PAGE = {
    "Content-Disposition",
    "Content-Encoding",
    "Content-Security-Policy",
    "Content-Type",
    "Referrer-Policy",
    "Strict-Transport-Security",
    "Vary",
    "X-Content-Type-Options",
}

Answered = tuple[str, int, str]  # the operation's id, the status, and the code of a refusal

problems: list[str] = []  # of all answers since a test last cleared it
_noted: set[Answered] = set()


def watch() -> None:
    """From now on, compare each answer."""
    from shared.http.api import Api  # noqa: PLC0415 (it needs the settings)

    resolve = Api.resolve

    def resolve_and_compare(self: Api, event: dict[str, Any], context: Any) -> dict[str, Any]:
        response = resolve(self, event, context)
        route = _route_of(self, event["requestContext"]["http"])
        if route is not None:
            _compare(route, response)
        return response

    Api.resolve = resolve_and_compare  # type: ignore[method-assign]


def _route_of(api: Any, request: dict[str, str]) -> Any:
    """None for the routes of tests, and where the API has no route."""
    for route in api._static_routes + api._dynamic_routes:  # noqa: SLF001 (as Powertools does)
        if route.method == request["method"] and route.rule.match(request["path"]):
            return route if Path(inspect.getfile(route.func)).is_relative_to(FUNCTIONS) else None
    return None


def _compare(route: Any, response: dict[str, Any]) -> None:
    operation, status = route.func.__name__, int(response["statusCode"])
    documented = responses_of(route.openapi_path, route.method).get(str(status))
    error = json.loads(response["body"])["error"] if status >= 400 else {}
    code = error.get("code", "")
    _note((operation, status, code))
    answer = f"{operation}: {status} {code}"
    if documented is None or (code and code not in codes_of(documented)):
        problems.append(f"{answer} is not documented")
        return
    if code:
        problems.extend(f"{answer}: {problem}" for problem in _problems_of_details(error))
    problems.extend(f"{answer}: {problem}" for problem in _problems_of_head(documented, response))


def _problems_of_head(documented: dict[str, Any], response: dict[str, Any]) -> Iterator[str]:
    names = set(response["headers"]) - OF_EVERY_PAGE
    for name in names ^ set(documented["headers"]):
        yield f"{name} is {'not documented' if name in names else 'missing'}"
    media_types = list(documented.get("content", {}))
    if bool(response.get("body")) is not bool(media_types):
        yield "the body is documented where there is none, or the reverse"
    media_type = str(response["headers"].get("Content-Type", "")).partition(";")[0]
    if media_types and media_type not in media_types:
        yield f"{media_type} is not documented"


def _problems_of_details(error: dict[str, Any]) -> Iterator[str]:
    """Strictly: a detail that the document does not name is a problem too."""
    adapter = _details_by_code()[error["code"]]
    try:
        if adapter is not None:
            adapter.validate_json(json.dumps([error["details"]]))
        elif error["details"]:
            yield f"has details: {error['details']}"
    except ValueError as problem:
        yield str(problem)


@cache
def _details_by_code() -> dict[str, Any]:
    from pydantic import ConfigDict, TypeAdapter  # noqa: PLC0415 (not where the tests only start)

    from docs.contract.details import details_of  # noqa: PLC0415
    from docs.contract.errors import every_refusal  # noqa: PLC0415

    # Of a list, because pydantic takes no settings for a TypedDict alone.
    strict = ConfigDict(extra="forbid", strict=True)
    types = {refusal.code: details_of(refusal) for refusal in every_refusal()}
    return {
        code: type_ and TypeAdapter(list[type_], config=strict) for code, type_ in types.items()
    }


@cache
def responses_of(path: str, method: str) -> dict[str, Any]:
    """The responses of an operation by status, without references."""
    responses = DOCUMENT["paths"].get(path, {}).get(method.lower(), {}).get("responses", {})
    return {status: resolve(response) for status, response in responses.items()}


def resolve(node: dict[str, Any]) -> dict[str, Any]:
    """What a reference refers to."""
    if "$ref" not in node:
        return node
    found = DOCUMENT
    for step in node["$ref"].removeprefix("#/").split("/"):
        found = found[step]
    return found


def codes_of(response: dict[str, Any]) -> list[str]:
    schema = response.get("content", {}).get("application/json", {}).get("schema", {})
    bodies = [resolve(option) for option in schema.get("anyOf", [schema])]
    errors = [resolve(body["properties"]["error"]) for body in bodies if _is_error(body)]
    return [error["properties"]["code"]["const"] for error in errors]


def _is_error(body: dict[str, Any]) -> bool:
    return list(body.get("properties", {})) == ["error"]


def documented() -> set[Answered]:
    """All answers of the document, but those that API Gateway gives itself."""
    found: set[Answered] = set()
    for path, operations in DOCUMENT["paths"].items():
        for method, operation in operations.items():
            for status, response in responses_of(path, method).items():
                codes = codes_of(response) if int(status) >= 400 else [""]
                found |= {(operation["operationId"], int(status), code) for code in codes}
    return found


def _note(answered: Answered) -> None:
    """At once, so that a process which is stopped has noted what it has seen."""
    folder = os.environ.get(DRIVEN_FOLDER)
    if folder and answered not in _noted:
        _noted.add(answered)
        with Path(folder, str(os.getpid())).open("a") as notes:
            notes.write(f"{json.dumps(answered)}\n")


def undriven(folder: Path) -> list[str]:
    """What stands in the document and no process has noted in the folder."""
    lines = [line for path in folder.iterdir() for line in path.read_text().splitlines()]
    noted = {tuple(json.loads(line)) for line in lines}
    return [f"{name}: {status} {code}" for name, status, code in sorted(documented() - noted)]
