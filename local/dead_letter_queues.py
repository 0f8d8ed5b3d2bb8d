"""Finds the dead-letter queues of a template and where their messages come from. Pure functions.

A message goes back to exactly one place, so that no other consumer gets it a second time:

| its queue is named by | it holds | it goes back to |
|---|---|---|
| a queue's redrive policy | the message | that queue |
| a rule's target | the event that the target refused | the target, not the bus |
| a function's asynchronous invocations | the function's input and its error | the function |
| a stream's mapping | positions in the stream | nowhere: what the stream held is in its table |
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

Resources = Mapping[str, Any]


class Destination(StrEnum):
    """What takes the messages back."""

    QUEUE = "queue"
    TOPIC = "topic"
    FUNCTION = "function"  # its input is the message
    INVOKED = "invoked function"  # its input is a part of the message
    TABLE = "table"  # takes nothing; the messages are positions in its stream


@dataclass(frozen=True)
class DeadLetterQueue:
    """All names are logical ids. `transformer` makes a message for a topic."""

    name: str
    destination: Destination
    target: str
    transformer: Mapping[str, Any] | None = None
    function: str = ""  # the reader of a table's stream


_BY_TYPE = {
    "AWS::SQS::Queue": Destination.QUEUE,
    "AWS::SNS::Topic": Destination.TOPIC,
    "AWS::Lambda::Function": Destination.FUNCTION,
}


def list_queues(resources: Resources) -> list[DeadLetterQueue]:
    """Sorted by name. `resources` are those of a processed template, without loops and SAM."""
    queues = {queue.name: queue for queue in _find_queues(resources)}
    return [queues[name] for name in sorted(queues)]


def _find_queues(resources: Resources) -> Iterator[DeadLetterQueue]:
    for name, resource in resources.items():
        properties = resource.get("Properties", {})
        match resource["Type"]:
            case "AWS::SQS::Queue" if "RedrivePolicy" in properties:
                receiver = _referenced(properties["RedrivePolicy"]["deadLetterTargetArn"])
                yield DeadLetterQueue(receiver, Destination.QUEUE, name)
            case "AWS::Events::Rule":
                yield from _find_rule_queues(properties["Targets"], resources)
            case "AWS::Lambda::EventInvokeConfig":
                for dead_letters in _failure_destinations(properties):
                    function = _referenced(properties["FunctionName"])
                    yield DeadLetterQueue(dead_letters, Destination.INVOKED, function)
            case "AWS::Lambda::EventSourceMapping":
                for dead_letters in _failure_destinations(properties):
                    table = _referenced(properties["EventSourceArn"])
                    function = _function_of(_referenced(properties["FunctionName"]), resources)
                    yield DeadLetterQueue(dead_letters, Destination.TABLE, table, function=function)


def _find_rule_queues(
    targets: list[dict[str, Any]], resources: Resources
) -> Iterator[DeadLetterQueue]:
    for target in targets:
        if "DeadLetterConfig" in target:
            name = _function_of(_referenced(target["Arn"]), resources)
            yield DeadLetterQueue(
                _referenced(target["DeadLetterConfig"]["Arn"]),
                _BY_TYPE[resources[name]["Type"]],
                name,
                target.get("InputTransformer"),
            )


def _function_of(name: str, resources: Resources) -> str:
    """The function of an alias. The name itself, if it is that of another resource."""
    if resources[name]["Type"] != "AWS::Lambda::Alias":
        return name
    return _referenced(resources[name]["Properties"]["FunctionName"])


def _failure_destinations(properties: Mapping[str, Any]) -> list[str]:
    """None or one."""
    on_failure = properties.get("DestinationConfig", {}).get("OnFailure")
    return [_referenced(on_failure["Destination"])] if on_failure else []


def _referenced(reference: Mapping[str, Any]) -> str:
    """The logical id that a Ref or an Fn::GetAtt names."""
    if "Ref" in reference:
        return str(reference["Ref"])
    name = reference["Fn::GetAtt"]
    return str(name[0] if isinstance(name, list) else name.partition(".")[0])
