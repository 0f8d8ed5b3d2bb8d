from pydantic import Field

from auth.accounts.schemas import CODE_IF_ENABLED, CURRENT_PASSWORD, TOKEN_MAX, Code, Password
from shared.email_addresses import Email
from shared.http.schemas import RequestBody
from shared.http.text_fields import SECRET


class EmailAddress(RequestBody):
    email: Email = Field(description="The address of the account.")


class EmailChange(RequestBody):
    email: Email = Field(description="The new address.")
    password: Password = Field(description=CURRENT_PASSWORD)
    code: Code | None = Field(default=None, description=CODE_IF_ENABLED)


class LinkToken(RequestBody):
    token: str = Field(
        max_length=TOKEN_MAX,
        description="The value of `token` in the link from the mail.",
        json_schema_extra=SECRET,
    )
