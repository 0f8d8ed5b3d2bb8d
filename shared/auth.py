"""Who is calling: the principal that the authorizer found, and the roles there are."""

from dataclasses import dataclass
from enum import StrEnum


class Role(StrEnum):
    CUSTOMER = "customer"
    STAFF = "staff"
    ADMIN = "admin"


@dataclass(frozen=True, slots=True)
class Principal:
    """The signed-in user behind a request."""

    user_id: str
    roles: frozenset[Role]

    def is_any_of(self, roles: frozenset[Role]) -> bool:
        return not self.roles.isdisjoint(roles)

    @property
    def is_staff(self) -> bool:
        return self.is_any_of(frozenset({Role.STAFF, Role.ADMIN}))
