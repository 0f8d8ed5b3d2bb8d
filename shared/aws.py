"""Clients of AWS: one session a function instance, bounded waits.

A hung reply must not eat the function's timeout: botocore waits 60 s to connect and 60 s to read
by default. Three tries of 1 s + 2 s, with up to 3 s between them, are 12 s for one call at the
worst; an HTTP function has time for two of those.
"""

import os
from functools import cache
from typing import Any

import botocore.session
from botocore.config import Config

CONNECT_SECONDS = 1
READ_SECONDS = 2
ATTEMPTS = 3
BACKOFF_SECONDS = 1 + 2  # at most, between the tries: botocore's standard mode doubles it

# SES takes no token to know a repeat by: a second try after a lost reply is a second mail. So it
# has one try and longer to answer.
_UNREPEATABLE = frozenset({"sesv2"})
_UNREPEATABLE_READ_SECONDS = 5


@cache
def session() -> botocore.session.Session:
    return botocore.session.get_session()


@cache
def client(service: str) -> Any:
    """The client of that service; its credentials and region are the function's."""
    repeats = service not in _UNREPEATABLE
    return session().create_client(
        service,
        config=Config(
            # Left to itself, botocore signs S3 forms as regions opened since 2014 refuse them.
            signature_version="s3v4" if service == "s3" else None,
            # And sends them by way of us-east-1, whose redirect a browser does not follow. An
            # endpoint of one's own, as on a laptop, has no host for each bucket.
            s3={"addressing_style": "auto" if "AWS_ENDPOINT_URL" in os.environ else "virtual"},
            connect_timeout=CONNECT_SECONDS,
            read_timeout=READ_SECONDS if repeats else _UNREPEATABLE_READ_SECONDS,
            retries={"total_max_attempts": ATTEMPTS if repeats else 1, "mode": "standard"},
        ),
    )
