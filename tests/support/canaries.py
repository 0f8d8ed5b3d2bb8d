"""What no log line may hold, looked for in every line that any test causes."""

import logging
import re
from collections.abc import Iterator
from contextlib import contextmanager

SECRETS = {
    "an access token": re.compile(r"eyJ[\w-]{8,}\.eyJ[\w-]{8,}\.[\w-]{16,}"),
    "a refresh token": re.compile(r"rt\.[a-z2-7]{32}\.[a-z2-7]{32}\.\d+\.[\w-]{22}"),
    "an API key": re.compile(r"souk_[a-z2-7]{32}_[a-z2-7]{32}_[\w-]{8,}"),
    # As links, refresh tokens and API keys have them: 256 bits in base64url, whatever they are in.
    # Names of functions and roles can be as long.
    "a secret of 256 bits": re.compile(r"(?<![\w-])(?!souk-)[\w-]{43}(?![\w-])"),
    "a recovery code": re.compile(r"\b(?:[a-z2-7]{4}-){3}[a-z2-7]{4}\b"),
    "a password hash": re.compile(r"\$2[aby]\$\d\d\$[./A-Za-z0-9]{20,}"),
    "a secret of a second factor": re.compile(r"otpauth:|(?<![A-Z2-7=])[A-Z2-7]{32}(?![A-Z2-7=])"),
    # Every password that the tests set or try has one of these in it.
    "a password": re.compile(r"horse battery|correct battery|canary|another password|qzjxkvw"),
    # Ids of messages look like addresses of SES.
    "an e-mail address": re.compile(r"[\w.+-]+@(?![\w.-]*\bamazonses\.com)[\w-]+\.\w+"),
}


def secrets_in(text: str) -> list[str]:
    return [name for name, pattern in SECRETS.items() if pattern.search(text)]


class Watch(logging.Handler):
    """Hears every record of every logger, as it was written and with its stack."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []
        self._formatter = logging.Formatter()

    def emit(self, record: logging.LogRecord) -> None:
        text = self._formatter.format(record) + repr(record.__dict__)
        self.found += [f"{name} in: {text[:500]}" for name in secrets_in(text)]


@contextmanager
def watched() -> Iterator[list[str]]:
    """The secrets that are logged meanwhile, each with its line."""
    watch = Watch()
    root = logging.getLogger()
    root.addHandler(watch)
    try:
        yield watch.found
    finally:
        root.removeHandler(watch)
