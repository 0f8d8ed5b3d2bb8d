"""Sends mail through SES."""

from typing import Protocol

import idna

from notifications.emails import Email
from shared import aws


class EmailSender(Protocol):
    def send(self, email: Email) -> str:
        """Send the mail and return the provider's message id. Raises the provider's errors."""


class SesSender:
    def __init__(self, sender: str) -> None:
        self._sender = sender

    def send(self, email: Email) -> str:
        answer = aws.client("sesv2").send_email(
            FromEmailAddress=self._sender,
            Destination={"ToAddresses": [_to_ascii(email.to)]},
            Content={
                "Simple": {
                    "Subject": {"Data": email.subject, "Charset": "UTF-8"},
                    "Body": {
                        "Text": {"Data": email.text, "Charset": "UTF-8"},
                        "Html": {"Data": email.html, "Charset": "UTF-8"},
                    },
                }
            },
        )
        return str(answer["MessageId"])


def _to_ascii(address: str) -> str:
    """The address with its domain in Punycode (RFC 5891), as SES requires."""
    local_part, _, domain = address.rpartition("@")
    return f"{local_part}@{idna.encode(domain, uts46=True).decode()}"
