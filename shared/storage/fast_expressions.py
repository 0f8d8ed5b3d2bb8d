"""Writes conditions and updates as expressions of DynamoDB, with the results of pynamodb.

pynamodb parses the path of each attribute each time. docs/decisions/0047 says why this is safe.
"""

from collections.abc import Sequence
from typing import Any

from pynamodb.expressions.condition import Condition
from pynamodb.expressions.operand import Path, Value
from pynamodb.expressions.update import Action, Update

Request = dict[str, Any]


def add_expressions(
    request: Request,
    condition: Condition | None,
    returned_on_failure: str | None,
    actions: Sequence[Action] | None = None,
) -> Request:
    """The request with these expressions. Raises ValueError for an unknown kind of action."""
    names: dict[str, str] = {}
    values: dict[str, Any] = {}
    if condition is not None:
        request["ConditionExpression"] = _write(condition, names, values)
    if returned_on_failure is not None:
        request["ReturnValuesOnConditionCheckFailure"] = returned_on_failure
    if actions is not None:
        request["UpdateExpression"] = _write_update(Update(*actions), names, values)
    if names:
        request["ExpressionAttributeNames"] = {short: name for name, short in names.items()}
    if values:
        request["ExpressionAttributeValues"] = values
    return request


def _write_update(update: Update, names: dict[str, str], values: dict[str, Any]) -> str | None:
    clauses: dict[str, Sequence[Action]] = {
        "SET": update.set_actions,
        "REMOVE": update.remove_actions,
        "ADD": update.add_actions,
        "DELETE": update.delete_actions,
    }
    written = [
        f"{keyword} {', '.join([_write(action, names, values) for action in actions])}"
        for keyword, actions in clauses.items()
        if actions
    ]
    return " ".join(written) or None


def _write(part: Any, names: dict[str, str], values: dict[str, Any]) -> str:
    """A condition, an action or an operand. All have `values` and a `format_string`."""
    kind = type(part)
    if kind is Value:
        short = f":{len(values)}"
        values[short] = part.values[0]
        return short
    if kind is Path:
        path = part.values[0]
        if len(path) == 1 and path[0].isidentifier():
            return names.setdefault(path[0], f"#{len(names)}")
        return str(part.serialize(names, values))  # a part of a document
    parts = [_write(each, names, values) for each in part.values]
    written: str = part.format_string.format(*parts, operator=getattr(part, "operator", None))
    return written
