from datetime import datetime
from typing import Annotated, Self

from pydantic import Field

from shared.email_addresses import Email
from shared.http.schemas import ONE_LINE, RequestBody, View
from shared.security.permissions import Role, roles_named
from shared.storage.models.accounts import Profile

TOKEN_MAX = 200  # longer than any token of ours

# Code points. The hash is over any number of bytes (shared.security.passwords); how short and how common
# it may be depends on whose it is (auth.passwords.policy).
NewPassword = Annotated[str, Field(max_length=128)]
# Any that was ever taken: how passwords must be now is no matter when they are checked.
Password = Annotated[str, Field(max_length=128)]
Code = Annotated[
    str,
    Field(max_length=40, description="Of the second factor, or a recovery code."),
]
Name = Annotated[str, Field(min_length=1, max_length=100, pattern=ONE_LINE)]


class Registration(RequestBody):
    email: Email
    password: NewPassword
    name: Name


class ProfileChange(RequestBody):
    name: Name


class EmailChange(RequestBody):
    email: Email
    password: Password
    code: Code | None = None


class EmailAddress(RequestBody):
    email: Email


class LinkToken(RequestBody):
    token: str = Field(max_length=TOKEN_MAX, description="From the link in the mail.")


class UserView(View):
    id: str
    email: str
    name: str
    roles: list[Role]
    status: str
    email_verified: bool
    second_factor: bool
    created_at: datetime
    version: int

    @classmethod
    def from_model(cls, user: Profile) -> Self:
        return cls(
            id=user.user_id,
            email=user.email,
            name=user.name,
            roles=sorted(roles_named(user.roles)),
            status=user.status,
            email_verified=user.email_verified,
            second_factor=user.second_factor,
            created_at=user.created_at,
            version=int(user.version),
        )
