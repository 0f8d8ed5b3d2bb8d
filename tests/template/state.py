"""What of a deployed stack cannot be replaced without losing what it stores.

    python -m tests.template.state

records it in last_release.json, so that the tests refuse an update of a live stack that
CloudFormation would refuse, or that would give the stack an empty table for a full one.
"""

import json
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

from cfnlint.schema.manager import PROVIDER_SCHEMA_MANAGER

from tests.template import stack

RECORD = Path(__file__).with_name("last_release.json")
# What stores something, with the properties whose change would overwrite it. The registry's schema
# has those whose change replaces the resource.
FIXED = {
    "AWS::DynamoDB::Table": ("KeySchema", "LocalSecondaryIndexes"),
    "AWS::KMS::Key": (),
    "AWS::Logs::LogGroup": (),
    "AWS::S3::Bucket": (),
    "AWS::SNS::Topic": (),
    "AWS::SQS::Queue": (),
    "AWS::SecretsManager::Secret": ("GenerateSecretString", "SecretString"),
}
# Logical ids that the next release gives up on purpose, with all that they store.
GIVEN_UP: frozenset[str] = frozenset()
# Properties of a table that an update may add, but neither change nor remove.
ADDED_ONCE = {"StreamSpecification": "its stream", "TimeToLiveSpecification": "its time to live"}
INDEXES = "GlobalSecondaryIndexes"
INDEX_CHANGES_MAX = 1  # in one update of a table: DynamoDB's limit

State = Mapping[str, Mapping[str, Any]]


def describe(resources: Mapping[str, stack.Resource]) -> dict[str, dict[str, Any]]:
    """The resources that store something, by logical id, with what an update must keep."""
    return {
        name: {"Type": resource["Type"], **_kept(resource["Type"], resource.get("Properties", {}))}
        for name, resource in sorted(resources.items())
        if resource["Type"] in FIXED
    }


def _kept(kind: str, properties: Mapping[str, Any]) -> dict[str, Any]:
    kept = {key: properties[key] for key in fixed_properties(kind) if key in properties}
    if kind != "AWS::DynamoDB::Table":
        return kept
    types = {
        attribute["AttributeName"]: attribute["AttributeType"]
        for attribute in properties["AttributeDefinitions"]
    }
    indexes = {index["IndexName"]: index for index in properties.get(INDEXES, [])}
    added_once = {key: properties[key] for key in ADDED_ONCE if key in properties}
    return {**kept, **added_once, "KeyTypes": types, INDEXES: indexes}


@cache
def fixed_properties(kind: str) -> tuple[str, ...]:
    """The properties of that type which an update must not change."""
    schema = PROVIDER_SCHEMA_MANAGER.get_resource_schema("eu-central-1", kind).schema
    replacing = [
        path.removeprefix("/properties/") for path in schema.get("createOnlyProperties", [])
    ]
    return (*FIXED[kind], *(name for name in replacing if "/" not in name))


def find_breaks(before: State, after: State) -> list[str]:
    """Why an update from one state to the other fails or loses data, one sentence for each."""
    kept = before.keys() - GIVEN_UP
    return [
        text for name in sorted(kept) for text in _breaks_of(name, before[name], after.get(name))
    ]


def _breaks_of(
    name: str, before: Mapping[str, Any], after: Mapping[str, Any] | None
) -> Iterator[str]:
    if after is None or after["Type"] != before["Type"]:
        yield f"{name} is gone. A live stack would lose what it stores."
        return
    for key in fixed_properties(before["Type"]):
        if before.get(key) != after.get(key):
            yield f"{key} of {name} differs. CloudFormation would replace or overwrite it."
    if before["Type"] == "AWS::DynamoDB::Table":
        yield from _breaks_of_table(name, before, after)


def _breaks_of_table(
    name: str, before: Mapping[str, Any], after: Mapping[str, Any]
) -> Iterator[str]:
    for key, words in ADDED_ONCE.items():
        if key in before and before[key] != after.get(key):
            yield f"{name} changes {words}. Remove it in one release, and add it in the next."
    for attribute in before["KeyTypes"].keys() & after["KeyTypes"].keys():
        if before["KeyTypes"][attribute] != after["KeyTypes"][attribute]:
            yield f"{attribute} of {name} has another type. Add an attribute with another name."
    was, becomes = before[INDEXES], after[INDEXES]
    for index in was.keys() & becomes.keys():
        if was[index] != becomes[index]:
            yield f"The index {index} of {name} differs. Add one with another name."
    if len(was.keys() ^ becomes.keys()) > INDEX_CHANGES_MAX:
        changed = ", ".join(sorted(was.keys() ^ becomes.keys()))
        yield f"{name} adds or removes {changed}. One release may add or remove one index a table."


def load() -> dict[str, dict[str, Any]]:
    """The state of the last release."""
    recorded: dict[str, dict[str, Any]] = json.loads(RECORD.read_text())
    return recorded


def render(state: State) -> str:
    """One line for each resource."""
    lines = [f"  {json.dumps(name)}: {json.dumps(value)}" for name, value in state.items()]
    return "{\n" + ",\n".join(lines) + "\n}\n"


if __name__ == "__main__":
    RECORD.write_text(render(describe(stack.resources("production"))))
