"""What a failure of AWS means for a person at a terminal, and what to do about it."""

import argparse
import sys

import boto3
from botocore import exceptions as botocore_errors
from botocore.exceptions import BotoCoreError, ClientError

from local.targets import OperationFailed, read_samconfig

LOG_IN = (
    "Set AWS_PROFILE to a profile that may use the account, or run `aws configure` or "
    "`aws sso login`"
)
_NO_CREDENTIALS = (
    botocore_errors.NoCredentialsError,
    botocore_errors.PartialCredentialsError,
    botocore_errors.CredentialRetrievalError,
    botocore_errors.UnauthorizedSSOTokenError,
    botocore_errors.SSOTokenLoadError,
    botocore_errors.TokenRetrievalError,
)
_NO_CONNECTION = (
    botocore_errors.EndpointConnectionError,
    botocore_errors.ConnectTimeoutError,
    botocore_errors.ReadTimeoutError,
    botocore_errors.ProxyConnectionError,
)
_REFUSED = {
    "ExpiredToken": "The AWS credentials have expired",
    "ExpiredTokenException": "The AWS credentials have expired",
    "RequestExpired": "The AWS credentials have expired",
    "InvalidClientTokenId": "AWS does not know these credentials",
    "UnrecognizedClientException": "AWS does not know these credentials",
    "InvalidAccessKeyId": "AWS does not know these credentials",
    "SignatureDoesNotMatch": "The secret of the AWS credentials is wrong",
}
_DENIED = ("AccessDenied", "AccessDeniedException", "UnauthorizedOperation")


def describe_failure(error: Exception) -> str:
    """One line, also for errors that others raise: it is then their own message."""
    cause = getattr(error, "cause", None)  # pynamodb's errors have botocore's as cause
    if isinstance(cause, ClientError | BotoCoreError):
        return describe_failure(cause)
    if isinstance(error, _NO_CREDENTIALS):
        return f"No AWS credentials were found. {LOG_IN}."
    if isinstance(error, ClientError):
        return _describe_refusal(error)
    return _describe_configuration(error) or " ".join(str(error).split())


def _describe_configuration(error: Exception) -> str | None:
    if isinstance(error, botocore_errors.ProfileNotFound):
        return f"{error}. Set AWS_PROFILE to a profile of your AWS configuration."
    if isinstance(error, botocore_errors.NoRegionError):
        return "No AWS region is set. Set AWS_REGION, or `region` in samconfig.toml."
    if isinstance(error, _NO_CONNECTION):
        return f"AWS does not answer: {error} Check the network and the region."
    return None


def _describe_refusal(error: ClientError) -> str:
    code = error.response["Error"]["Code"]
    if code in _REFUSED:
        return f"{_REFUSED[code]}. {LOG_IN}."
    if code in _DENIED:
        message = error.response["Error"].get("Message", "")
        return f"The AWS credentials do not allow this: {message} {LOG_IN}."
    return str(error)


def require_credentials(environment: str) -> str:
    """The account and the region that a deploy of this environment uses.

    Raises OperationFailed, with what to do.
    """
    _, region = read_samconfig(environment)
    try:
        session = boto3.Session(region_name=region)
        identity = session.client("sts").get_caller_identity()
    except (BotoCoreError, ClientError) as error:
        raise OperationFailed(describe_failure(error)) from error
    return f"Deploying to account {identity['Account']} in {session.region_name}"


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="make deploy")
    parser.add_argument("environment")
    try:
        print(require_credentials(parser.parse_args(arguments).environment))
    except OperationFailed as error:
        print(f"make deploy: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
