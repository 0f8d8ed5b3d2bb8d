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


def test_each_role_has_more_permissions_than_the_last():
    customer, staff, admin = (PERMISSIONS[role] for role in Role)

    assert set(PERMISSIONS) == set(Role)
    assert customer < staff < admin == frozenset(Permission)


def test_a_user_without_roles_has_no_permissions():
    assert permissions_of(frozenset()) == frozenset()


def test_several_roles_combine_their_permissions():
    assert permissions_of(frozenset(Role)) == PERMISSIONS[Role.ADMIN]


@pytest.mark.parametrize(
    ("roles", "are_staff"),
    [((), False), ((Role.CUSTOMER,), False), ((Role.STAFF,), True), ((Role.ADMIN,), True)],
)
def test_a_role_with_more_permissions_than_a_customer_is_staff(roles, are_staff):
    assert is_staff(frozenset(roles)) is are_staff


def test_keys_cannot_manage_accounts_keys_or_users():
    kept = {Permission.OWN_ACCOUNT, Permission.MANAGE_API_KEYS, Permission.MANAGE_USERS}

    assert not GRANTABLE_TO_KEYS & kept
    assert GRANTABLE_TO_KEYS | kept == frozenset(Permission)


def test_unknown_names_are_skipped():
    permissions = permissions_named(["stock:write", "drones:fly"])
    roles = roles_named({"staff", "pilot"})

    assert [type(member) for member in (*permissions, *roles)] == [Permission, Role]
    assert (permissions, roles) == ({Permission.WRITE_STOCK}, {Role.STAFF})
