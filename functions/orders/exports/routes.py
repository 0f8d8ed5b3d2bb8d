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
def create_export(
    request: ExportRequest, idempotency_key: IdempotencyKey
) -> Response[OrderExportView]:
    """Start an export of orders to a CSV or JSON Lines file, and get its id and status.

    Get the export again until its `status` is `completed`. Then `file_url` links to the file. If
    you send the same `Idempotency-Key` again, you get the same export in its current state.
    """
    created = exports.create_export(routes.caller, request, idempotency_key)
    view = OrderExportView.from_model(created.export, exports.sign_file_url(created.export))
    return Response(
        status_code=202,
        content_type=JSON,
        body=view,
        headers={
            "Location": f"/v1/exports/{view.id}",
            "Idempotency-Replayed": "true" if created.is_replay else "false",
        },
    )


@routes.get("/v1/exports", tags=["Exports"])
@requires(Permission.READ_ALL_ORDERS)
def list_exports(limit: PageLimit = 20, cursor: PageCursor = None) -> Page[OrderExportView]:
    """List the exports that you requested in the last seven days, newest first.

    Exports of colleagues are not in the list. You can get each of them by its id.
    """
    page = exports.list_exports(routes.caller, limit=limit, cursor=cursor)
    items = [
        OrderExportView.from_model(export, exports.sign_file_url(export)) for export in page.items
    ]
    return Page(items=items, next_cursor=page.next_cursor)


@routes.get("/v1/exports/<export_id>", tags=["Exports"])
@requires(Permission.READ_ALL_ORDERS)
def get_export(export_id: str) -> OrderExportView:
    """Get an export, with its progress and, when it is completed, a link to its file.

    Everybody who may export orders can get every export of the shop, whoever requested it.
    """
    export = exports.get_export(routes.caller, export_id)
    return OrderExportView.from_model(export, exports.sign_file_url(export))
