from aws_lambda_powertools.event_handler import Response

from orders.exports import service as exports
from orders.exports.schemas import ExportRequest, OrderExportView
from shared.http.api import Routes
from shared.http.authorization import requires
from shared.http.parameters import IdempotencyKey, PageCursor, PageLimit
from shared.http.responses import JSON
from shared.http.schemas import Page
from shared.security.permissions import Permission

routes = Routes()


@routes.post("/v1/exports", status_code=202, tags=["Exports"])
@requires(Permission.READ_ALL_ORDERS)
def request_export(
    request: ExportRequest, idempotency_key: IdempotencyKey
) -> Response[OrderExportView]:
    """Have a file of orders written. Read the export until it is completed, and has a link to it.

    Sent again with the same key, it answers with the export as it now stands.
    """
    requested = exports.request(routes.caller, request, idempotency_key)
    view = OrderExportView.from_model(requested.export, exports.link_to(requested.export))
    return Response(
        status_code=202,
        content_type=JSON,
        body=view,
        headers={
            "Location": f"/v1/exports/{view.id}",
            "Idempotency-Replayed": "true" if requested.is_replay else "false",
        },
    )


@routes.get("/v1/exports", tags=["Exports"])
@requires(Permission.READ_ALL_ORDERS)
def list_exports(limit: PageLimit = 20, cursor: PageCursor = None) -> Page[OrderExportView]:
    """Those that you have asked for in the last week, newest first."""
    page = exports.mine(routes.caller, limit=limit, cursor=cursor)
    items = [OrderExportView.from_model(export, exports.link_to(export)) for export in page.items]
    return Page(items=items, next_cursor=page.next_cursor)


@routes.get("/v1/exports/<export_id>", tags=["Exports"])
@requires(Permission.READ_ALL_ORDERS)
def get_export(export_id: str) -> OrderExportView:
    """How far one of your exports has come; once it is completed, with a link to its file."""
    export = exports.view(routes.caller, export_id)
    return OrderExportView.from_model(export, exports.link_to(export))
