"""Pure: where a request comes from, and what each role may do."""

from itertools import pairwise

import pytest

from shared.auth import GRANTABLE_TO_KEYS, PERMISSIONS, Permission, Role, is_staff, permissions_of
from shared.callers import DEVICE_MAX, Client, client_of
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


def test_a_client_is_what_api_gateway_has_seen():
    event = request(sourceIp="203.0.113.9", userAgent="Firefox")

    assert client_of(event) == Client("203.0.113.9", "Firefox")


@pytest.mark.parametrize("header", FORGED_ADDRESSES)
def test_no_header_moves_a_client_elsewhere(header):
    event = request(sourceIp="203.0.113.9")
    event["headers"][header] = FORGED_ADDRESSES[header]

    assert client_of(event).address == "203.0.113.9"


@pytest.mark.parametrize("character", ["x", "é", "🛒"])
def test_a_device_is_kept_to_its_first_200_characters(character):
    kept = client_of(request(userAgent=character * 201)).device

    assert kept == character * 200
    assert DEVICE_MAX == 200


def test_a_client_need_not_say_what_it_is():
    event = request()
    del event["requestContext"]["http"]["userAgent"]

    assert client_of(event).device == ""


def test_each_role_may_do_what_those_below_it_may_and_more():
    for lower, higher in pairwise((Role.CUSTOMER, Role.STAFF, Role.ADMIN)):
        assert PERMISSIONS[lower] < PERMISSIONS[higher]


def test_every_permission_is_some_role_s():
    assert permissions_of(frozenset(Role)) == frozenset(Permission)


def test_who_has_no_role_may_do_nothing():
    assert permissions_of(frozenset()) == frozenset()


@pytest.mark.parametrize(
    ("roles", "staff"),
    [
        (set(), False),
        ({Role.CUSTOMER}, False),
        ({Role.STAFF}, True),
        ({Role.CUSTOMER, Role.ADMIN}, True),
    ],
)
def test_whoever_may_do_more_than_a_customer_has_the_duties_of_staff(roles, staff):
    assert is_staff(frozenset(roles)) is staff


@pytest.mark.parametrize(
    "permission",
    [Permission.OWN_ACCOUNT, Permission.MANAGE_API_KEYS, Permission.MANAGE_USERS],
)
def test_no_key_can_change_an_account_give_rights_or_make_keys(permission):
    assert permission not in GRANTABLE_TO_KEYS
