"""Which URLs the shop fetches, and from which addresses."""

import ipaddress
import socket

import pytest

from pictures import addresses
from pictures.failures import BadPicture, TryLater
from shared.pictures.urls import UrlNotAllowed, parse_url

PUBLIC = "93.184.216.34"


def answer(monkeypatch, *found: str) -> None:
    """What the name server says."""

    def getaddrinfo(_: str, port: int, **__: object) -> list[tuple[object, ...]]:
        kinds = [socket.AF_INET6 if ":" in each else socket.AF_INET for each in found]
        return [
            (kind, socket.SOCK_STREAM, 6, "", (each, port))
            for kind, each in zip(kinds, found, strict=True)
        ]

    monkeypatch.setattr(addresses.socket, "getaddrinfo", getaddrinfo)


@pytest.mark.parametrize(
    ("url", "host", "port", "path", "header"),
    [
        ("https://shop.example/a.jpg", "shop.example", 443, "/a.jpg", "shop.example"),
        ("http://shop.example", "shop.example", 80, "/", "shop.example"),
        ("https://SHOP.example./a", "shop.example", 443, "/a", "shop.example"),
        ("https://shop.example:8443/a", "shop.example", 8443, "/a", "shop.example:8443"),
        ("https://shop.example/a?b=c&d#e", "shop.example", 443, "/a?b=c&d", "shop.example"),
        ("https://bücher.example/ü", "xn--bcher-kva.example", 443, "/%C3%BC", None),
        ("https://shop.example/a%20b", "shop.example", 443, "/a%20b", "shop.example"),
        ("https://[2606:2800::1]/a", "2606:2800::1", 443, "/a", "[2606:2800::1]"),
    ],
)
def test_a_url_says_where_the_request_goes(url, host, port, path, header):
    target = parse_url(url)

    assert (target.host, target.port, target.path) == (host, port, path)
    assert target.host_header == (header or host)


@pytest.mark.parametrize(
    "url",
    [
        "ftp://shop.example/a",
        "file:///etc/passwd",
        "gopher://shop.example/",
        "data:image/png;base64,AAAA",
        "javascript:alert(1)",
        "//shop.example/a",
        "shop.example/a",
        "https://",
        "https:///a",
        "https://user@shop.example/a",
        "https://user:secret@shop.example/a",
        "https://:@shop.example/a",
        "https://shop.example:22/a",
        "https://shop.example:80/a",
        "https://shop.example:0/a",
        "https://shop.example:99999/a",
        "https://shop.example:x/a",
        "https://shop.example/a b",
        "https://shop.example/a\r\nHost: x",
        "https://shop.example\\@169.254.169.254/",
        "https://[::1/a",
        "https://shop..example/a",
        f"https://{'a' * 64}.example/",
        f"https://shop.example/{'a' * 2_000}",
        "",
    ],
)
def test_a_url_that_the_shop_does_not_fetch_is_refused(url):
    with pytest.raises(UrlNotAllowed):
        parse_url(url)
    with pytest.raises(BadPicture) as refused:
        addresses.read_target(url)
    assert refused.value.failure.code == "url_not_allowed"


@pytest.mark.parametrize("address", [PUBLIC, "8.8.8.8", "2606:2800:220:1::1", "64:ff9b::808:808"])
def test_a_public_address_may_be_asked(address):
    assert addresses.is_public(ipaddress.ip_address(address))


@pytest.mark.parametrize(
    "address",
    [
        *("0.0.0.0", "0.1.2.3", "10.0.0.1", "100.64.0.1", "127.0.0.1", "127.1.2.3"),  # noqa: S104
        *("169.254.169.254", "169.254.170.2", "172.16.0.1", "172.31.255.255", "192.0.0.1"),
        *("192.0.2.1", "192.168.1.1", "198.18.0.1", "198.51.100.1", "203.0.113.1"),
        *("224.0.0.1", "239.255.255.255", "240.0.0.1", "255.255.255.255"),
        *("::", "::1", "fe80::1", "fe80::1%eth0", "fc00::1", "fd00:ec2::254", "ff02::1"),
        *("2001:db8::1", "::ffff:127.0.0.1", "::ffff:169.254.169.254", "::ffff:10.0.0.1"),
        *("::127.0.0.1", "64:ff9b::7f00:1", "64:ff9b::a9fe:a9fe", "2002:7f00:1::", "2002:a00:1::"),
        *("64:ff9b:1::1", "100::1", "2001:0:7f00:1::1", "fec0::1"),
    ],
)
def test_an_address_that_is_not_public_may_not_be_asked(address):
    assert not addresses.is_public(ipaddress.ip_address(address))


@pytest.mark.enable_socket
@pytest.mark.parametrize(
    "host",
    ["127.0.0.1", "2130706433", "0x7f000001", "0177.0.0.1", "127.1", "0", "[::1]", "localhost"],
)
def test_every_spelling_of_this_machine_is_refused(host):
    """As the operating system reads it: nothing asks the network for a number."""
    with pytest.raises(BadPicture) as refused:
        addresses.resolve(addresses.read_target(f"http://{host}/latest/meta-data"))

    assert refused.value.failure.code in ("url_not_allowed", "picture_host_not_found")


def test_one_private_address_among_public_ones_is_refused(monkeypatch):
    answer(monkeypatch, PUBLIC, "10.0.0.1")

    with pytest.raises(BadPicture, match="not public"):
        addresses.resolve(addresses.read_target("https://shop.example/"))


def test_addresses_of_version_four_come_first(monkeypatch):
    answer(monkeypatch, "2606:2800:220:1::1", PUBLIC)

    found = addresses.resolve(addresses.read_target("https://shop.example/"))

    assert found == [PUBLIC, "2606:2800:220:1::1"]


@pytest.mark.parametrize(
    ("number", "refusal"), [(socket.EAI_NONAME, BadPicture), (socket.EAI_AGAIN, TryLater)]
)
def test_a_name_server_that_is_busy_is_asked_again(monkeypatch, number, refusal):
    def fail(*_: object, **__: object) -> None:
        raise socket.gaierror(number, "no")

    monkeypatch.setattr(addresses.socket, "getaddrinfo", fail)

    with pytest.raises(BadPicture) as refused:
        addresses.resolve(addresses.read_target("https://shop.example/"))
    assert type(refused.value) is refusal
    assert refused.value.failure.code == "picture_host_not_found"
