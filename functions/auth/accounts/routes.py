from aws_lambda_powertools.event_handler import Response

from auth.accounts import service as accounts
from auth.accounts.schemas import ProfileChange, Registration, UserView
from shared.http.api import Routes
from shared.http.authorization import anyone, requires
from shared.http.etags import ExpectedVersion
from shared.http.parameters import IfMatch, IfNoneMatch
from shared.http.responses import created_response, ok_response
from shared.security.permissions import Permission

routes = Routes()


@routes.post("/v1/auth/register", status_code=201, tags=["Accounts"])
@anyone
def register(registration: Registration) -> Response[UserView]:
    """Create an account and mail a link that confirms its address.

    If an account already has the address, the answer looks the same, but no account is created. The
    owner of the address gets a mail about it.
    """
    user = UserView.from_model(accounts.register(registration, routes.client))
    return created_response(user, version=user.version)


@routes.get("/v1/me", tags=["Accounts"])
@requires(Permission.OWN_ACCOUNT)
def get_me(if_none_match: IfNoneMatch = None) -> Response[UserView]:
    """Get your own account, with its e-mail address, name, roles and status."""
    user = UserView.from_model(accounts.get_me(routes.caller))
    return ok_response(user, version=user.version, if_none_match=if_none_match)


@routes.patch("/v1/me", tags=["Accounts"])
@requires(Permission.OWN_ACCOUNT)
def update_me(change: ProfileChange, if_match: IfMatch) -> Response[UserView]:
    """Change the name of your account, and get the changed account."""
    changed = accounts.update_me(routes.caller, change.name, ExpectedVersion.parse(if_match))
    user = UserView.from_model(changed)
    return ok_response(user, version=user.version)
