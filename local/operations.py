"""What an operator does to a shop: `python -m local.operations --target prod admin EMAIL`.

The target is the local stack, or a deployed one by its name in samconfig.toml. The operator's own
credentials decide what they may do; nothing of this can be reached through the API.
"""

import argparse
import json
import os
import sys
import tomllib
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import boto3
from botocore.exceptions import BotoCoreError, ClientError
from pynamodb.exceptions import PynamoDBException

from local import emulator, places, rings
from shared import clock, tokens
from shared.errors import AppError

LOCAL = "local"
SIGNING_RINGS = ("TokenKeysSecret", "CursorKeysSecret")
CURSORS_LIVE = timedelta(hours=1)  # at least; who pages slower begins again


class OperationFailed(Exception):
    """One line for a person at a terminal."""


@dataclass(frozen=True)
class Target:
    """A stack that is deployed somewhere."""

    stack_name: str
    session: Any  # boto3's
    endpoint_url: str | None = None  # none: AWS itself

    def client(self, service: str) -> Any:
        return self.session.client(service, endpoint_url=self.endpoint_url)

    def physical_id(self, logical_id: str) -> str:
        found = self.client("cloudformation").describe_stack_resource(
            StackName=self.stack_name, LogicalResourceId=logical_id
        )
        return str(found["StackResourceDetail"]["PhysicalResourceId"])

    def environment_of(self, function: str) -> dict[str, str]:
        """The variables that a function of the stack runs with."""
        configuration = self.client("lambda").get_function_configuration(
            FunctionName=self.physical_id(function)
        )
        return dict(configuration["Environment"]["Variables"])


def target(name: str) -> Target:
    """The stack of that name. Raises OperationFailed."""
    if name != LOCAL:
        return Target(_stack_name(name), boto3.Session())
    facts = places.STATE / "stack.json"
    if not facts.exists():
        raise OperationFailed("No local stack is running: start one with `make run`.")
    known = json.loads(facts.read_text())
    session = boto3.Session(
        aws_access_key_id=emulator.ACCESS_KEY,
        aws_secret_access_key=emulator.ACCESS_KEY,
        region_name=emulator.REGION,
    )
    return Target(known["stack_name"], session, known["aws_endpoint_url"])


def _stack_name(name: str) -> str:
    configured = tomllib.loads((places.ROOT / "samconfig.toml").read_text())
    try:
        return str(configured[name]["global"]["parameters"]["stack_name"])
    except KeyError as error:
        raise OperationFailed(f"samconfig.toml has no stack for {name!r}.") from error


def make_admin(shop: Target, email: str) -> str:
    """By the very rule that the API has, on the tables of that stack. Raises AppError."""
    os.environ |= shop.environment_of("AuthFunction")
    if shop.endpoint_url:
        os.environ |= {
            "AWS_ENDPOINT_URL": shop.endpoint_url,
            "AWS_ACCESS_KEY_ID": emulator.ACCESS_KEY,
            "AWS_SECRET_ACCESS_KEY": emulator.ACCESS_KEY,
        }
    os.environ["AWS_DEFAULT_REGION"] = str(shop.session.region_name)
    sys.path.insert(0, str(places.ROOT / "functions"))
    from auth.users.service import grant_admin  # noqa: PLC0415 (its tables are named above)

    user = grant_admin(email)
    return f"{user.email} is an admin now, from their next login on."


def rotate_keys(shop: Target) -> str:
    """Raises OperationFailed when it is too early, for one of the rings, to rotate it again."""
    minutes = int(shop.environment_of("AuthFunction")["ACCESS_TOKEN_MINUTES"])
    tokens_live = timedelta(minutes=minutes, seconds=tokens.LEEWAY_SECONDS)
    for ring in SIGNING_RINGS:
        _rotate(shop, ring, signatures_live=max(tokens_live, CURSORS_LIVE))
    seconds = int(rings.TAKES_OVER_AFTER.total_seconds())
    return f"New keys for tokens and cursors sign in {seconds} s. Nobody is logged out."


def _rotate(shop: Target, ring: str, *, signatures_live: timedelta) -> None:
    manager, secret_id = shop.client("secretsmanager"), shop.physical_id(ring)
    held = manager.get_secret_value(SecretId=secret_id, VersionStage="AWSCURRENT")
    try:
        secret = rings.rotated(
            held["SecretString"], now=clock.utc_now(), signatures_live=signatures_live
        )
    except rings.TooEarly as early:
        minutes = int(early.wait.total_seconds() // 60) + 1
        raise OperationFailed(
            f"{ring} was rotated lately: what its last key but one has signed may still be in use. "
            f"Try again in {minutes} min."
        ) from early
    put = manager.put_secret_value(
        SecretId=secret_id, SecretString=secret, VersionStages=["SOUKNEXT"]
    )
    # Two steps, since only this one says which version it replaces: an operator who was faster has
    # moved the label already, and this fails instead of dropping their key.
    manager.update_secret_version_stage(
        SecretId=secret_id,
        VersionStage="AWSCURRENT",
        MoveToVersionId=put["VersionId"],
        RemoveFromVersionId=held["VersionId"],
    )


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="local.operations")
    parser.add_argument(
        "--target", default=LOCAL, help="local, or an environment of samconfig.toml"
    )
    operations = parser.add_subparsers(dest="operation", required=True)
    operations.add_parser("admin").add_argument("email")
    operations.add_parser("rotate-keys")
    asked = parser.parse_args(arguments)
    perform: dict[str, Callable[[Target], str]] = {
        "admin": lambda shop: make_admin(shop, asked.email),
        "rotate-keys": rotate_keys,
    }
    try:
        print(perform[asked.operation](target(asked.target)))
    except (OperationFailed, AppError, BotoCoreError, ClientError, PynamoDBException) as error:
        print(f"make {asked.operation}: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
