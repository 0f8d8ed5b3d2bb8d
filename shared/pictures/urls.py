"""URLs of pictures: which ones the shop fetches, and what a request to one says. Pure."""

import re
from urllib.parse import SplitResult, urlsplit

from shared.records import Record

URL_LENGTH_MAX = 2_000
PORTS = {"http": (80, 8080), "https": (443, 8443)}

_UNENCODED = re.compile(r"[\x00-\x20\x7f\\]")


class UrlNotAllowed(Exception):
    """The message says what is wrong with the URL."""


class Target(Record):
    """Where one request goes. `host` is in ASCII, as certificates and headers have it."""

    scheme: str
    host: str
    port: int
    path: str  # with its query

    @property
    def host_header(self) -> str:
        name = f"[{self.host}]" if ":" in self.host else self.host
        return name if self.port == PORTS[self.scheme][0] else f"{name}:{self.port}"


def parse_url(url: str) -> Target:
    """Raises UrlNotAllowed."""
    if len(url) > URL_LENGTH_MAX:
        raise UrlNotAllowed(f"The URL has more than {URL_LENGTH_MAX:,} characters.")
    if _UNENCODED.search(url):
        raise UrlNotAllowed("The URL has spaces or control characters. Encode them, as in %20.")
    try:
        parts = urlsplit(url)
        port = parts.port
        host = (parts.hostname or "").rstrip(".")
        ascii_host = host if ":" in host else host.encode("idna").decode("ascii")
    except ValueError:  # UnicodeError, too
        raise UrlNotAllowed("The URL is malformed.") from None
    _check(parts, ascii_host, port)
    return Target(
        scheme=parts.scheme,
        host=ascii_host,
        port=port or PORTS[parts.scheme][0],
        path=_encode_path(parts),
    )


def _check(parts: SplitResult, host: str, port: int | None) -> None:
    if parts.scheme not in PORTS:
        raise UrlNotAllowed("The URL must begin with https:// or http://.")
    if parts.username is not None or parts.password is not None:
        raise UrlNotAllowed("The URL has a user name or password. Pictures must be public.")
    if not host:
        raise UrlNotAllowed("The URL has no host.")
    if port is not None and port not in PORTS[parts.scheme]:
        raise UrlNotAllowed("The URL has an unusual port. Use 443, or 80 for http.")


def _encode_path(parts: SplitResult) -> str:
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    return "".join(
        character if character.isascii() else "".join(f"%{byte:02X}" for byte in character.encode())
        for character in path
    )
