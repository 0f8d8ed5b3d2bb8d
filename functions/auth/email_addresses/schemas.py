from pydantic import Field

from auth.accounts.schemas import TOKEN_MAX, Code, Password
from shared.email_addresses import Email
from shared.http.schemas import RequestBody


class EmailAddress(RequestBody):
    email: Email


class EmailChange(RequestBody):
    email: Email = Field(description="The new address.")
    password: Password = Field(description="Your current password.")
    code: Code | None = Field(
        default=None, description="Required if your account has a second factor."
    )


class LinkToken(RequestBody):
    token: str = Field(
        max_length=TOKEN_MAX, description="The value of `token` in the link that was mailed."
    )
