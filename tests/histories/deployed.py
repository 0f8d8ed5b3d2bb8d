"""What template.yaml deploys between the outbox and the workers: the one list of the links."""

import importlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from tests.template.stack import of_type, referenced_id

Handler = Any  # a Lambda handler


@dataclass(frozen=True)
class EventSource:
    """A mapping of a stream or a queue to the function that consumes it."""

    source: str  # logical id of a table or of a queue
    function: str
    properties: Mapping[str, Any]

    def accepts(self, record: Mapping[str, Any]) -> bool:
        """Whether Lambda hands the record on: one filter must match, if there are any."""
        filters = self.properties.get("FilterCriteria", {}).get("Filters", [])
        patterns = [json.loads(each["Pattern"]) for each in filters]
        return not patterns or any(matches(pattern, record) for pattern in patterns)


@cache
def handler_of(function: str) -> Handler:
    """The entry point of a function, by the function's logical id."""
    path = of_type("AWS::Lambda::Function")[function]["Handler"]
    module, _, name = path.rpartition(".")
    return getattr(importlib.import_module(module), name)


@cache
def event_sources() -> tuple[EventSource, ...]:
    return tuple(
        EventSource(
            referenced_id(mapping["EventSourceArn"]),
            referenced_id(mapping["FunctionName"]),
            mapping,
        )
        for mapping in of_type("AWS::Lambda::EventSourceMapping").values()
    )


@cache
def queues() -> Mapping[str, Mapping[str, Any]]:
    """The properties of each queue, dead-letter queues too, by logical id."""
    return of_type("AWS::SQS::Queue")


@cache
def tables_with_streams() -> frozenset[str]:
    """Logical ids."""
    tables = of_type("AWS::DynamoDB::Table")
    return frozenset(name for name, table in tables.items() if "StreamSpecification" in table)


def rules() -> Iterator[tuple[str, Mapping[str, Any]]]:
    """The rules of the shop's own bus."""
    for name, rule in of_type("AWS::Events::Rule").items():
        if "EventPattern" in rule:
            yield name, rule


@cache
def scheduled_functions() -> Mapping[str, str]:
    """The schedule of each function that one invokes, by the function's logical id."""
    return {
        referenced_id(target["Arn"]): rule["ScheduleExpression"]
        for rule in of_type("AWS::Events::Rule").values()
        if "ScheduleExpression" in rule
        for target in rule["Targets"]
    }


def dead_letters_of(properties: Mapping[str, Any]) -> str:
    """The queue that takes what a mapping, a rule's target or a queue gives up."""
    if "RedrivePolicy" in properties:
        return referenced_id(properties["RedrivePolicy"]["deadLetterTargetArn"])
    if "DeadLetterConfig" in properties:
        return referenced_id(properties["DeadLetterConfig"]["Arn"])
    return referenced_id(properties["DestinationConfig"]["OnFailure"]["Destination"])


def matches(pattern: Any, value: Any) -> bool:
    """Whether an event pattern matches: values, `exists` and `prefix`, as the template uses."""
    if isinstance(pattern, dict):
        return isinstance(value, dict) and all(
            matches(expected, value.get(key)) for key, expected in pattern.items()
        )
    return any(_matches_one(expected, value) for expected in pattern)


def _matches_one(expected: Any, value: Any) -> bool:
    match expected:
        case {"exists": is_wanted}:
            return (value is not None) is is_wanted
        case {"prefix": prefix}:
            return isinstance(value, str) and value.startswith(prefix)
    return bool(value == expected)


@cache
def invoke_config_of(function: str) -> Mapping[str, Any]:
    """How Lambda invokes a function asynchronously."""
    configs = of_type("AWS::Lambda::EventInvokeConfig").values()
    return next(config for config in configs if referenced_id(config["FunctionName"]) == function)
