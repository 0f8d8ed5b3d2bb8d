from pydantic import Field

from auth.accounts.schemas import (
    CODE_IF_ENABLED,
    CURRENT_PASSWORD,
    NEW_PASSWORD,
    Code,
    NewPassword,
    Password,
)
from auth.email_addresses.schemas import LinkToken
from shared.http.schemas import RequestBody


class PasswordChange(RequestBody):
    current_password: Password = Field(description=CURRENT_PASSWORD)
    new_password: NewPassword = Field(description=NEW_PASSWORD)
    code: Code | None = Field(default=None, description=CODE_IF_ENABLED)


class PasswordReset(LinkToken):
    password: NewPassword = Field(description=f"The new password. {NEW_PASSWORD}")
