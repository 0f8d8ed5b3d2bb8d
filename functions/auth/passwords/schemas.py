from pydantic import Field

from auth.accounts.schemas import Code, NewPassword, Password
from auth.email_addresses.schemas import LinkToken
from shared.http.schemas import RequestBody


class PasswordChange(RequestBody):
    current_password: Password
    new_password: NewPassword
    code: Code | None = Field(
        default=None, description="Required if your account has a second factor."
    )


class PasswordReset(LinkToken):
    password: NewPassword = Field(description="The new password.")
