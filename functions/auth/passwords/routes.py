from typing import Any

from aws_lambda_powertools.event_handler import Response

from auth.email_addresses.schemas import EmailAddress
from auth.passwords import service as passwords
from auth.passwords.schemas import PasswordChange, PasswordReset
from shared.http.api import Routes
from shared.http.authorization import anyone, requires
from shared.http.responses import accepted_response, no_content_response
from shared.security.permissions import Permission

routes = Routes()


@routes.post("/v1/auth/password/forgot", status_code=202, tags=["Accounts"])
@anyone
def request_password_reset(address: EmailAddress) -> Response[Any]:
    """Send the owner of an account a mail with a link to set a new password.

    The link works once, within ten minutes. The answer is the same when no account has the address.
    A second request within five minutes sends no mail.
    """
    passwords.request_password_reset(address.email, routes.client)
    return accepted_response()


@routes.post("/v1/auth/password/reset", status_code=204, tags=["Accounts"])
@anyone
def reset_password(reset: PasswordReset) -> Response[Any]:
    """Set a new password with the token from the mailed link.

    This ends all sessions and revokes all API keys of the account. A second factor stays enabled.
    """
    passwords.reset_password(reset, routes.client)
    return no_content_response()


@routes.put("/v1/me/password", status_code=204, tags=["Accounts"])
@requires(Permission.OWN_ACCOUNT)
def change_password(change: PasswordChange) -> Response[Any]:
    """Set a new password for your account, and log out on your other devices.

    The session of this request continues. The shop mails you that the password has changed.
    """
    passwords.change_password(routes.caller, change, routes.client)
    return no_content_response()
