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
from shared.http.parameters import PageCursor, PageLimit
from shared.http.responses import no_content_response
from shared.http.schemas import Page
from shared.security.permissions import Permission

routes = Routes()


@routes.post("/v1/auth/login", tags=["Sessions"])
@anyone
def log_in(credentials: Credentials) -> LoginView:
    """Log in with e-mail and password, and get an access token and a refresh token.

    If the account has a second factor, send `code` too.
    """
    login = sessions.log_in(credentials, routes.client)
    return LoginView.from_user(_tokens_view(login.tokens), login.user)


@routes.post("/v1/auth/refresh", tags=["Sessions"])
@anyone
def refresh_tokens(request: RefreshRequest) -> TokensView:
    """Exchange a refresh token for a new access token and a new refresh token.

    A refresh token works once. Within ten seconds, the same token returns the same new tokens, so
    that two tabs or a lost reply do no harm. If you send it later than that, the session ends.
    """
    return _tokens_view(sessions.refresh_tokens(request.refresh_token))


@routes.post("/v1/auth/logout", status_code=204, tags=["Sessions"])
@requires(Permission.OWN_ACCOUNT)
def log_out() -> Response[Any]:
    """End the session of the access token that you send.

    The refresh token stops working at once, and access tokens stop working within a minute.
    """
    sessions.log_out(routes.caller)
    return no_content_response()


@routes.get("/v1/me/sessions", tags=["Sessions"])
@requires(Permission.OWN_ACCOUNT)
def list_sessions(limit: PageLimit = 20, cursor: PageCursor = None) -> Page[SessionView]:
    """List your sessions, one for each device where you are logged in, newest first.

    An account has at most 100 sessions. The login after that ends the oldest.
    """
    current = routes.caller.session_id
    page = sessions.list_sessions(routes.caller, limit=limit, cursor=cursor)
    items = [SessionView.from_model(session, current=current) for session in page.items]
    return Page(items=items, next_cursor=page.next_cursor)


@routes.delete("/v1/me/sessions", status_code=204, tags=["Sessions"])
@requires(Permission.OWN_ACCOUNT)
def end_other_sessions() -> Response[Any]:
    """Log out on every device except this one."""
    sessions.end_other_sessions(routes.caller)
    return no_content_response()


@routes.delete("/v1/me/sessions/<session_id>", status_code=204, tags=["Sessions"])
@requires(Permission.OWN_ACCOUNT)
def end_session(session_id: str) -> Response[Any]:
    """Log out on one of your devices.

    Access tokens of that device stop working within a minute.
    """
    sessions.end_session(routes.caller, session_id)
    return no_content_response()


def _tokens_view(tokens: sessions.Tokens) -> TokensView:
    return TokensView.from_model(tokens.access_token, tokens.refresh_token, tokens.lifetime)
