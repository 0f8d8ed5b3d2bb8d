"""Handing mail over: the port, and SES behind it."""

from typing import Protocol

import idna

from notifications.emails import Email
from shared import aws


class EmailSender(Protocol):
    def send(self, email: Email) -> str:
        """Hand it over for delivery; the provider's message id. Raises what the provider raises."""


class SesSender:
    def __init__(self, sender: str) -> None:
        self._sender = sender

    def send(self, email: Email) -> str:
        answer = aws.client("sesv2").send_email(
            FromEmailAddress=self._sender,
            Destination={"ToAddresses": [_in_ascii(email.to)]},
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


def _in_ascii(address: str) -> str:
    """SES takes the domain in Punycode (RFC 5891); accounts keep it in Unicode, as people do."""
    local_part, _, domain = address.rpartition("@")
    return f"{local_part}@{idna.encode(domain, uts46=True).decode()}"
