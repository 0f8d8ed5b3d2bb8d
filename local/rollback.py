"""Moves the aliases of all functions back to the versions that were published before a time.

It takes seconds, and changes nothing but which versions serve. Permissions, settings of queues and
everything else stay as the newer release has them.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from local.aliases import ALIAS
from local.republishing import parse_time
from local.targets import OperationFailed, Target

STOP = "aws deploy stop-deployment --auto-rollback-enabled --deployment-id ..."


@dataclass(frozen=True)
class Move:
    """What the alias of a function names, and the newest version from before the time."""

    function: str  # a logical id
    physical_id: str
    serving: str
    version: str
    description: str  # the values of the template's parameters

    def to_text(self) -> str:
        if self.serving == self.version:
            return f"{self.function:28} stays at {self.version}"
        return f"{self.function:28} {self.serving} -> {self.version} ({self.description})"


def roll_back(shop: Target, before: str, *, applies: bool) -> str:
    """What was or would be done. Moves either all functions or none.

    Raises OperationFailed.
    """
    if not before:
        raise OperationFailed(
            "Name a time before the release: `make rollback BEFORE=2026-11-27T14:00Z`."
        )
    moves = list(_plan(shop, parse_time("BEFORE", before)))
    lines = [move.to_text() for move in moves]
    due = [move for move in moves if move.serving != move.version]
    if due and not applies:
        return "\n".join([*lines, "Nothing has changed yet. Add APPLY=1."])
    for move in due:
        shop.client("lambda").update_alias(
            FunctionName=move.physical_id, Name=ALIAS, FunctionVersion=move.version
        )
    if due:
        lines.append(
            "Deploy the next release with Rollout=AllAtOnce. `make verify` checks the data."
        )
    return "\n".join(lines)


def _plan(shop: Target, before: datetime) -> Iterator[Move]:
    functions = shop.client("lambda")
    names = [
        name
        for name, resource in shop.resources().items()
        if resource["Type"] == "AWS::Lambda::Function"
    ]
    for name in sorted(names):
        physical_id = shop.physical_id(name)
        alias = functions.get_alias(FunctionName=physical_id, Name=ALIAS)
        if alias.get("RoutingConfig", {}).get("AdditionalVersionWeights"):
            raise OperationFailed(f"{name} is between two versions. Stop its rollout: `{STOP}`.")
        older = [
            version
            for version in _list_versions(functions, physical_id)
            if datetime.fromisoformat(version["LastModified"]) < before
        ]
        if not older:
            raise OperationFailed(f"{name} has no version from before {before:%Y-%m-%dT%H:%MZ}.")
        chosen = max(older, key=lambda version: int(version["Version"]))
        yield Move(
            name,
            physical_id,
            alias["FunctionVersion"],
            chosen["Version"],
            chosen.get("Description", ""),
        )


def _list_versions(functions: Any, physical_id: str) -> Iterator[dict[str, Any]]:
    pages = functions.get_paginator("list_versions_by_function")
    for page in pages.paginate(FunctionName=physical_id):
        yield from (version for version in page["Versions"] if version["Version"] != "$LATEST")
