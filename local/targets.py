"""The stack that an operator works on: the local one, or one that is named in samconfig.toml."""

import json
import os
import sys
import tomllib
from dataclasses import dataclass
from typing import Any

import boto3
from botocore.exceptions import ClientError, EndpointConnectionError

from local import emulator, paths
from shared import observability

LOCAL = "local"


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
        known = json.loads((paths.STATE / "stack.json").read_text())
    except FileNotFoundError as error:
        raise OperationFailed("No local stack is running: start one with `make run`.") from error
    return Target(known["stack_name"], emulator.root_session(), known["aws_endpoint_url"])


def _configured(name: str) -> tuple[str, str | None]:
    """Name and region as `sam deploy` has them; without a region, the environment's is meant."""
    configured = tomllib.loads((paths.ROOT / "samconfig.toml").read_text())
    try:
        named = configured[name]["global"]["parameters"]
        stack_name = str(named["stack_name"])
    except (KeyError, TypeError) as error:
        raise OperationFailed(f"samconfig.toml has no stack for {name!r}.") from error
    deploy = configured[name].get("deploy", {}).get("parameters", {})
    return stack_name, deploy.get("region", named.get("region"))


def work_in(shop: Target) -> None:
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
    sys.path.insert(0, str(paths.ROOT / "functions"))
    # The audit line, beside the answer and not in it.
    observability.logger.registered_handler.setStream(sys.stderr)  # type: ignore[attr-defined]
