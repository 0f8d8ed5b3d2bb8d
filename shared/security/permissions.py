"""Who is calling and what they may do: roles are sets of permissions, each route names one."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum


class Permission(StrEnum):
    OWN_ACCOUNT = "account:own"  # one's profile, password, sessions
    PLACE_ORDERS = "orders:place"  # and see one's own
    READ_ALL_ORDERS = "orders:read_all"
    MANAGE_ORDERS = "orders:manage"  # ship, cancel, mark as paid, note
    REFUND_ORDERS = "orders:refund"
    WRITE_PRICING = "pricing:write"  # tax, shipping, promotions
    WRITE_PRODUCTS = "products:write"
    WRITE_STOCK = "stock:write"
    UPLOAD_FILES = "uploads:write"
    MANAGE_API_KEYS = "api_keys:manage"  # one's own
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
# A key is a script's: it manages neither its owner's account nor anyone's rights, nor makes keys.
GRANTABLE_TO_KEYS = frozenset(Permission) - {
    Permission.OWN_ACCOUNT,
    Permission.MANAGE_API_KEYS,
    Permission.MANAGE_USERS,
}


def permissions_named(names: Iterable[str]) -> frozenset[Permission]:
    """Those of them that there are: who wrote the names may be newer, and know of more."""
    known = frozenset(names)
    return frozenset(permission for permission in Permission if permission in known)


def roles_named(names: Iterable[str]) -> frozenset[Role]:
    """Those of them that there are."""
    known = frozenset(names)
    return frozenset(role for role in Role if role in known)


def permissions_of(roles: frozenset[Role]) -> frozenset[Permission]:
    return frozenset().union(*(PERMISSIONS[role] for role in roles))


def is_staff(roles: frozenset[Role]) -> bool:
    """Whether these roles carry more rights than a customer's, and so more duties."""
    return not permissions_of(roles) <= _CUSTOMER


@dataclass(frozen=True, slots=True)
class Principal:
    """The account behind a request, and what this request may do in its name.

    `second_factor_due`: the staff's permissions are withheld until the session shows one.
    """

    user_id: str
    permissions: frozenset[Permission]
    session_id: str = ""  # none for an API key
    second_factor_due: bool = False

    def may(self, permission: Permission) -> bool:
        return permission in self.permissions
