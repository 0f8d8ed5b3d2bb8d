"""What `make deploy` and `make admin` say about credentials, regions and the network."""

from pathlib import Path

import boto3
import pytest
from botocore import exceptions as botocore_errors
from botocore.exceptions import ClientError
from pynamodb.exceptions import GetError

from local import aws_failures, operations, paths
from local.aws_failures import describe_failure
from local.targets import OperationFailed


def refusal(code: str) -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": "No."}}, "GetCallerIdentity")


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (botocore_errors.NoCredentialsError(), "No AWS credentials were found. Set AWS_PROFILE"),
        (
            botocore_errors.UnauthorizedSSOTokenError(),
            "No AWS credentials were found. Set AWS_PROFILE",
        ),
        (botocore_errors.ProfileNotFound(profile="souk"), "(souk) could not be found. Set"),
        (botocore_errors.NoRegionError(), "No AWS region is set. Set AWS_REGION"),
        (botocore_errors.EndpointConnectionError(endpoint_url="u"), "AWS does not answer"),
        (refusal("ExpiredToken"), "The AWS credentials have expired. Set AWS_PROFILE"),
        (refusal("InvalidClientTokenId"), "AWS does not know these credentials"),
        (refusal("SignatureDoesNotMatch"), "The secret of the AWS credentials is wrong"),
        (refusal("AccessDenied"), "The AWS credentials do not allow this: No."),
        (refusal("Throttling"), "Throttling"),
        (GetError(cause=refusal("ExpiredTokenException")), "The AWS credentials have expired"),
        (OperationFailed("Do this."), "Do this."),
    ],
    ids=lambda value: value if isinstance(value, str) else type(value).__name__,
)
def test_a_failure_says_what_to_do(error: Exception, words: str) -> None:
    described = describe_failure(error)

    assert words in described
    assert len(described.splitlines()) == 1


@pytest.fixture
def _nothing_configured(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No credentials, no region and no profile, wherever boto3 looks."""
    for name in ("ACCESS_KEY_ID", "SECRET_ACCESS_KEY", "SESSION_TOKEN", "PROFILE", "REGION"):
        monkeypatch.delenv(f"AWS_{name}", raising=False)
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-central-1")
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    for name in ("CONFIG_FILE", "SHARED_CREDENTIALS_FILE"):
        monkeypatch.setenv(f"AWS_{name}", str(tmp_path / "missing"))
    monkeypatch.setattr(boto3, "DEFAULT_SESSION", None)


@pytest.mark.usefixtures("_nothing_configured")
def test_a_deploy_without_credentials_says_so(capsys: pytest.CaptureFixture[str]) -> None:
    assert aws_failures.main(["default"]) == 1

    assert capsys.readouterr().err.startswith("make deploy: No AWS credentials were found. Set")


@pytest.mark.usefixtures("_nothing_configured")
def test_a_deploy_with_an_unknown_profile_says_so(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("AWS_PROFILE", "nowhere")

    assert aws_failures.main(["prod"]) == 1

    assert "nowhere" in capsys.readouterr().err


def test_a_deploy_of_an_unknown_environment_lists_the_known(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert aws_failures.main(["staging"]) == 1

    printed = capsys.readouterr().err
    assert "no stack_name for 'staging'" in printed
    assert "default, prod" in printed


@pytest.mark.usefixtures("_nothing_configured")
@pytest.mark.parametrize("target", ["default", "prod"])
def test_an_operation_without_credentials_says_so(
    target: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert operations.main(["--target", target, "admin", "ada@example.com"]) == 1

    printed = capsys.readouterr().err
    assert printed.startswith("make admin: No AWS credentials were found. Set AWS_PROFILE")
    assert len(printed.splitlines()) == 1


@pytest.mark.parametrize("content", ["", "{", "[]", "{}"])
def test_a_broken_stack_json_is_reported(
    content: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(paths, "STATE", tmp_path)
    (tmp_path / "stack.json").write_text(content)

    assert operations.main(["admin", "ada@example.com"]) == 1

    assert "cannot be read. Start the stack again" in capsys.readouterr().err


def test_a_deploy_checks_the_credentials_before_it_builds() -> None:
    makefile = (paths.ROOT / "Makefile").read_text()
    recipe = makefile.partition("\ndeploy: ")[2].partition("\n\n")[0]

    assert "build" not in recipe.partition("\n")[0].partition("##")[0]  # of its prerequisites
    assert 0 < recipe.index("local.aws_failures") < recipe.index("$(MAKE) build")
