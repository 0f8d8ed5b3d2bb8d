"""The stack that an operator works on: the local one, or one that samconfig.toml names."""

import json
import os
import sys
import tomllib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import boto3
from botocore.exceptions import ClientError, EndpointConnectionError

from local import emulator, paths
from local.aliases import ALIAS
from shared import observability

LOCAL, DEVELOPMENT = "local", "dev"
TIME_FORMAT = "%Y-%m-%dT%H:%M:%S.%f%z"  # as the shop stores a time: such texts sort by time


class OperationFailed(Exception):
    """The message is one line for a person at a terminal. It says what to do next."""


@dataclass(frozen=True)
class Target:
    """A deployed stack."""

    stack_name: str
    session: Any  # boto3's
    endpoint_url: str | None = None  # None: AWS
    local_url: str | None = None  # of the local stack's front; None: AWS

    def client(self, service: str) -> Any:
        return self.session.client(service, endpoint_url=self.endpoint_url)

    def physical_id(self, logical_id: str) -> str:
        """Raises OperationFailed when the stack or the resource does not exist."""
        with self._explain(f"The stack {self.stack_name} has no {logical_id}"):
            found = self.client("cloudformation").describe_stack_resource(
                StackName=self.stack_name, LogicalResourceId=logical_id
            )
        return str(found["StackResourceDetail"]["PhysicalResourceId"])

    def outputs(self) -> dict[str, str]:
        """Raises OperationFailed when the stack does not exist."""
        outputs = self._describe().get("Outputs", [])
        return {output["OutputKey"]: output["OutputValue"] for output in outputs}

    def parameters(self) -> dict[str, str]:
        """Raises OperationFailed when the stack does not exist."""
        parameters = self._describe()["Parameters"]
        return {each["ParameterKey"]: each["ParameterValue"] for each in parameters}

    def _describe(self) -> dict[str, Any]:
        with self._explain(f"No stack is called {self.stack_name}"):
            found = self.client("cloudformation").describe_stacks(StackName=self.stack_name)
        return dict(found["Stacks"][0])

    @contextmanager
    def _explain(self, missing: str) -> Iterator[None]:
        try:
            yield
        except ClientError as error:
            if error.response["Error"]["Code"] != "ValidationError":
                raise
            raise OperationFailed(
                f"{missing} in {self.session.region_name}. "
                "Deploy it, or use the account and the region where it is deployed."
            ) from error
        except EndpointConnectionError as error:
            if self.endpoint_url is None:
                raise
            # stack.json still names the port of a stack that was killed.
            raise OperationFailed(
                f"No local stack answers at {self.endpoint_url}. Start one with `make run`."
            ) from error

    def resources(self) -> dict[str, Any]:
        """What the deployed template describes, by logical id, without loops and SAM's types."""
        template = self.client("cloudformation").get_template(
            StackName=self.stack_name, TemplateStage="Processed"
        )
        return dict(template["TemplateBody"]["Resources"])

    def environment_of(self, function: str) -> dict[str, str]:
        """The environment variables of the version of a function that serves requests."""
        configuration = self.client("lambda").get_function_configuration(
            FunctionName=self.physical_id(function), Qualifier=ALIAS
        )
        return dict(configuration["Environment"]["Variables"])


def get_target(name: str) -> Target:
    """Raises OperationFailed."""
    if name != LOCAL:
        stack_name, region = read_samconfig(name)
        return Target(stack_name, boto3.Session(region_name=region))
    try:
        facts = json.loads((paths.STATE / "stack.json").read_text())
        stack_name, endpoint_url = facts["stack_name"], facts["aws_endpoint_url"]
    except FileNotFoundError as error:
        raise OperationFailed("No local stack is running. Start one with `make run`.") from error
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise OperationFailed(
            f"{paths.STATE / 'stack.json'} cannot be read. Start the stack again with `make run`."
        ) from error
    session, url = emulator.root_session(), facts.get("api_url")
    return Target(stack_name, session, endpoint_url, url)


def read_samconfig(name: str) -> tuple[str, str | None]:
    """The stack's name and region. Without a region, boto3 uses the one of the environment."""
    environments = tomllib.loads((paths.ROOT / "samconfig.toml").read_text())
    if name == DEVELOPMENT and name not in environments:
        name = "default"  # as SAM calls the environment of a development stack
    try:
        shared = environments[name]["global"]["parameters"]
        stack_name = str(shared["stack_name"])
    except (KeyError, TypeError) as error:
        raise OperationFailed(
            f"samconfig.toml has no stack_name for {name!r}. Use one of its environments: "
            f"{', '.join(key for key, value in environments.items() if isinstance(value, dict))}."
        ) from error
    deploy = environments[name].get("deploy", {}).get("parameters", {})
    return stack_name, deploy.get("region", shared.get("region"))


def scan_items(shop: Target, table: str, *attributes: str) -> Iterator[dict[str, Any]]:
    """These attributes of every item, with DynamoDB's types."""
    names = {f"#{attribute}": attribute for attribute in attributes}  # some are reserved words
    pages = (
        shop.client("dynamodb")
        .get_paginator("scan")
        .paginate(
            TableName=shop.physical_id(table),
            ConsistentRead=True,
            ProjectionExpression=", ".join(names),
            ExpressionAttributeNames=names,
        )
    )
    for page in pages:
        yield from page["Items"]


def assume_environment(shop: Target, function: str = "AuthFunction") -> None:
    """Gives this process the environment of a function, so that the function's code runs here."""
    variables = shop.environment_of(function)
    if shop.endpoint_url:
        for name in [name for name in os.environ if name.startswith("AWS_")]:
            del os.environ[name]  # the local stack must not see the operator's AWS credentials
        variables |= {
            "AWS_ENDPOINT_URL": shop.endpoint_url,
            "AWS_ACCESS_KEY_ID": emulator.ACCESS_KEY,
            "AWS_SECRET_ACCESS_KEY": emulator.ACCESS_KEY,
        }
    os.environ |= variables | {"AWS_DEFAULT_REGION": str(shop.session.region_name)}
    sys.path.insert(0, str(paths.ROOT / "functions"))
    # The audit line goes to standard error, so that standard output is the result alone.
    observability.logger.registered_handler.setStream(sys.stderr)  # type: ignore[attr-defined]
