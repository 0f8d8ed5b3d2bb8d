"""Fetches a picture from its URL: ten seconds and 20 MB in all, and from public addresses alone.

Each address is checked, of redirects too, and the connection goes to the address that was checked.
The host's name is only for its certificate and its `Host` header.
"""

import queue
import threading
import time
from http import HTTPStatus
from typing import Any
from urllib.parse import urljoin

import urllib3
from urllib3 import BaseHTTPResponse, HTTPConnectionPool, HTTPSConnectionPool
from urllib3.exceptions import HTTPError, SSLError

from pictures import addresses
from pictures.failures import BadPicture, TryLater
from shared.pictures.files import BYTES_MAX
from shared.pictures.urls import Target

SECONDS_MAX = 10.0
CONNECT_SECONDS_MAX = 3.0  # to one address
REDIRECTS_MAX = 5
ADDRESSES_MAX = 3  # of a host that are tried
_CHUNK = 65_536
_REDIRECTS = (301, 302, 303, 307, 308)
_BUSY = (408, 425, 429, 500, 502, 503, 504)
_HEADERS = {
    "Accept": "image/*",
    "Accept-Encoding": "identity",
    "User-Agent": "Souk-Pictures/1.0",
}


def fetch(url: str, *, seconds_max: float = SECONDS_MAX) -> bytes:
    """The content at the URL. Raises BadPicture, and TryLater if another attempt may succeed."""
    deadline = time.monotonic() + seconds_max
    results: queue.SimpleQueue[bytes | Exception] = queue.SimpleQueue()

    def run() -> None:
        try:
            results.put(_follow(url, deadline))
        except Exception as error:  # noqa: BLE001 (raised in the caller's thread)
            results.put(error)

    # A thread, because nothing else ends a name server that is silent, or a server that sends its
    # headers byte by byte.
    threading.Thread(target=run, daemon=True).start()
    try:
        result = results.get(timeout=seconds_max)
    except queue.Empty:
        raise _too_slow() from None
    if isinstance(result, Exception):
        raise result
    return result


def _follow(url: str, deadline: float) -> bytes:
    for _ in range(REDIRECTS_MAX + 1):
        target = addresses.read_target(url)
        response = _request(target, addresses.resolve(target), deadline)
        try:
            location = response.headers.get("Location")
            if response.status not in _REDIRECTS or not location:
                return _read(response, deadline)
            url = urljoin(url, location)
        finally:
            response.close()
    raise BadPicture("picture_not_fetched", "The URL redirects too often.")


def _request(target: Target, found: list[str], deadline: float) -> BaseHTTPResponse:
    """The response of the first address that answers."""
    last: Exception | None = None
    for address in found[:ADDRESSES_MAX]:
        try:
            return _request_from(address, target, deadline)
        except SSLError as error:
            raise BadPicture(
                "picture_not_fetched", f"The certificate of {target.host} is not valid."
            ) from error
        except HTTPError as error:
            last = error
    raise TryLater("picture_not_fetched", f"{target.host} does not answer.") from last


def _request_from(address: str, target: Target, deadline: float) -> BaseHTTPResponse:
    remaining = _remaining(deadline)
    timeout = urllib3.Timeout(connect=min(CONNECT_SECONDS_MAX, remaining), read=remaining)
    pool = _open_pool(address, target)
    return pool.urlopen(
        "GET",
        target.path,
        headers={**_HEADERS, "Host": target.host_header},
        timeout=timeout,
        retries=False,
        redirect=False,
        preload_content=False,
        decode_content=False,
    )


def _open_pool(address: str, target: Target) -> HTTPConnectionPool:
    if target.scheme == "http":
        return HTTPConnectionPool(address, target.port)
    options: dict[str, Any] = {
        "server_hostname": target.host,
        "assert_hostname": target.host,
        "cert_reqs": "CERT_REQUIRED",
    }
    return HTTPSConnectionPool(address, target.port, **options)


def _read(response: BaseHTTPResponse, deadline: float) -> bytes:
    _check_status(response.status)
    declared = response.headers.get("Content-Length", "")
    if declared.isdecimal() and int(declared) > BYTES_MAX:
        raise _too_large()
    content = bytearray()
    try:
        while chunk := response.read1(_CHUNK):
            content += chunk
            if len(content) > BYTES_MAX:
                raise _too_large()
            _remaining(deadline)
    except HTTPError as error:
        raise TryLater("picture_not_fetched", "The connection broke off.") from error
    return bytes(content)


def _check_status(status: int) -> None:
    if status in _BUSY:
        raise TryLater("picture_not_fetched", f"Its server answered with status {status}.")
    if status != HTTPStatus.OK:
        raise BadPicture("picture_not_fetched", f"Its server answered with status {status}.")


def _remaining(deadline: float) -> float:
    """Seconds. Raises TryLater when there are none."""
    seconds = deadline - time.monotonic()
    if seconds <= 0:
        raise _too_slow()
    return seconds


def _too_slow() -> TryLater:
    return TryLater("picture_too_slow", "Its server did not send the picture within 10 seconds.")


def _too_large() -> BadPicture:
    return BadPicture("picture_too_large", "The picture has more than 20 MB. Make it smaller.")
