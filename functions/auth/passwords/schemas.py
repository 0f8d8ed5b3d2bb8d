from auth.accounts.schemas import Code, LinkToken, NewPassword, Password
from shared.http.schemas import RequestBody


class PasswordChange(RequestBody):
    current_password: Password
    new_password: NewPassword
    code: Code | None = None


class PasswordReset(LinkToken):
    password: NewPassword
