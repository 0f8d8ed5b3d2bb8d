from datetime import datetime, timedelta
from typing import Annotated, Literal, Self

import email_validator
from pydantic import AfterValidator, Field

from shared.auth import Role
from shared.config import Runtime, settings
from shared.models import User
from shared.schemas import ONE_LINE, RequestBody, View


def _normalised(address: str) -> str:
    """One spelling for each mailbox: lower case throughout, the domain in its Unicode form.

    RFC 5321 lets the local part be case-sensitive; no provider uses that, and two accounts that
    differ by a capital letter are a support case.
    """
    checked = email_validator.validate_email(
        address,
        allow_smtputf8=False,  # SES takes no other than ASCII before the @: no mail would arrive
        check_deliverability=False,  # a DNS query would tell an attacker's name server
        globally_deliverable=settings(Runtime).environment != "local",  # there, .test will do
    )
    return checked.normalized.lower()


Email = Annotated[
    str, Field(max_length=254, examples=["ada@example.com"]), AfterValidator(_normalised)
]
# Code points. The hash is over any number of bytes: see shared.passwords.
Password = Annotated[str, Field(min_length=8, max_length=128)]


class Registration(RequestBody):
    email: Email
    password: Password
    name: str = Field(min_length=1, max_length=100, pattern=ONE_LINE)


class Credentials(RequestBody):
    email: Email
    password: str = Field(max_length=128)


class UserView(View):
    id: str
    email: str
    name: str
    roles: list[Role]
    email_verified: bool
    created_at: datetime
    version: int

    @classmethod
    def of(cls, user: User) -> Self:
        return cls(
            id=user.user_id,
            email=user.email,
            name=user.name,
            roles=sorted(Role(role) for role in user.roles),
            email_verified=user.email_verified,
            created_at=user.created_at,
            version=int(user.version),
        )


class SessionView(View):
    access_token: str
    token_type: Literal["Bearer"] = "Bearer"  # noqa: S105 (RFC 6750)
    expires_in: int = Field(description="Seconds.")
    user: UserView

    @classmethod
    def of(cls, access_token: str, lifetime: timedelta, user: User) -> Self:
        return cls(
            access_token=access_token,
            expires_in=int(lifetime.total_seconds()),
            user=UserView.of(user),
        )
