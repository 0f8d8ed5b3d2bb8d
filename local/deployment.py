"""Builds the production template with SAM and deploys it to a running MiniStack."""

import hashlib
import json
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from local import bundle, paths, sam, saved_state
from local.emulator import Emulator, StackError
from local.parameters import sam_override

if TYPE_CHECKING:
    from mypy_boto3_cloudformation import CloudFormationClient

STACK_NAME = "souk-local"
CAPABILITIES = ("CAPABILITY_IAM", "CAPABILITY_AUTO_EXPAND")  # the second one for Fn::ForEach
ARTIFACTS = "souk-artifacts"
FINGERPRINT = "/souk/fingerprint"  # an SSM parameter, saved and lost together with the stack
SOURCES = (
    "template.yaml",
    "functions",
    "shared",
    "local/bundle.py",
    "local/deployment.py",
    "local/sam.py",
    "local/sam_entry.py",
    "local/parameters.py",
    "local/instances.py",
    "local/http_api_setup.py",
)
UPDATABLE_STATUSES = {"CREATE_COMPLETE", "UPDATE_COMPLETE", "UPDATE_ROLLBACK_COMPLETE"}
BUILDS_KEPT_MAX = 3  # besides the newest; another stack may still deploy an older one


@dataclass(frozen=True)
class Deployed:
    """A deployed stack: outputs, parameters, physical ids by logical id, and its template."""

    outputs: Mapping[str, str]
    parameters: Mapping[str, str]
    physical: Mapping[str, str]
    template: Mapping[str, Any]

    def functions(self) -> list[str]:
        """The names of all functions."""
        return [
            self.physical[name]
            for name, resource in self.template["Resources"].items()
            if resource["Type"] == "AWS::Lambda::Function"
        ]


@dataclass(frozen=True)
class Build:
    """The sources' fingerprint, and what returns the build's folder. That raises StackError."""

    source: str
    folder: Callable[[], Path]


def compute_fingerprint(root: Path, parameters: Mapping[str, str]) -> str:
    """A digest of everything that affects the build and the deployed stack."""
    digest = hashlib.sha256(sys.version.encode())
    digest.update(json.dumps(parameters, sort_keys=True).encode())
    for path in _list_sources(root):
        digest.update(f"{path.relative_to(root)}\0{path.stat().st_size}\0".encode())
        digest.update(path.read_bytes())
    return digest.hexdigest()


def is_updatable(aws: Emulator) -> bool:
    """True if CloudFormation can update the stack. After a failed creation it cannot."""
    return _status(aws.client("cloudformation")) in UPDATABLE_STATUSES


def is_current(aws: Emulator, fingerprint: str) -> bool:
    """True if MiniStack has an updatable stack that was deployed from these sources."""
    if not is_updatable(aws):
        return False
    ssm = aws.client("ssm")
    try:
        return bool(ssm.get_parameter(Name=FINGERPRINT)["Parameter"]["Value"] == fingerprint)
    except ssm.exceptions.ParameterNotFound:
        return False


def build(state: Path, source: str) -> Path:
    """The output folder of `sam build` for these sources; an earlier build is used again.

    All stacks of this checkout share these folders. Raises StackError.
    """
    folder = paths.BUILDS / source
    if not folder.exists():
        paths.BUILDS.mkdir(parents=True, exist_ok=True)
        for old in sorted(paths.BUILDS.iterdir(), key=_newest_first)[BUILDS_KEPT_MAX:]:
            shutil.rmtree(old, ignore_errors=True)
        draft = Path(tempfile.mkdtemp(dir=paths.BUILDS))
        sam.build(draft / "sam", state)
        try:
            bundle.bundle_functions(draft / "sam", sam.environment(state))
        except bundle.BundleError as error:
            raise StackError(str(error)) from error
        with suppress(OSError):  # another stack has just finished the same build
            draft.rename(folder)
    return folder / "sam"


@contextmanager
def building(state: Path, parameters: Mapping[str, str]) -> Iterator[Build]:
    """The build of the current sources. That of a new shop begins at once, in a thread."""
    source = compute_fingerprint(paths.ROOT, parameters)
    if (state / saved_state.FOLDER).exists():
        yield Build(source, partial(build, state, source))
        return
    with ThreadPoolExecutor(1) as thread:
        yield Build(source, thread.submit(build, state, source).result)


def deploy(aws: Emulator, state: Path, built: Path, parameters: Mapping[str, str]) -> None:
    """Creates or updates the stack from a build. Raises StackError with the reason."""
    aws.client("s3").create_bucket(Bucket=ARTIFACTS)
    command = ["deploy", "--template-file", str(built / "template.yaml"), "--language-extensions"]
    command += ["--stack-name", STACK_NAME, "--s3-bucket", ARTIFACTS, "--no-progressbar"]
    command += ["--capabilities", *CAPABILITIES, "--no-confirm-changeset"]
    command += ["--no-fail-on-empty-changeset", "--parameter-overrides"]
    command += [sam_override(name, value) for name, value in parameters.items()]
    began = datetime.now(UTC)
    try:
        sam.run(command, state, {"AWS_ENDPOINT_URL": aws.endpoint_url, "SAM_CLI_POLL_DELAY": "0.5"})
    except StackError as error:
        reason = _find_first_failure(aws.client("cloudformation"), began)
        raise StackError(
            f"{reason} (log: {sam.log_path(state, 'deploy')})" if reason else error
        ) from error


def mark_current(aws: Emulator, fingerprint: str) -> None:
    """Records that the stack is deployed from these sources and seeded."""
    aws.client("ssm").put_parameter(
        Name=FINGERPRINT, Value=fingerprint, Type="String", Overwrite=True
    )


def describe_stack(aws: Emulator) -> Deployed:
    cloudformation = aws.client("cloudformation")
    stack = cloudformation.describe_stacks(StackName=STACK_NAME)["Stacks"][0]
    resources = cloudformation.describe_stack_resources(StackName=STACK_NAME)["StackResources"]
    template = cloudformation.get_template(StackName=STACK_NAME, TemplateStage="Processed")
    return Deployed(
        outputs={output["OutputKey"]: output["OutputValue"] for output in stack["Outputs"]},
        parameters={
            parameter["ParameterKey"]: parameter["ParameterValue"]
            for parameter in stack["Parameters"]
        },
        physical={
            resource["LogicalResourceId"]: resource["PhysicalResourceId"] for resource in resources
        },
        template=template["TemplateBody"],
    )


def _newest_first(path: Path) -> float:
    return -path.stat().st_mtime


def _list_sources(root: Path) -> Iterator[Path]:
    for name in (*SOURCES, *sam.PINNED_REQUIREMENTS):
        start = root / name
        for path in [start] if start.is_file() else sorted(start.rglob("*")):
            if path.is_file() and "__pycache__" not in path.parts:
                yield path


def _status(cloudformation: "CloudFormationClient") -> str | None:
    try:
        stacks = cloudformation.describe_stacks(StackName=STACK_NAME)["Stacks"]
    except cloudformation.exceptions.ClientError:
        return None
    return stacks[0]["StackStatus"]


def _find_first_failure(cloudformation: "CloudFormationClient", since: datetime) -> str | None:
    """CloudFormation's reason for the failure of the deploy since then. None if it gave none."""
    try:
        events = cloudformation.describe_stack_events(StackName=STACK_NAME)["StackEvents"]
    except cloudformation.exceptions.ClientError:
        return None
    failed = [
        event
        for event in events
        if event["Timestamp"] >= since
        and event["ResourceStatus"].endswith("FAILED")
        and event.get("ResourceStatusReason")
    ]
    if not failed:
        return None
    first = min(failed, key=lambda event: event["Timestamp"])
    return f"deploy failed at {first['LogicalResourceId']}: {first['ResourceStatusReason']}"
