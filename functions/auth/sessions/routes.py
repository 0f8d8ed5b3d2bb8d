from typing import Any

from aws_lambda_powertools.event_handler import Response

from auth.sessions import service as sessions
from auth.sessions.schemas import (
    Credentials,
    LoginView,
    RefreshRequest,
    SessionView,
    TokensView,
)
from shared.http.api import Routes
from shared.http.authorization import anyone, requires
from shared.http.responses import no_content_response
from shared.http.schemas import Page
from shared.security.permissions import Permission

routes = Routes()


@routes.post("/v1/auth/login", tags=["Sessions"])
@anyone
def log_in(credentials: Credentials) -> LoginView:
    """Trade e-mail and password for an access token and a refresh token.

    Where the account has a second factor, send its `code` too.
    """
    signed_in = sessions.log_in(credentials, routes.client)
    return LoginView.from_user(_shown(signed_in.tokens), signed_in.user)


@routes.post("/v1/auth/refresh", tags=["Sessions"])
@anyone
def refresh(request: RefreshRequest) -> TokensView:
    """Trade a refresh token for the next pair. Used again later, it ends the session."""
    return _shown(sessions.refresh(request.refresh_token))


@routes.post("/v1/auth/logout", status_code=204, tags=["Sessions"])
@requires(Permission.OWN_ACCOUNT)
def log_out() -> Response[Any]:
    """End this session. Its access tokens are refused within a minute."""
    sessions.log_out(routes.caller)
    return no_content_response()


@routes.get("/v1/me/sessions", tags=["Sessions"])
@requires(Permission.OWN_ACCOUNT)
def list_sessions() -> Page[SessionView]:
    """Where you are signed in, the newest first."""
    current = routes.caller.session_id
    items = [SessionView.from_model(one, current=current) for one in sessions.mine(routes.caller)]
    return Page(items=items, next_cursor=None)


@routes.delete("/v1/me/sessions", status_code=204, tags=["Sessions"])
@requires(Permission.OWN_ACCOUNT)
def end_other_sessions() -> Response[Any]:
    """Sign out everywhere else."""
    sessions.end_others(routes.caller)
    return no_content_response()


@routes.delete("/v1/me/sessions/<session_id>", status_code=204, tags=["Sessions"])
@requires(Permission.OWN_ACCOUNT)
def end_session(session_id: str) -> Response[Any]:
    """Sign out on one device."""
    sessions.end(routes.caller, session_id)
    return no_content_response()


def _shown(tokens: sessions.Tokens) -> TokensView:
    return TokensView.from_model(tokens.access_token, tokens.refresh_token, tokens.lifetime)
