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
from datetime import datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any

import boto3
from botocore.exceptions import BotoCoreError, ClientError, EndpointConnectionError
from pynamodb.exceptions import PynamoDBException

from local import emulator, places, rings
from shared import clock, observability, tokens
from shared.errors import AppError, UserNotFound

LOCAL = "local"
SIGNING_RINGS = ("TokenKeysSecret", "CursorKeysSecret")
CLOCK_OFF_MAX = timedelta(seconds=20)  # well within rings.MARGIN
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
        """Raises OperationFailed when there is no such stack, or the stack has no such part."""
        try:
            found = self.client("cloudformation").describe_stack_resource(
                StackName=self.stack_name, LogicalResourceId=logical_id
            )
        except ClientError as error:
            if error.response["Error"]["Code"] != "ValidationError":
                raise
            raise OperationFailed(
                f"{self.stack_name} has no {logical_id} in {self.session.region_name}: is it "
                "deployed there, and by this account?"
            ) from error
        except EndpointConnectionError as error:
            if self.endpoint_url is None:
                raise
            raise OperationFailed(  # a stack that was killed has left its facts behind
                f"No local stack answers at {self.endpoint_url}: start one with `make run`."
            ) from error
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
        stack_name, region = _configured(name)
        return Target(stack_name, boto3.Session(region_name=region))
    try:
        known = json.loads((places.STATE / "stack.json").read_text())
    except FileNotFoundError as error:
        raise OperationFailed("No local stack is running: start one with `make run`.") from error
    return Target(known["stack_name"], emulator.root_session(), known["aws_endpoint_url"])


def _configured(name: str) -> tuple[str, str | None]:
    """Name and region as `sam deploy` has them; without a region, the environment's is meant."""
    configured = tomllib.loads((places.ROOT / "samconfig.toml").read_text())
    try:
        named = configured[name]["global"]["parameters"]
        stack_name = str(named["stack_name"])
    except (KeyError, TypeError) as error:
        raise OperationFailed(f"samconfig.toml has no stack for {name!r}.") from error
    deploy = configured[name].get("deploy", {}).get("parameters", {})
    return stack_name, deploy.get("region", named.get("region"))


def make_admin(shop: Target, email: str) -> str:
    """By the very rule that the API has, on the tables of that stack.

    Raises OperationFailed and AppError.
    """
    if not email:
        raise OperationFailed("Whose account? `make admin EMAIL=ada@example.com`")
    _work_in(shop)
    from auth.users.service import grant_admin  # noqa: PLC0415 (its tables are named above)

    try:
        user = grant_admin(email)
    except UserNotFound as error:
        raise OperationFailed(
            f"{email} has no account: register it first, then try again."
        ) from error
    return f"{user.email} is an admin now. Their sessions have ended: they log in again."


def _work_in(shop: Target) -> None:
    """Turn this process into what a function of that stack is."""
    variables = shop.environment_of("AuthFunction")
    if shop.endpoint_url:
        for name in [name for name in os.environ if name.startswith("AWS_")]:
            del os.environ[name]  # nothing of the person's own accounts goes to the local stack
        variables |= {
            "AWS_ENDPOINT_URL": shop.endpoint_url,
            "AWS_ACCESS_KEY_ID": emulator.ACCESS_KEY,
            "AWS_SECRET_ACCESS_KEY": emulator.ACCESS_KEY,
        }
    os.environ |= variables | {"AWS_DEFAULT_REGION": str(shop.session.region_name)}
    sys.path.insert(0, str(places.ROOT / "functions"))
    # The audit line, beside the answer and not in it.
    observability.logger.registered_handler.setStream(sys.stderr)  # type: ignore[attr-defined]


def rotate_keys(shop: Target) -> str:
    """Each ring by itself, so that one that cannot be rotated does not hold up the other.

    Raises OperationFailed, with what became of each, unless both were rotated.
    """
    minutes = int(shop.environment_of("AuthFunction")["ACCESS_TOKEN_MINUTES"])
    tokens_live = timedelta(minutes=minutes, seconds=tokens.LEEWAY_SECONDS)
    refusals, done = [], []
    for ring in SIGNING_RINGS:
        try:
            _rotate(shop, ring, signatures_live=max(tokens_live, CURSORS_LIVE))
            done.append(ring)
        except OperationFailed as refusal:
            refusals.append(str(refusal))
    if refusals:
        told = [f"{ring} was rotated." for ring in done]
        raise OperationFailed(" ".join(refusals + told))
    seconds = int(rings.TAKES_OVER_AFTER.total_seconds())
    return f"New keys for tokens and cursors take over in {seconds} s. Nobody is logged out."


def _rotate(shop: Target, ring: str, *, signatures_live: timedelta) -> None:
    manager, secret_id = shop.client("secretsmanager"), shop.physical_id(ring)
    held = manager.get_secret_value(SecretId=secret_id, VersionStage="AWSCURRENT")
    now = clock.utc_now()
    _check_clock(now, held["ResponseMetadata"]["HTTPHeaders"].get("date"))
    try:
        secret = rings.rotated(held["SecretString"], now=now, signatures_live=signatures_live)
    except rings.TooEarly as early:
        minutes = int(early.wait.total_seconds() // 60) + 1
        raise OperationFailed(
            f"{ring} was rotated lately, and what the older of its two keys has signed may be in "
            f"use. Try again in {minutes} min."
        ) from early
    except ValueError as error:  # it may quote the secret: that is not for a terminal
        raise OperationFailed(f"{ring} holds no key ring, and was left alone.") from error
    put = manager.put_secret_value(
        SecretId=secret_id, SecretString=secret, VersionStages=["SOUKNEXT"]
    )
    # Two steps, since only this one says which version it replaces: an operator who was faster has
    # moved the label already, and this fails instead of dropping their key.
    try:
        manager.update_secret_version_stage(
            SecretId=secret_id,
            VersionStage="AWSCURRENT",
            MoveToVersionId=put["VersionId"],
            RemoveFromVersionId=held["VersionId"],
        )
    except manager.exceptions.InvalidParameterException as error:
        raise OperationFailed(
            f"Somebody else has rotated {ring} meanwhile: their key stays, yours was dropped."
        ) from error


def _check_clock(now: datetime, told: str | None) -> None:
    """A new key takes over at a time that this machine names and all instances go by."""
    if told is None:
        return
    off = abs(now - parsedate_to_datetime(told))
    if off > CLOCK_OFF_MAX:
        raise OperationFailed(
            f"This machine's clock is {off.total_seconds():.0f} s off that of AWS: set it first."
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
