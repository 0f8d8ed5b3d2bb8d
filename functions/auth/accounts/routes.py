from typing import Any

from aws_lambda_powertools.event_handler import Response

from auth.accounts import service as accounts
from auth.accounts.schemas import (
    EmailAddress,
    EmailChange,
    LinkToken,
    ProfileChange,
    Registration,
    UserView,
)
from shared.http.api import Routes
from shared.http.authorization import anyone, requires
from shared.http.etags import ExpectedVersion
from shared.http.parameters import IfMatch, IfNoneMatch
from shared.http.responses import (
    accepted_response,
    created_response,
    no_content_response,
    ok_response,
)
from shared.security.permissions import Permission

routes = Routes()


@routes.post("/v1/auth/register", status_code=201, tags=["Accounts"])
@anyone
def register(registration: Registration) -> Response[UserView]:
    """Open an account. A mail asks to confirm the address.

    A known address is answered in the same way, and its owner is written to instead.
    """
    user = UserView.from_model(accounts.register(registration, routes.client))
    return created_response(user, version=user.version)


@routes.post("/v1/auth/verify-email", status_code=204, tags=["Accounts"])
@anyone
def verify_email(link: LinkToken) -> Response[Any]:
    """Confirm an address with the token from the link in the mail. It is good once."""
    accounts.confirm_email(link.token)
    return no_content_response()


@routes.post("/v1/auth/verify-email/resend", status_code=202, tags=["Accounts"])
@anyone
def resend_verification(address: EmailAddress) -> Response[Any]:
    """Mail another link, if there is something to confirm."""
    accounts.ask_for_verification(address.email, routes.client)
    return accepted_response()


@routes.get("/v1/me", tags=["Accounts"])
@requires(Permission.OWN_ACCOUNT)
def me(if_none_match: IfNoneMatch = None) -> Response[UserView]:
    """Who this token belongs to."""
    user = UserView.from_model(accounts.whoami(routes.caller))
    return ok_response(user, version=user.version, if_none_match=if_none_match)


@routes.patch("/v1/me", tags=["Accounts"])
@requires(Permission.OWN_ACCOUNT)
def update_me(change: ProfileChange, if_match: IfMatch) -> Response[UserView]:
    """Change your name."""
    user = UserView.from_model(
        accounts.rename(routes.caller, change.name, ExpectedVersion.parse(if_match))
    )
    return ok_response(user, version=user.version)


@routes.post("/v1/me/email", status_code=202, tags=["Accounts"])
@requires(Permission.OWN_ACCOUNT)
def change_email(change: EmailChange) -> Response[Any]:
    """Ask for another address. It is yours once the link that is mailed there is followed."""
    accounts.ask_for_email_change(routes.caller, change, routes.client)
    return accepted_response()
