from datetime import datetime
from typing import Annotated, Literal, Self

from pydantic import Field

from shared.email_addresses import Email
from shared.http.schemas import RequestBody, View, shown_as
from shared.http.text_fields import AS_TYPED, SECRET, Text
from shared.security.permissions import Role, roles_named
from shared.storage.models.accounts import Profile

TOKEN_MAX = 200  # characters; no token of the shop is longer

# 128 code points. The hash accepts any number of bytes (shared.security.passwords). The minimum
# length depends on the account's roles (auth.passwords.policy).
NewPassword = Annotated[str, AS_TYPED, Field(max_length=128, json_schema_extra=SECRET)]
# An existing password may break today's policy, so a check of it applies no policy.
Password = Annotated[str, AS_TYPED, Field(max_length=128, json_schema_extra=SECRET)]
Code = Annotated[
    str,
    Field(
        max_length=40,
        description="A code from the authenticator app, or a recovery code.",
        json_schema_extra=SECRET,
    ),
]
CODE_IF_ENABLED = "Required if the account has a second factor."
CURRENT_PASSWORD = "Your current password."  # noqa: S105 (a description)
NEW_PASSWORD = (
    "At most 128 characters. The shop refuses passwords that are short, common, or built from the "  # noqa: S105
    "account's name or address."
)
Name = Annotated[str, Text(100)]
UserStatus = Literal["active", "disabled"]


class Registration(RequestBody):
    email: Email = Field(description="The address that you log in with.")
    password: NewPassword = Field(description=NEW_PASSWORD)
    name: Name


class ProfileChange(RequestBody):
    name: Name


class UserView(View):
    id: str
    email: str
    name: str
    roles: list[Role]
    status: Annotated[str, shown_as(UserStatus)] = Field(
        description="A disabled account cannot log in or use API keys."
    )
    email_verified: bool = Field(description="Whether the owner has confirmed the address.")
    second_factor: bool = Field(description="Whether a login needs a code besides the password.")
    created_at: datetime
    version: int = Field(description="Grows with each change of the account.")

    @classmethod
    def from_model(cls, profile: Profile) -> Self:
        return cls(
            id=profile.user_id,
            email=profile.email,
            name=profile.name,
            roles=sorted(roles_named(profile.roles)),
            status=profile.status,
            email_verified=profile.email_verified,
            second_factor=profile.second_factor,
            created_at=profile.created_at,
            version=int(profile.version),
        )
