"""Pure: roles are sets of permissions."""

import pytest

from shared.security.permissions import (
    GRANTABLE_TO_KEYS,
    PERMISSIONS,
    Permission,
    Role,
    is_staff,
    permissions_named,
    permissions_of,
    roles_named,
)


def test_every_role_has_its_permissions_and_each_further_one_has_more():
    customer, staff, admin = (PERMISSIONS[role] for role in Role)

    assert set(PERMISSIONS) == set(Role)
    assert customer < staff < admin == frozenset(Permission)


def test_nobody_in_no_role_may_do_anything():
    assert permissions_of(frozenset()) == frozenset()


def test_several_roles_have_the_permissions_of_all():
    assert permissions_of(frozenset(Role)) == PERMISSIONS[Role.ADMIN]


@pytest.mark.parametrize(
    ("roles", "are_staff"),
    [((), False), ((Role.CUSTOMER,), False), ((Role.STAFF,), True), ((Role.ADMIN,), True)],
)
def test_whoever_may_do_more_than_a_customer_is_staff(roles, are_staff):
    assert is_staff(frozenset(roles)) is are_staff


def test_a_key_manages_neither_accounts_nor_keys_nor_users():
    kept = {Permission.OWN_ACCOUNT, Permission.MANAGE_API_KEYS, Permission.MANAGE_USERS}

    assert not GRANTABLE_TO_KEYS & kept
    assert GRANTABLE_TO_KEYS | kept == frozenset(Permission)


def test_names_that_only_newer_code_knows_are_left_out():
    permissions = permissions_named(["stock:write", "drones:fly"])
    roles = roles_named({"staff", "pilot"})

    assert [type(it) for it in (*permissions, *roles)] == [Permission, Role]
    assert (permissions, roles) == ({Permission.WRITE_STOCK}, {Role.STAFF})
