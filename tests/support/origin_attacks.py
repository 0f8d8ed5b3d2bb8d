"""Sends what foreign web pages send to a port of this machine."""

from collections.abc import Iterable

from tests.attacks.origins import SENDERS, Target
from tests.support.raw_http import exchange, request


def list_breaches(port: int, targets: Iterable[Target]) -> list[str]:
    """Requests that are not refused, or whose refusal a page can read."""
    breaches = []
    for target in targets:
        for sender in SENDERS:
            path = sender.target_prefix + target.path
            lines = (*sender.lines, *target.lines)
            answer = exchange(
                port, request(target.method, path, lines, port=port, body=target.body)
            )
            is_refused = 400 <= answer.status < 500 and answer.status != 404
            if not is_refused or b"access-control-allow" in answer.head:
                breaches.append(f"{target.method} {path} of {sender.name}: {answer.head!r}")
    return breaches
