"""AWS clients: one session for each function instance, and bounded waits.

By default botocore waits 60 s to connect and 60 s to read, longer than a function may run. Here a
call takes at most 12 s: three attempts of 1 s + 2 s, and up to 3 s between them. An HTTP function
has time for two such calls.
"""

import os
from functools import cache
from typing import Any

import botocore.session
from botocore.config import Config

CONNECT_SECONDS = 1
READ_SECONDS = 2
ATTEMPTS = 3
BACKOFF_SECONDS = 1 + 2  # the longest pauses between the attempts: botocore doubles them

# SES accepts no idempotency token: a retry after a lost reply would send a second mail. So a call
# to SES has one attempt and more time to answer.
# A warm instance has the last secret, and an authorizer has 10 s: so Secrets Manager has 7 s.
_ATTEMPTS = {"sesv2": 1, "secretsmanager": 2}
_READ_SECONDS = {"sesv2": 5}


@cache
def session() -> botocore.session.Session:
    return botocore.session.get_session()


@cache
def client(service: str) -> Any:
    """The client of that service, with the function's credentials and region."""
    return session().create_client(
        service,
        config=Config(
            # By default botocore signs S3 forms in a way that regions opened since 2014 refuse.
            signature_version="s3v4" if service == "s3" else None,
            # By default botocore also sends S3 forms through us-east-1, and browsers do not follow
            # its redirect. A custom endpoint, as on a laptop, has no host for each bucket.
            s3={"addressing_style": "auto" if "AWS_ENDPOINT_URL" in os.environ else "virtual"},
            connect_timeout=CONNECT_SECONDS,
            read_timeout=_READ_SECONDS.get(service, READ_SECONDS),
            retries={
                "total_max_attempts": _ATTEMPTS.get(service, ATTEMPTS),
                "mode": "standard",
            },
        ),
    )
