"""Logs: one JSON object a line, with ids and never with bodies, tokens, addresses or passwords.

The audit lines, and they alone, say which network address an act came from: without it they
could not tell a burglar from the owner.
"""

import logging

from aws_lambda_powertools.logging import Logger

logger = Logger(use_rfc3339=True)

# At DEBUG they write whole requests and replies: keys from Secrets Manager, password hashes, mail.
for _library in ("botocore", "pynamodb", "urllib3"):
    logging.getLogger(_library).setLevel(logging.INFO)


def set_log_context(correlation_id: str, *, client_address: str = "") -> None:
    """Stamp this on each line, and on each event staged, until the next call."""
    global _client_address  # noqa: PLW0603 (a function instance has one request at a time)
    _client_address = client_address
    _noted.clear()
    logger.set_correlation_id(correlation_id)


def correlation_id() -> str:
    return logger.get_correlation_id() or "none"


def add_log_fields(**facts: str) -> None:
    """Have the request's own line say this too."""
    _noted.update(facts)


def log_fields() -> dict[str, str]:
    return dict(_noted)


def record_cache_lookup(is_hit: bool) -> None:
    """CloudWatch counts these (template.yaml): a request that missed once counts as a miss."""
    if log_fields().get("cache") != "miss":
        add_log_fields(cache="hit" if is_hit else "miss")


def audit(action: str, result: str, **facts: str) -> None:
    """A line for whoever looks into an incident: what was tried, by whom, from where, how it ended.

    `facts` are ids and names of settings: no e-mail, no secret, nothing that a client wrote.
    """
    extra = {"action": action, "result": result, "client_address": _client_address, **facts}
    logger.info("audit", extra=extra)


_client_address = ""
_noted: dict[str, str] = {}
