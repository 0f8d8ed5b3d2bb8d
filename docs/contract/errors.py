"""The schemas of refusals, from their classes: one for each code, and one for its details.

OutOfStockResponse   {"error": OutOfStockError}, the body of the answer
OutOfStockError      its `code` is a constant, so that a generated client tells errors apart
OutOfStockDetails    the facts for programs
"""

from collections.abc import Iterable
from typing import Any

from pydantic import TypeAdapter

from docs.contract.details import details_of
from shared.errors.base import AppError, InternalError

Schemas = dict[str, Any]

GATEWAY_ERROR = "GatewayError"
_GATEWAY_ERROR: Schemas = {
    "type": "object",
    "title": GATEWAY_ERROR,
    "description": "API Gateway's own answer, before or after the shop had the request. It has no "
    "code. Compare the status.",
    "required": ["message"],
    "properties": {"message": {"type": "string", "examples": ["Too Many Requests"]}},
}
_REQUEST_ID = {
    "type": "string",
    "description": "The id of the request. Send it when you report a problem.",
    "examples": ["JKJaXmPLvHcESHA="],
}
_STACK = {"type": "string", "description": "Where the shop crashed. Only the local stack shows it."}


def every_refusal(base: type[AppError] = AppError) -> list[type[AppError]]:
    """The classes with a code of their own: a subclass without one is the same to clients."""
    found = [base] if "code" in vars(base) else []
    for each in base.__subclasses__():
        found += every_refusal(each)
    return found


def response_schema(refusals: Iterable[type[AppError]], *, or_gateway: bool = False) -> Schemas:
    """What the body of an answer is: one of these refusals."""
    names = [f"{refusal.__name__}Response" for refusal in refusals]
    names += [GATEWAY_ERROR] if or_gateway else []
    references = [{"$ref": f"#/components/schemas/{name}"} for name in names]
    return references[0] if len(references) == 1 else {"anyOf": references}


def schemas_of(refusals: Iterable[type[AppError]]) -> Schemas:
    schemas: Schemas = {GATEWAY_ERROR: _GATEWAY_ERROR}
    for refusal in refusals:
        schemas |= _schemas_of_details(refusal)
        schemas[error_name(refusal)] = _error_schema(refusal)
        schemas[f"{refusal.__name__}Response"] = {
            "type": "object",
            "title": f"{refusal.__name__}Response",
            "required": ["error"],
            "properties": {"error": {"$ref": f"#/components/schemas/{error_name(refusal)}"}},
        }
    return schemas


def catalogue_of(refusals: Iterable[type[AppError]]) -> str:
    """A table of the codes, in Markdown."""
    rows = [
        f"| `{refusal.code}` | {refusal.status} | {refusal.default_message} |"
        for refusal in sorted(refusals, key=lambda refusal: refusal.code)
    ]
    return "\n".join(["| code | status | message |", "|---|---|---|", *rows])


def error_name(refusal: type[AppError]) -> str:
    return f"{refusal.__name__.removesuffix('Error')}Error"


def _error_schema(refusal: type[AppError]) -> Schemas:
    properties: Schemas = {
        "code": {"type": "string", "const": refusal.code},
        "message": {
            "type": "string",
            "description": "Describes the error for people. Its text can change.",
            "examples": [refusal.default_message],
        },
        "details": {"$ref": f"#/components/schemas/{_details_name(refusal)}"},
        "request_id": _REQUEST_ID,
    }
    required = list(properties)
    if refusal is InternalError:
        properties["stack"] = _STACK
    return {
        "type": "object",
        "title": error_name(refusal),
        "description": refusal.default_message,
        "required": required,
        "properties": properties,
    }


def _details_name(refusal: type[AppError]) -> str:
    return f"{refusal.__name__}Details" if details_of(refusal) else "NoDetails"


def _schemas_of_details(refusal: type[AppError]) -> Schemas:
    """Models of views that the details name, such as Money, are in the document already."""
    details = details_of(refusal)
    if details is None:
        return {"NoDetails": {"type": "object", "title": "NoDetails", "description": "Empty."}}
    schema = TypeAdapter(details).json_schema(ref_template="#/components/schemas/{model}")
    return {**schema.pop("$defs", {}), _details_name(refusal): schema}
