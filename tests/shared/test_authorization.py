"""Pure: the sender of a request."""

import pytest

from shared.http.authorization import DEVICE_MAX, Client, client_from_event
from tests.support.http import sample

FORGED_ADDRESSES = {
    "x-forwarded-for": "198.51.100.1, 192.0.2.1",
    "x-real-ip": "198.51.100.1",
    "forwarded": "for=198.51.100.1",
    "cf-connecting-ip": "198.51.100.1",
}


def request(**facts: str):
    event = sample("auth.login")
    event["requestContext"]["http"] |= facts
    return event


def test_a_client_is_the_sender_that_api_gateway_saw():
    event = request(sourceIp="203.0.113.9", userAgent="Firefox")

    assert client_from_event(event) == Client("203.0.113.9", "Firefox")


@pytest.mark.parametrize("header", FORGED_ADDRESSES)
def test_no_header_changes_the_client_s_address(header):
    event = request(sourceIp="203.0.113.9")
    event["headers"][header] = FORGED_ADDRESSES[header]

    assert client_from_event(event).address == "203.0.113.9"


@pytest.mark.parametrize("character", ["x", "é", "🛒"])
def test_a_device_name_is_cut_to_200_characters(character):
    device = client_from_event(request(userAgent=character * 201)).device

    assert device == character * 200
    assert DEVICE_MAX == 200


def test_a_client_needs_no_user_agent():
    event = request()
    del event["requestContext"]["http"]["userAgent"]

    assert client_from_event(event).device == ""
