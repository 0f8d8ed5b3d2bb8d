"""Which hosts the shop may fetch a picture from: those of the public Internet alone.

A URL comes from a file or a request, and the function stands inside the shop's account. So no URL
may reach what only the function can reach: the account's own network, the function's runtime, or
the addresses where AWS keeps credentials.
"""

import ipaddress
import socket

from pictures.failures import BadPicture, TryLater
from shared.pictures.urls import Target, UrlNotAllowed, parse_url

Address = ipaddress.IPv4Address | ipaddress.IPv6Address

_NAT64 = ipaddress.ip_network("64:ff9b::/96")
_COMPATIBLE = ipaddress.ip_network("::/96")


def read_target(url: str) -> Target:
    """Raises BadPicture for a URL that the shop does not fetch."""
    try:
        return parse_url(url)
    except UrlNotAllowed as reason:
        raise _refused(str(reason)) from reason


def _refused(message: str) -> BadPicture:
    return BadPicture("url_not_allowed", message)


def resolve(target: Target) -> list[str]:
    """The addresses of the host, all of them public; IPv4 first. Raises BadPicture.

    The caller connects to one of these and never asks the DNS again: another answer a moment later
    could name an address that was not checked.
    """
    try:
        found = socket.getaddrinfo(target.host, target.port, type=socket.SOCK_STREAM)
    except socket.gaierror as error:
        is_temporary = error.errno == socket.EAI_AGAIN
        failure = TryLater if is_temporary else BadPicture
        raise failure(
            "picture_host_not_found", f"The host {target.host} does not exist. Check the URL."
        ) from error
    except (OSError, UnicodeError) as error:
        raise _refused("The host of the URL is malformed.") from error
    addresses = list(dict.fromkeys(str(entry[4][0]) for entry in found))
    if not addresses or not all(is_public(ipaddress.ip_address(each)) for each in addresses):
        raise _refused("The URL leads to an address that is not public.")
    return sorted(addresses, key=lambda each: ":" in each)


def is_public(address: Address) -> bool:
    """Whether it belongs to a host of the Internet: none of a network, a machine or a group.

    An IPv6 address that stands for an IPv4 address is judged by that.
    """
    if isinstance(address, ipaddress.IPv6Address):
        if address.scope_id or address.is_site_local:
            return False
        inner = _inner_address(address)
        if inner is not None:
            return is_public(inner)
    return address.is_global and not (
        address.is_multicast or address.is_reserved or address.is_unspecified
    )


def _inner_address(address: ipaddress.IPv6Address) -> ipaddress.IPv4Address | None:
    if address in _NAT64 or address in _COMPATIBLE:
        return ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
    return address.ipv4_mapped or address.sixtofour or (address.teredo and address.teredo[1])
