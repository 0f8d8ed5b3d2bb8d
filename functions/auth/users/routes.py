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

WithEmail = Annotated[Email | None, Query(description="Only the user with exactly this address.")]


@routes.get("/v1/users", tags=["Users"])
@requires(Permission.READ_USERS)
def list_users(
    limit: PageLimit = 20, cursor: PageCursor = None, email: WithEmail = None
) -> Page[UserView]:
    """All users, newest first. Who has registered within a second may be missing."""
    page = users.browse(routes.caller, limit=limit, cursor=cursor, email=email)
    return Page(
        items=[UserView.from_model(user) for user in page.items], next_cursor=page.next_cursor
    )


@routes.get("/v1/users/<user_id>", tags=["Users"])
@requires(Permission.READ_USERS)
def get_user(user_id: str, if_none_match: IfNoneMatch = None) -> Response[UserView]:
    """One user."""
    user = UserView.from_model(users.find(user_id))
    return ok_response(user, version=user.version, if_none_match=if_none_match)


@routes.patch("/v1/users/<user_id>", tags=["Users"])
@requires(Permission.MANAGE_USERS)
def update_user(user_id: str, change: UserChange, if_match: IfMatch) -> Response[UserView]:
    """Give and take roles, disable an account, enable it again. All its sessions end.

    Your own account is for another admin to change: so the shop always has one.
    """
    changed = users.change(routes.caller, user_id, change, ExpectedVersion.parse(if_match))
    user = UserView.from_model(changed)
    return ok_response(user, version=user.version)


@routes.delete("/v1/users/<user_id>/sessions", status_code=204, tags=["Users"])
@requires(Permission.MANAGE_USERS)
def end_sessions(user_id: str) -> Response[Any]:
    """Sign a user out everywhere, and revoke their API keys."""
    users.end_sessions(routes.caller, user_id)
    return no_content_response()


@routes.delete("/v1/users/<user_id>/second-factor", status_code=204, tags=["Users"])
@requires(Permission.MANAGE_USERS)
def remove_second_factor_of_user(user_id: str) -> Response[Any]:
    """Turn off the second factor of someone who has lost it. Make sure that it is them.

    All their sessions end, and they are mailed.
    """
    users.remove_second_factor(routes.caller, user_id)
    return no_content_response()
