from typing import Any

from aws_lambda_powertools.event_handler import Response

from auth.api_keys import service as api_keys
from auth.api_keys.schemas import ApiKeyView, CreatedApiKeyView, NewApiKey
from shared.http.api import Routes
from shared.http.authorization import requires
from shared.http.responses import created_response, no_content_response
from shared.http.schemas import Page
from shared.security.permissions import Permission

routes = Routes()


@routes.post("/v1/me/api-keys", status_code=201, tags=["API keys"])
@requires(Permission.MANAGE_API_KEYS)
def create_api_key(new: NewApiKey) -> Response[CreatedApiKeyView]:
    """Create an API key for a script, and get the key.

    Only this answer contains the key. Store it: the shop cannot show it again.
    """
    key = api_keys.create_api_key(routes.caller, new)
    return created_response(CreatedApiKeyView.with_text(key.stored, key.text))


@routes.get("/v1/me/api-keys", tags=["API keys"])
@requires(Permission.MANAGE_API_KEYS)
def list_api_keys() -> Page[ApiKeyView]:
    """List your API keys that have not expired, newest first."""
    items = [ApiKeyView.from_model(key) for key in api_keys.list_api_keys(routes.caller)]
    return Page(items=items, next_cursor=None)


@routes.delete("/v1/me/api-keys/<key_id>", status_code=204, tags=["API keys"])
@requires(Permission.MANAGE_API_KEYS)
def revoke_api_key(key_id: str) -> Response[Any]:
    """Revoke one of your API keys, so that scripts can no longer use it.

    The key stops working within a minute.
    """
    api_keys.revoke_api_key(routes.caller, key_id)
    return no_content_response()
