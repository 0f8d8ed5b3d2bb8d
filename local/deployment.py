"""`sam build` and `sam deploy` of the production template to a running MiniStack."""

import hashlib
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from local import emulator, paths
from local.emulator import Emulator
from local.errors import StackError
from local.parameters import sam_override

if TYPE_CHECKING:
    from mypy_boto3_cloudformation import CloudFormationClient

STACK_NAME = "souk-local"
CAPABILITIES = ("CAPABILITY_IAM", "CAPABILITY_AUTO_EXPAND")  # the second for the loops
ARTIFACTS = "souk-artifacts"
FINGERPRINT = "/souk/fingerprint"  # an SSM parameter: saved and lost together with the stack itself
SOURCES = (
    "template.yaml",
    "functions",
    "shared",
    "local/deployment.py",
    "local/parameters.py",
    "local/instances.py",
    "local/http_api_setup.py",
)
PINS = ("local/requirements-ministack.txt", "local/requirements-sam.txt")
USABLE = {"CREATE_COMPLETE", "UPDATE_COMPLETE", "UPDATE_ROLLBACK_COMPLETE"}
REASON_LENGTH_MAX = 300
BUILDS_KEPT_MAX = 3  # beside the newest: a stack may still be deploying from an older one


@dataclass(frozen=True)
class Deployed:
    """What CloudFormation made: outputs, parameters, logical -> physical ids, and the template."""

    outputs: Mapping[str, str]
    parameters: Mapping[str, str]
    physical: Mapping[str, str]
    template: Mapping[str, Any]


def fingerprint(root: Path, parameters: Mapping[str, str]) -> str:
    """Differs whenever a build or a deploy of `root` would come out differently."""
    digest = hashlib.sha256(sys.version.encode())
    digest.update(json.dumps(parameters, sort_keys=True).encode())
    for path in _sources(root):
        digest.update(f"{path.relative_to(root)}\0{path.stat().st_size}\0".encode())
        digest.update(path.read_bytes())
    return digest.hexdigest()


def is_whole(aws: Emulator) -> bool:
    """Whether there is a stack that can be updated: half a one cannot."""
    return _status(aws.client("cloudformation")) in USABLE


def is_current(aws: Emulator, wanted: str) -> bool:
    """Whether MiniStack runs a whole stack that was deployed from sources with this fingerprint."""
    if not is_whole(aws):
        return False
    ssm = aws.client("ssm")
    try:
        return bool(ssm.get_parameter(Name=FINGERPRINT)["Parameter"]["Value"] == wanted)
    except ssm.exceptions.ParameterNotFound:
        return False


def build(state: Path, source: str) -> Path:
    """The folder of what `sam build` made of the sources with this fingerprint, now or earlier.

    All stacks of this checkout share these folders. Raises StackError.
    """
    folder = paths.BUILDS / source
    if not folder.exists():
        paths.BUILDS.mkdir(parents=True, exist_ok=True)
        for old in sorted(paths.BUILDS.iterdir(), key=_age)[BUILDS_KEPT_MAX:]:
            shutil.rmtree(old, ignore_errors=True)
        draft = Path(tempfile.mkdtemp(dir=paths.BUILDS))
        template = str(paths.ROOT / "template.yaml")
        command = ["build", "--template-file", template, "--build-dir", str(draft / "sam")]
        _sam([*command, "--language-extensions"], state, {})
        with suppress(OSError):  # another stack was faster with the same
            draft.rename(folder)
    return folder / "sam"


def deploy(aws: Emulator, state: Path, built: Path, parameters: Mapping[str, str]) -> None:
    """Creates or updates the stack from what `build` made. Raises StackError with the reason."""
    aws.client("s3").create_bucket(Bucket=ARTIFACTS)
    command = ["deploy", "--template-file", str(built / "template.yaml"), "--language-extensions"]
    command += ["--stack-name", STACK_NAME, "--s3-bucket", ARTIFACTS, "--no-progressbar"]
    command += ["--capabilities", *CAPABILITIES, "--no-confirm-changeset"]
    command += ["--no-fail-on-empty-changeset", "--parameter-overrides"]
    command += [sam_override(name, value) for name, value in parameters.items()]
    began = datetime.now(UTC)
    try:
        _sam(command, state, {"AWS_ENDPOINT_URL": aws.endpoint_url, "SAM_CLI_POLL_DELAY": "0.5"})
    except StackError as error:
        reason = _first_failure(aws.client("cloudformation"), began)
        raise StackError(f"{reason} (log: {_log(state, 'deploy')})" if reason else error) from error


def mark_current(aws: Emulator, reached: str) -> None:
    """Says that the stack is whole: deployed from sources with this fingerprint, and seeded."""
    aws.client("ssm").put_parameter(Name=FINGERPRINT, Value=reached, Type="String", Overwrite=True)


def describe(aws: Emulator) -> Deployed:
    cloudformation = aws.client("cloudformation")
    stack = cloudformation.describe_stacks(StackName=STACK_NAME)["Stacks"][0]
    resources = cloudformation.describe_stack_resources(StackName=STACK_NAME)["StackResources"]
    template = cloudformation.get_template(StackName=STACK_NAME, TemplateStage="Processed")
    return Deployed(
        outputs={one["OutputKey"]: one["OutputValue"] for one in stack["Outputs"]},
        parameters={one["ParameterKey"]: one["ParameterValue"] for one in stack["Parameters"]},
        physical={one["LogicalResourceId"]: one["PhysicalResourceId"] for one in resources},
        template=template["TemplateBody"],
    )


def _age(path: Path) -> float:
    return -path.stat().st_mtime


def _sources(root: Path) -> Iterator[Path]:
    for name in (*SOURCES, *PINS):
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


def _first_failure(cloudformation: "CloudFormationClient", since: datetime) -> str | None:
    """Why a deploy that began then has failed, in CloudFormation's words, if it got that far."""
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


def _sam(arguments: list[str], state: Path, more: Mapping[str, str]) -> None:
    if not paths.SAM.exists():
        raise StackError("the SAM CLI is not installed: run `make setup` first")
    log = _log(state, arguments[0])
    log.parent.mkdir(parents=True, exist_ok=True)
    # SAM leaves temporary folders behind.
    with log.open("wb") as output, tempfile.TemporaryDirectory(dir=log.parent) as scratch:
        process = subprocess.Popen(
            [paths.SAM, *arguments],
            cwd=paths.ROOT,
            env={**_environment(state), "TMPDIR": scratch, **more},
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,  # so that all it starts can be ended with it
        )
        try:
            status = process.wait()
        except BaseException:
            os.killpg(process.pid, signal.SIGTERM)
            process.wait()
            raise
    if status:
        raise StackError(f"sam {arguments[0]} failed: {_reason(log)} (log: {log})")


def _reason(log: Path) -> str:
    """The line that says `Error:`, else the last one."""
    lines = [line.strip() for line in log.read_text(errors="replace").splitlines() if line.strip()]
    errors = [line for line in lines if line.startswith("Error:")]
    return (errors or lines or ["no reason given"])[-1].removeprefix("Error: ")[:REASON_LENGTH_MAX]


def _log(state: Path, step: str) -> Path:
    return state / "logs" / f"sam-{step}.log"


def _environment(state: Path) -> dict[str, str]:
    """The caller's own, for its proxies and package index, but nothing of its AWS accounts."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    return {
        **kept,
        "PATH": f"{paths.PROJECT_TOOLS}{os.pathsep}{os.environ.get('PATH', os.defpath)}",
        "NO_PROXY": ",".join(filter(None, [os.environ.get("NO_PROXY"), "127.0.0.1,localhost"])),
        "AWS_ACCESS_KEY_ID": emulator.ACCESS_KEY,
        "AWS_SECRET_ACCESS_KEY": emulator.ACCESS_KEY,
        "AWS_DEFAULT_REGION": emulator.REGION,
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        "AWS_EC2_METADATA_DISABLED": "true",
        "SAM_CLI_TELEMETRY": "0",
        "__SAM_CLI_APP_DIR": str(state / "sam"),
        "SOUK_LAYER": "host",  # MiniStack runs the functions under its own interpreter
        "SOUK_LAYER_PYTHON": str(paths.MINISTACK_PYTHON),
    }
