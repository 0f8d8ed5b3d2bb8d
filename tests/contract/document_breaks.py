"""Compares two OpenAPI documents: what breaks a client that was made for the first of them."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from tests.contract.schema_breaks import Break, Comparison
from tests.contract.variants import Document, Schema, Variant, follow, list_variants

METHODS = ("get", "put", "post", "delete", "patch", "head", "options", "trace")
FIRST_ERROR = 400
Operation = Mapping[str, Any]


def find_breaks(before: Document, after: Document) -> list[Break]:
    return list(dict.fromkeys(DocumentComparison(before, after).find_breaks()))


class DocumentComparison:
    def __init__(self, before: Document, after: Document) -> None:
        self._before, self._after = before, after
        self._requests = Comparison(before, after, "request")
        self._responses = Comparison(before, after, "response")

    def find_breaks(self) -> Iterator[Break]:
        becomes = dict(_list_operations(self._after))
        for name, operation in _list_operations(self._before):
            if name not in becomes:
                yield Break("operation removed", name)
                continue
            for each in self._compare_operations(operation, becomes[name]):
                yield replace(each, where=f"{name} {each.where}".strip())

    def _compare_operations(self, before: Operation, after: Operation) -> Iterator[Break]:
        ids = before.get("operationId"), after.get("operationId")
        if ids[0] != ids[1]:
            yield Break("operation renamed", "operationId", f"{ids[0]}, now {ids[1]}")
        yield from self._compare_security(before, after)
        yield from self._compare_parameters(before, after)
        yield from self._compare_bodies(before, after)
        yield from self._compare_answers(before, after)

    def _compare_security(self, before: Operation, after: Operation) -> Iterator[Break]:
        """Each way to authenticate that was enough must be enough."""
        ways = [_list_ways(self._after, way) for way in _security(self._after, after)]
        for way in _security(self._before, before):
            had = _list_ways(self._before, way)
            if not any(needed <= had for needed in ways):
                yield Break("security added", "security", " and ".join(way) or "it was public")
        permission = after.get("x-permission")
        if permission not in (None, before.get("x-permission")):
            detail = f"{before.get('x-permission')}, now {permission}"
            yield Break("permission changed", "security", detail)

    def _compare_parameters(self, before: Operation, after: Operation) -> Iterator[Break]:
        old, new = (
            _list_parameters(document, operation)
            for document, operation in ((self._before, before), (self._after, after))
        )
        for key, parameter in old.items():
            where = " ".join(key)
            if key not in new:
                yield Break("parameter removed", where)
                continue
            if new[key].get("required") and not parameter.get("required"):
                yield Break("parameter made required", where)
            breaks = self._requests.compare(_schema(parameter), _schema(new[key]))
            yield from (each.within(where) for each in breaks)
        for key in new:
            if key not in old and new[key].get("required"):
                yield Break("parameter added as required", " ".join(key))

    def _compare_bodies(self, before: Operation, after: Operation) -> Iterator[Break]:
        old = follow(self._before, before.get("requestBody", {}))
        new = follow(self._after, after.get("requestBody", {}))
        if old and not new:
            yield Break("request body removed", "request")
        elif new.get("required") and not old.get("required"):
            yield Break("request body made required", "request")
        for kind, content in old.get("content", {}).items() if new else ():
            if kind not in new["content"]:
                yield Break("media type removed", "request", kind)
                continue
            breaks = self._requests.compare(_schema(content), _schema(new["content"][kind]))
            yield from (each.within("request") for each in breaks)

    def _compare_answers(self, before: Operation, after: Operation) -> Iterator[Break]:
        for status, answer in before["responses"].items():
            if status not in after["responses"]:
                yield Break("status removed", status)
                continue
            old = follow(self._before, answer)
            new = follow(self._after, after["responses"][status])
            yield from (each.within(status) for each in self._compare_headers(old, new))
            for kind, content in old.get("content", {}).items():
                if kind not in new.get("content", {}):
                    yield Break("media type removed", status, kind)
                    continue
                schemas = _schema(content), _schema(new["content"][kind])
                is_error = not status.isdigit() or int(status) >= FIRST_ERROR
                breaks = (
                    self._compare_errors(*schemas)
                    if is_error
                    else self._responses.compare(*schemas)
                )
                yield from (each.within(status) for each in breaks)

    def _compare_headers(self, before: Operation, after: Operation) -> Iterator[Break]:
        old, new = (
            {
                name.lower(): follow(document, header)
                for name, header in answer.get("headers", {}).items()
            }
            for document, answer in ((self._before, before), (self._after, after))
        )
        for name, header in old.items():
            if name not in new:
                yield Break("header removed", name)
                continue
            if header.get("required") and not new[name].get("required"):
                yield Break("header made optional", name)
            breaks = self._responses.compare(_schema(header), _schema(new[name]))
            yield from (each.within(name) for each in breaks)

    def _compare_errors(self, before: Schema, after: Schema) -> list[Break]:
        """New codes break nothing, because clients must expect codes that they do not know."""
        old, new = _list_errors(self._before, before), _list_errors(self._after, after)
        if not old or None in old or None in new:
            return self._responses.compare(before, after)
        breaks = [Break("error code removed", "", str(code)) for code in old if code not in new]
        for code in [code for code in old if code in new]:
            found = self._responses.compare_variants(old[code], new[code])
            breaks += [each.within(f"error[{code}]") for each in found]
        return breaks


def _list_operations(document: Document) -> Iterator[tuple[str, Operation]]:
    for path, item in document["paths"].items():
        shared = item.get("parameters", [])
        for method in [method for method in METHODS if method in item]:
            operation = item[method]
            parameters = [*shared, *operation.get("parameters", [])]
            yield f"{method.upper()} {path}", {**operation, "parameters": parameters}


def _list_parameters(document: Document, operation: Operation) -> dict[tuple[str, str], Any]:
    """By place and name. A header's name has no case."""
    found = [follow(document, parameter) for parameter in operation["parameters"]]
    return {
        (each["in"], each["name"].lower() if each["in"] == "header" else each["name"]): each
        for each in found
    }


def _schema(holder: Mapping[str, Any]) -> Schema:
    if "content" in holder:  # a parameter can have its schema there
        (holder,) = holder["content"].values()
    return holder.get("schema", True)


def _security(document: Document, operation: Operation) -> list[Mapping[str, list[str]]]:
    ways = operation.get("security", document.get("security", []))
    return list(ways) or [{}]


def _list_ways(document: Document, way: Mapping[str, list[str]]) -> set[tuple[Any, ...]]:
    """What a way to authenticate needs. The name of a scheme is no part of the contract."""
    schemes = document.get("components", {}).get("securitySchemes", {})
    facts = {name: follow(document, schemes.get(name, {})) for name in way}
    keys = ("type", "scheme", "bearerFormat", "in", "name")
    return {
        (*(str(facts[name].get(key)).lower() for key in keys), scope)
        for name, scopes in way.items()
        for scope in ("", *scopes)
    }


def _list_errors(document: Document, schema: Schema) -> dict[str | None, list[Variant]]:
    """The forms of `error` by its `code`. None stands for any code.

    An answer without `error` is the gateway's own.
    """
    found: dict[str | None, list[Variant]] = {}
    for answer in list_variants(document, schema):
        for error in list_variants(document, answer.get("properties", {}).get("error", False)):
            fields = error.get("properties", {})
            for code in list_variants(document, fields.get("code", {})):
                form = error | {"properties": {**fields, "code": True}}
                for value in code.get("enum", [None]):
                    found.setdefault(value, []).append(form)
    return found
