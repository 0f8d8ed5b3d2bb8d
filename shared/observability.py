"""Logs: one JSON object a line, with ids but without bodies, tokens, addresses or passwords.

Only audit lines contain the network address of the client: without it they could not tell an
attacker from the owner of an account.
"""

import json
import logging
from typing import Any

from aws_lambda_powertools.logging import Logger


def _as_text(message: Any) -> str:
    """Powertools would try to read each message as JSON. None of ours is."""
    return str(message)


logger = Logger(
    use_rfc3339=True,
    utc=True,
    json_serializer=json.JSONEncoder(default=str, ensure_ascii=False, separators=(",", ":")).encode,
    json_deserializer=_as_text,
)

# At DEBUG these libraries log whole requests and replies: secrets, password hashes and mails.
for _library in ("botocore", "pynamodb", "urllib3"):
    logging.getLogger(_library).setLevel(logging.INFO)


def set_log_context(correlation_id: str, *, client_address: str = "") -> None:
    """Put this id on each log line and each staged event until the next call."""
    global _client_address, _correlation_id  # noqa: PLW0603 (an instance has one request at a time)
    _client_address = client_address
    _correlation_id = correlation_id
    _log_fields.clear()
    logger.set_correlation_id(correlation_id)


def correlation_id() -> str:
    return _correlation_id or "none"


def add_log_fields(**fields: str) -> None:
    """Add fields to the line that `shared.http.api` logs about the current request."""
    _log_fields.update(fields)


def log_fields() -> dict[str, str]:
    return dict(_log_fields)


def record_cache_lookup(is_hit: bool) -> None:
    """CloudWatch counts these (template.yaml). A request with one miss counts as a miss."""
    if log_fields().get("cache") != "miss":
        add_log_fields(cache="hit" if is_hit else "miss")


def audit(action: str, result: str, **facts: str) -> None:
    """Log who tried which action, from where, and how it ended, for incident investigations.

    `facts` are ids and names of settings: no e-mail address, no secret, no text of a client's.
    """
    extra = {"action": action, "result": result, "client_address": _client_address, **facts}
    logger.info("audit", extra=extra)


_client_address = ""
_correlation_id = ""
_log_fields: dict[str, str] = {}
