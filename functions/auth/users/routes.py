from typing import Annotated, Any

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.event_handler.openapi.params import Query

from auth.accounts.schemas import UserView
from auth.users import service as users
from auth.users.schemas import UserChange
from shared.email_addresses import Email
from shared.http.api import Routes
from shared.http.authorization import requires
from shared.http.etags import ExpectedVersion
from shared.http.parameters import IfMatch, IfNoneMatch, PageCursor, PageLimit
from shared.http.responses import no_content_response, ok_response
from shared.http.schemas import Page
from shared.security.permissions import Permission

routes = Routes()

EmailFilter = Annotated[Email | None, Query(description="Only the user with this e-mail address.")]


@routes.get("/v1/users", tags=["Users"])
@requires(Permission.READ_USERS)
def list_users(
    limit: PageLimit = 20, cursor: PageCursor = None, email: EmailFilter = None
) -> Page[UserView]:
    """List all users, newest first, or find one by e-mail address.

    A user who registered within the last second may be missing.
    """
    page = users.list_users(routes.caller, limit=limit, cursor=cursor, email=email)
    return Page(
        items=[UserView.from_model(user) for user in page.items], next_cursor=page.next_cursor
    )


@routes.get("/v1/users/<user_id>", tags=["Users"])
@requires(Permission.READ_USERS)
def get_user(user_id: str, if_none_match: IfNoneMatch = None) -> Response[UserView]:
    """Get the account of any user, with its roles and status."""
    user = UserView.from_model(users.get_user(user_id))
    return ok_response(user, version=user.version, if_none_match=if_none_match)


@routes.patch("/v1/users/<user_id>", tags=["Users"])
@requires(Permission.MANAGE_USERS)
def update_user(user_id: str, change: UserChange, if_match: IfMatch) -> Response[UserView]:
    """Change a user's roles, or disable or enable the account.

    If the roles or the status change, all sessions of the user end. You cannot change your own
    account. Another admin must do that, so that the shop always has an admin.
    """
    changed = users.update_user(routes.caller, user_id, change, ExpectedVersion.parse(if_match))
    user = UserView.from_model(changed)
    return ok_response(user, version=user.version)


@routes.delete("/v1/users/<user_id>/sessions", status_code=204, tags=["Users"])
@requires(Permission.MANAGE_USERS)
def end_user_sessions(user_id: str) -> Response[Any]:
    """Log a user out on all devices, and revoke all API keys of the user."""
    users.end_user_sessions(routes.caller, user_id)
    return no_content_response()


@routes.delete("/v1/users/<user_id>/second-factor", status_code=204, tags=["Users"])
@requires(Permission.MANAGE_USERS)
def disable_user_second_factor(user_id: str) -> Response[Any]:
    """Disable the second factor of a user who has lost it.

    First make sure that the account's owner asked for this. All sessions of the user end, and the
    user gets a mail.
    """
    users.disable_user_second_factor(routes.caller, user_id)
    return no_content_response()
