from typing import Any

from aws_lambda_powertools.event_handler import Response

from auth.api_keys.schemas import ApiKeyView
from auth.privacy import service as privacy
from auth.privacy.schemas import (
    Deletion,
    ExportView,
    ProfileExport,
    UploadExport,
)
from auth.sessions.schemas import SessionView
from orders.schemas import OrderView
from shared.http.api import Routes
from shared.http.authorization import requires
from shared.http.parameters import PageCursor
from shared.http.responses import JSON, no_content_response
from shared.security.permissions import Permission

routes = Routes()

AS_A_FILE = {"Content-Disposition": 'attachment; filename="account.json"'}


@routes.get("/v1/me/export", tags=["Privacy"])
@requires(Permission.OWN_ACCOUNT)
def export_account(cursor: PageCursor = None) -> Response[ExportView]:
    """All that the shop holds on you, page by page, as a file."""
    export = privacy.export(routes.caller, cursor=cursor)
    current = routes.caller.session_id
    view = ExportView(
        profile=ProfileExport.from_user(export.user),
        sessions=[SessionView.from_model(one, current=current) for one in export.held.sessions],
        api_keys=[ApiKeyView.from_model(key) for key in export.held.api_keys],
        uploads=[UploadExport.from_model(upload) for upload in export.held.uploads],
        orders=[OrderView.from_model(order) for order in export.held.orders],
        next_cursor=export.held.next_cursor,
    )
    return Response(status_code=200, content_type=JSON, body=view, headers=AS_A_FILE)


@routes.delete("/v1/me", status_code=204, tags=["Privacy"])
@requires(Permission.OWN_ACCOUNT)
def delete_account(deletion: Deletion) -> Response[Any]:
    """Delete your account. Your orders are kept, without your name and address."""
    privacy.delete(routes.caller, deletion, routes.client)
    return no_content_response()
