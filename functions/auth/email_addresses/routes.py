from typing import Any

from aws_lambda_powertools.event_handler import Response

from auth.email_addresses import service as email_addresses
from auth.email_addresses.schemas import EmailAddress, EmailChange, LinkToken
from shared.http.api import Routes
from shared.http.authorization import anyone, requires
from shared.http.responses import accepted_response, no_content_response
from shared.security.permissions import Permission

routes = Routes()


@routes.post("/v1/auth/verify-email", status_code=204, tags=["Accounts"])
@anyone
def verify_email(link: LinkToken) -> Response[Any]:
    """Confirm an e-mail address with the token from the mailed link.

    The token works once. The same route confirms a changed address.
    """
    email_addresses.verify_email(link.token)
    return no_content_response()


@routes.post("/v1/auth/verify-email/resend", status_code=202, tags=["Accounts"])
@anyone
def resend_verification_email(address: EmailAddress) -> Response[Any]:
    """Send another mail with a link that confirms the address.

    The answer is the same when the address has no account, or is already confirmed. A second
    request within five minutes sends no mail.
    """
    email_addresses.resend_verification_email(address.email, routes.client)
    return accepted_response()


@routes.post("/v1/me/email", status_code=202, tags=["Accounts"])
@requires(Permission.OWN_ACCOUNT)
def request_email_change(change: EmailChange) -> Response[Any]:
    """Send a mail with a link that confirms a new address for your account.

    Your account keeps its current address until you open the link.
    """
    email_addresses.request_email_change(routes.caller, change, routes.client)
    return accepted_response()
