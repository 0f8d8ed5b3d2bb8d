"""The alias of a function, which names the version that serves. All invokers use the alias."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mypy_boto3_lambda import LambdaClient

ALIAS = "live"  # `AutoPublishAlias` in template.yaml


def set_variable(function: str, variable: str, value: str, functions: LambdaClient) -> None:
    """Sets an environment variable, in a version that the alias names. Idempotent."""
    serving = functions.get_function_configuration(FunctionName=function, Qualifier=ALIAS)
    variables = serving["Environment"]["Variables"]
    if variables.get(variable) == value:
        return
    functions.update_function_configuration(
        FunctionName=function, Environment={"Variables": {**variables, variable: value}}
    )
    published = functions.publish_version(FunctionName=function)
    functions.update_alias(FunctionName=function, Name=ALIAS, FunctionVersion=published["Version"])


def delete_others(names: Iterable[str], functions: LambdaClient) -> None:
    """Deletes each version but the one that the alias names: MiniStack saves the code of each."""
    for name in names:
        serving = functions.get_alias(FunctionName=name, Name=ALIAS)["FunctionVersion"]
        for page in functions.get_paginator("list_versions_by_function").paginate(
            FunctionName=name
        ):
            for version in page["Versions"]:
                if version["Version"] not in {"$LATEST", serving}:
                    functions.delete_function(FunctionName=name, Qualifier=version["Version"])
