from aws_lambda_powertools.event_handler import Response

from auth import service as accounts
from auth.schemas import Credentials, Registration, SessionView, UserView
from shared.api import anyone, create_api, created, signed_in
from shared.config import PasswordSettings, TokenSettings

api = create_api(TokenSettings, PasswordSettings)
handler = api.resolve


@api.post("/v1/auth/register", status_code=201, tags=["Accounts"])
@anyone
def register(registration: Registration) -> Response[UserView]:
    """Open an account. A welcome mail follows."""
    return created(UserView.of(accounts.register(registration)))


@api.post("/v1/auth/login", tags=["Accounts"])
@anyone
def log_in(credentials: Credentials) -> SessionView:
    """Trade e-mail and password for an access token."""
    session = accounts.log_in(credentials)
    return SessionView.of(session.access_token, session.lifetime, session.user)


@api.get("/v1/me", tags=["Accounts"])
@signed_in
def me() -> UserView:
    """Who this token belongs to."""
    return UserView.of(accounts.whoami(api.caller))
