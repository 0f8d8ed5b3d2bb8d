"""Logs: one JSON object a line, with ids and never with bodies, tokens, addresses or passwords."""

import logging

from aws_lambda_powertools.logging import Logger

logger = Logger(use_rfc3339=True)

# At DEBUG they write whole requests and replies: keys from Secrets Manager, password hashes, mail.
for _library in ("botocore", "pynamodb", "urllib3"):
    logging.getLogger(_library).setLevel(logging.INFO)


def correlate(correlation_id: str) -> None:
    """Stamp this on each line, and on each event staged, until the next call."""
    logger.set_correlation_id(correlation_id)


def correlation_id() -> str:
    return logger.get_correlation_id() or "none"
