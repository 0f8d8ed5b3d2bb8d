from aws_lambda_powertools.event_handler import Response

from files.exports import service as exports
from files.exports.schemas import ProductExportRequest, ProductExportView
from shared.http.api import Routes
from shared.http.authorization import requires
from shared.http.parameters import IdempotencyKey, PageCursor, PageLimit
from shared.http.responses import JSON
from shared.http.schemas import Page
from shared.security.permissions import Permission

routes = Routes()


@routes.post("/v1/product-exports", status_code=202, tags=["Exports"])
@requires(Permission.WRITE_PRODUCTS)
def create_product_export(
    request: ProductExportRequest, idempotency_key: IdempotencyKey
) -> Response[ProductExportView]:
    """Start an export of products with their stock to a file, and get its id and status.

    Get the export again until its `status` is `completed`. Then `file_url` links to the file. If
    you send the same `Idempotency-Key` again, you get the same export in its current state.
    """
    created = exports.create_export(routes.caller, request, idempotency_key)
    view = ProductExportView.from_model(created.export, exports.sign_file_url(created.export))
    return Response(
        status_code=202,
        content_type=JSON,
        body=view,
        headers={
            "Location": f"/v1/product-exports/{view.id}",
            "Idempotency-Replayed": "true" if created.is_replay else "false",
        },
    )


@routes.get("/v1/product-exports", tags=["Exports"])
@requires(Permission.WRITE_PRODUCTS)
def list_product_exports(
    limit: PageLimit = 20, cursor: PageCursor = None
) -> Page[ProductExportView]:
    """List the exports of products that you requested in the last seven days, newest first.

    Exports of colleagues are not in the list. You can get each of them by its id.
    """
    page = exports.list_exports(routes.caller, limit=limit, cursor=cursor)
    items = [
        ProductExportView.from_model(export, exports.sign_file_url(export)) for export in page.items
    ]
    return Page(items=items, next_cursor=page.next_cursor)


@routes.get("/v1/product-exports/<export_id>", tags=["Exports"])
@requires(Permission.WRITE_PRODUCTS)
def get_product_export(export_id: str) -> ProductExportView:
    """Get an export of products, with its progress and, when it is completed, a link to its file.

    Everybody who may edit products can get every export of products, whoever requested it.
    """
    export = exports.get_export(routes.caller, export_id)
    return ProductExportView.from_model(export, exports.sign_file_url(export))
