"""The log lines that CloudWatch would receive, and the secrets that none of them may contain."""

import io
import json
import logging
import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from shared.observability import logger

SECRET_PATTERNS = {
    "an access token": re.compile(r"eyJ[\w-]{8,}\.eyJ[\w-]{8,}\.[\w-]{16,}"),
    "a refresh token": re.compile(r"rt\.[a-z2-7]{32}\.[a-z2-7]{32}\.\d+\.[\w-]{22}"),
    "an API key": re.compile(r"souk_[a-z2-7]{32}_[a-z2-7]{32}_[\w-]{8,}"),
    # 256 bits in base64url, as links, refresh tokens and API keys contain them.
    # Names of functions and roles can be as long; they start with "souk-".
    "a secret of 256 bits": re.compile(r"(?<![\w-])(?!souk-)[\w-]{43}(?![\w-])"),
    "a recovery code": re.compile(r"\b(?:[a-z2-7]{4}-){3}[a-z2-7]{4}\b"),
    "a password hash": re.compile(r"\$2[aby]\$\d\d\$[./A-Za-z0-9]{20,}"),
    "a secret of a second factor": re.compile(r"otpauth:|(?<![A-Z2-7=])[A-Z2-7]{32}(?![A-Z2-7=])"),
    # Every password in the tests contains one of these.
    "a password": re.compile(r"horse battery|correct battery|canary|another password|qzjxkvw"),
    # SES message ids look like addresses.
    "an e-mail address": re.compile(r"[\w.+-]+@(?![\w.-]*\bamazonses\.com)[\w-]+\.\w+"),
}


class Lines(io.StringIO):
    @property
    def text(self) -> str:
        return self.getvalue()

    def saying(self, message: str) -> list[dict[str, Any]]:
        """The lines with this message."""
        lines = [json.loads(line) for line in self.text.splitlines()]
        return [line for line in lines if line["message"] == message]


@contextmanager
def captured() -> Iterator[Lines]:
    """Collects what the functions log inside the block."""
    lines = Lines()
    handler = logger.registered_handler
    before = handler.setStream(lines)
    try:
        yield lines
    finally:
        handler.setStream(before)


def find_secrets(text: str) -> list[str]:
    """The kinds of secrets in the text."""
    return [kind for kind, pattern in SECRET_PATTERNS.items() if pattern.search(text)]


class SecretDetector(logging.Handler):
    """Checks every record of every logger: the formatted line, its stack and its attributes."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []
        self._formatter = logging.Formatter()

    def emit(self, record: logging.LogRecord) -> None:
        text = self._formatter.format(record) + repr(record.__dict__)
        self.found += [f"{kind} in: {text[:500]}" for kind in find_secrets(text)]


@contextmanager
def watch_for_secrets() -> Iterator[list[str]]:
    """Collects the secrets that any logger writes inside the block, each with its line."""
    detector = SecretDetector()
    root = logging.getLogger()
    root.addHandler(detector)
    try:
        yield detector.found
    finally:
        root.removeHandler(detector)
