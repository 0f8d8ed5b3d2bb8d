"""The client's network address, also behind a proxy: a CDN, a load balancer, the shop's own server.

API Gateway sees the proxy's address. A proxy that sends the shared secret is trusted, and its
header holds the client's address. A client can forge the header, so without the secret it counts
for nothing.
"""

import hmac
import ipaddress
import re
from typing import Any

from shared.config import ProxySettings, settings
from shared.errors.accounts import ProxyRequired
from shared.errors.base import AppError, Unavailable
from shared.storage.cache import cached

SECRET_HEADER = "x-proxy-secret"  # noqa: S105 (a name)
KEYS_REREAD_SECONDS = 5  # of the ring, which is read from Secrets Manager once a minute
PORT_MAX = 65535

_BRACKETED = re.compile(r"\[([0-9a-fA-F:.]+)\](?::([0-9]{1,5}))?")  # IPv6, as in a URL
_IPV4 = re.compile(r"([0-9.]+)(?::([0-9]{1,5}))?")
_IPV6 = re.compile(r"([0-9a-fA-F:.]+)()")
# CloudFront adds a port and writes IPv6 without brackets: `2001:db8::1:46532`.
_WITH_PORT = re.compile(r"([0-9a-fA-F:.]+):([0-9]{1,5})")
_ALWAYS_WITH_PORT = "cloudfront-viewer-address"


def client_address(event: dict[str, Any]) -> str:
    """Return the client's IPv4 or IPv6 address, without a port.

    It is the sender's if no trusted proxy sent the request, or if the proxy's header holds no
    address. Raises nothing: without the secret, the sender's address counts.
    """
    sender: str = event["requestContext"]["http"]["sourceIp"]
    if not _is_from_proxy(event):
        return sender
    return _forwarded_address(event, sender) or sender


def require_proxy(event: dict[str, Any]) -> None:
    """Raises ProxyRequired if the shop answers its proxy only, and Unavailable without the secret.

    The proxy may filter requests (AWS WAF), and nobody must pass it by.
    """
    if not settings(ProxySettings).require_trusted_proxy or _is_from_proxy(event):
        return
    if not proxy_keys():
        raise Unavailable
    raise ProxyRequired


def _is_from_proxy(event: dict[str, Any]) -> bool:
    sent = event["headers"].get(SECRET_HEADER)
    if not sent or not settings(ProxySettings).proxy_secret_arn:
        return False
    encoded = sent.encode(errors="replace")
    matches = [hmac.compare_digest(encoded, key) for key in proxy_keys()]  # always all of them
    return any(matches)


@cached(seconds=KEYS_REREAD_SECONDS)
def proxy_keys() -> tuple[bytes, ...]:
    """All keys of the ring: while it rotates, the proxy may still send the old one.

    Empty without the secret. Then this remembers the failure too, so that not every request waits.
    """
    # AWS's library, which functions without a trusted proxy may not need
    from shared.security.key_rings import key_ring  # noqa: PLC0415

    try:
        return tuple(key_ring(settings(ProxySettings).proxy_secret_arn).keys.values())
    except (AppError, ValueError):  # `key_rings` has logged it
        return ()


def _forwarded_address(event: dict[str, Any], sender: str) -> str | None:
    section = settings(ProxySettings)
    header = section.trusted_proxy_header.lower()
    has_port = header == _ALWAYS_WITH_PORT
    hops = event["headers"].get(header, "").split(",")
    # API Gateway appends the address that it sees to X-Forwarded-For.
    if len(hops) > 1 and parse_address(hops[-1]) == parse_address(sender):
        hops.pop()
    return parse_address(hops[0 if section.trusted_proxy_hop == "first" else -1], has_port=has_port)


def parse_address(text: str, *, has_port: bool = False) -> str | None:
    """Return the address in its shortest form, without brackets and port; None if it is malformed.

    An IPv6 address that stands for an IPv4 address is that IPv4 address.
    """
    patterns = (_BRACKETED, _WITH_PORT) if has_port else (_BRACKETED, _IPV4, _IPV6)
    for pattern in patterns:
        found = pattern.fullmatch(text.strip())
        if found and int(found[2] or 0) <= PORT_MAX:
            return _canonical(found[1])
    return None


def _canonical(address: str) -> str | None:
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return None
    mapped = parsed.ipv4_mapped if isinstance(parsed, ipaddress.IPv6Address) else None
    return str(mapped or parsed)
