"""Roles and permissions. A role is a set of permissions, and a route requires one permission."""

from collections.abc import Iterable
from enum import StrEnum

from shared.records import Record


class Permission(StrEnum):
    OWN_ACCOUNT = "account:own"  # the caller's own profile, password and sessions
    PLACE_ORDERS = "orders:place"  # and read the caller's own
    READ_ALL_ORDERS = "orders:read_all"
    MANAGE_ORDERS = "orders:manage"  # ship, cancel, mark as paid, add notes
    REFUND_ORDERS = "orders:refund"
    WRITE_PRICING = "pricing:write"  # tax rates, shipping rates, promotions
    WRITE_PRODUCTS = "products:write"
    WRITE_STOCK = "stock:write"
    UPLOAD_FILES = "uploads:write"
    MANAGE_API_KEYS = "api_keys:manage"  # the caller's own
    READ_USERS = "users:read"
    MANAGE_USERS = "users:manage"


class Role(StrEnum):
    CUSTOMER = "customer"
    STAFF = "staff"
    ADMIN = "admin"


_CUSTOMER = frozenset({Permission.OWN_ACCOUNT, Permission.PLACE_ORDERS})
_STAFF = _CUSTOMER | {
    Permission.READ_ALL_ORDERS,
    Permission.MANAGE_ORDERS,
    Permission.REFUND_ORDERS,
    Permission.WRITE_PRICING,
    Permission.WRITE_PRODUCTS,
    Permission.WRITE_STOCK,
    Permission.UPLOAD_FILES,
    Permission.MANAGE_API_KEYS,
}
PERMISSIONS = {
    Role.CUSTOMER: _CUSTOMER,
    Role.STAFF: _STAFF,
    Role.ADMIN: _STAFF | {Permission.READ_USERS, Permission.MANAGE_USERS},
}
# Scripts use API keys: a key cannot change its owner's account, manage users or create keys.
GRANTABLE_TO_KEYS = frozenset(Permission) - {
    Permission.OWN_ACCOUNT,
    Permission.MANAGE_API_KEYS,
    Permission.MANAGE_USERS,
}


def permissions_named(names: Iterable[str]) -> frozenset[Permission]:
    """Return the permissions with these names. Names that only newer code knows are skipped."""
    known = frozenset(names)
    return frozenset(permission for permission in Permission if permission in known)


def roles_named(names: Iterable[str]) -> frozenset[Role]:
    """Return the roles with these names. Names that only newer code knows are skipped."""
    known = frozenset(names)
    return frozenset(role for role in Role if role in known)


def permissions_of(roles: frozenset[Role]) -> frozenset[Permission]:
    return frozenset().union(*(PERMISSIONS[role] for role in roles))


def is_staff(roles: frozenset[Role]) -> bool:
    """Whether these roles have more permissions than a customer, and so stricter rules."""
    return not permissions_of(roles) <= _CUSTOMER


class Principal(Record):
    """The account behind a request, and what this request may do.

    `second_factor_due`: the session lacks a second factor, so staff permissions are withheld.
    """

    user_id: str
    permissions: frozenset[Permission]
    session_id: str = ""  # empty for an API key
    second_factor_due: bool = False

    def may(self, permission: Permission) -> bool:
        return permission in self.permissions
