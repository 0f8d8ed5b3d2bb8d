"""Sends mail through SES, and tells a certain refusal from an unknown outcome.

SES accepts no idempotency token: after an unknown outcome, another try may send a second mail.
"""

from typing import Protocol

import idna
from botocore.exceptions import (
    ClientError,
    ConnectTimeoutError,
    CredentialRetrievalError,
    EndpointConnectionError,
    HTTPClientError,
    NoCredentialsError,
    ParamValidationError,
    ProxyConnectionError,
)
from botocore.exceptions import ConnectionError as BrokenConnection

from notifications.emails import Email
from shared import aws

REQUEST_TIMEOUT = 408  # a proxy's answer, which does not say how far the request came

# SES refused for now: its sending rate or daily quota is used up.
_THROTTLED = frozenset(
    {
        *("LimitExceededException", "RequestLimitExceeded", "SlowDown", "Throttling"),
        *("ThrottlingException", "TooManyRequestsException"),
    }
)
# SES's other refusals of SendEmail, whatever their status.
_REFUSED = frozenset(
    {
        *("AccountSuspendedException", "BadRequestException", "MessageRejected"),
        *("MailFromDomainNotVerifiedException", "NotFoundException", "SendingPausedException"),
    }
)
# The request was never sent.
_UNSENT = (
    ConnectTimeoutError,
    CredentialRetrievalError,
    EndpointConnectionError,
    NoCredentialsError,
    ParamValidationError,
    ProxyConnectionError,
    idna.IDNAError,  # the address has no Punycode
)


class EmailSender(Protocol):
    def send(self, email: Email) -> str:
        """Send the mail and return the provider's message id. Raises the provider's errors."""


class SesSender:
    def __init__(self, sender: str, configuration_set: str) -> None:
        self._sender = sender
        self._configuration_set = configuration_set

    def send(self, email: Email) -> str:
        answer = aws.client("sesv2").send_email(
            FromEmailAddress=self._sender,
            ConfigurationSetName=self._configuration_set,
            Destination={"ToAddresses": [_to_ascii(email.to)]},
            Content={
                "Simple": {
                    "Subject": {"Data": email.subject, "Charset": "UTF-8"},
                    "Body": {
                        "Text": {"Data": email.text, "Charset": "UTF-8"},
                        "Html": {"Data": email.html, "Charset": "UTF-8"},
                    },
                    "Headers": [
                        {"Name": name, "Value": value} for name, value in email.headers.items()
                    ],
                }
            },
        )
        return str(answer["MessageId"])


def is_certain_refusal(error: Exception) -> bool:
    """Whether the mail was certainly not sent. False for every error that leaves a doubt."""
    if isinstance(error, ClientError):
        status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
        is_refused = 400 <= status < 500 and status != REQUEST_TIMEOUT  # noqa: PLR2004 (HTTP's)
        return is_refused or _code(error) in _THROTTLED | _REFUSED
    return isinstance(error, _UNSENT)


def is_transient(error: Exception) -> bool:
    """Whether SES may accept the same mail later without a change by a person."""
    if isinstance(error, ClientError):
        return _code(error) in _THROTTLED or not is_certain_refusal(error)
    return isinstance(error, BrokenConnection | HTTPClientError)


def _code(error: ClientError) -> str:
    return str(error.response["Error"].get("Code", ""))


def _to_ascii(address: str) -> str:
    """The address with its domain in Punycode (RFC 5891), as SES requires."""
    local_part, _, domain = address.rpartition("@")
    return f"{local_part}@{idna.encode(domain, uts46=True).decode()}"
