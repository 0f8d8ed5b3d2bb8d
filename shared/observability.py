"""Logs: one JSON object a line, with ids and never with bodies, tokens, addresses or passwords."""

from aws_lambda_powertools.logging import Logger

logger = Logger(use_rfc3339=True)


def correlate(correlation_id: str) -> None:
    """Stamp this on each line, and on each event staged, until the next call."""
    logger.set_correlation_id(correlation_id)


def correlation_id() -> str:
    return logger.get_correlation_id() or "none"
