"""The tables of template.yaml, made on moto, so that a test's keys and indexes are production's."""

import os
import re
from collections.abc import Collection
from functools import cache
from pathlib import Path
from typing import Any

import yaml

TEMPLATE = Path(__file__).parents[2] / "template.yaml"


class _Loader(yaml.CSafeLoader):
    pass


# A test needs what the tables say of themselves; what !Ref and its like stand for can stay out.
_Loader.add_multi_constructor("!", lambda *_: None)


@cache
def resources() -> dict[str, Any]:
    """What the template spells out. No table stands in a loop."""
    loaded: dict[str, Any] = yaml.load(TEMPLATE.read_text(), _Loader)["Resources"]  # noqa: S506
    return {
        name: resource for name, resource in loaded.items() if not name.startswith("Fn::ForEach::")
    }


def create_tables(dynamodb: Any, existing: Collection[str] = ()) -> None:
    """Creates all tables but those that exist."""
    for logical_id, resource in resources().items():
        if resource["Type"] != "AWS::DynamoDB::Table":
            continue
        name = os.environ[variable_of(logical_id)]
        if name in existing:
            continue
        described = resource["Properties"]
        wanted = {
            key: described[key]
            for key in (
                "AttributeDefinitions",
                "KeySchema",
                "GlobalSecondaryIndexes",
                "LocalSecondaryIndexes",
                "BillingMode",
            )
            if key in described
        }
        dynamodb.create_table(TableName=name, **wanted)


def variable_of(logical_id: str) -> str:
    """ProductsTable -> PRODUCTS_TABLE."""
    return re.sub(r"(?<!^)(?=[A-Z])", "_", logical_id).upper()
