from typing import Any

from aws_lambda_powertools.event_handler import Response

from auth.addresses.schemas import SavedAddressView
from auth.api_keys.schemas import ApiKeyView
from auth.privacy import service as privacy
from auth.privacy.schemas import (
    PAGE_ITEMS_MAX,
    AccountDeletion,
    CartExport,
    ExportView,
    ProfileExport,
    UploadExport,
)
from auth.sessions.schemas import SessionView
from shared.http.api import Routes
from shared.http.authorization import requires
from shared.http.parameters import PageCursor
from shared.http.responses import JSON, no_content_response
from shared.http.schemas import fit_view
from shared.security.permissions import Permission

routes = Routes()

DOWNLOAD_HEADERS = {"Content-Disposition": 'attachment; filename="account.json"'}


@routes.get("/v1/me/export", tags=["Privacy"])
@requires(Permission.OWN_ACCOUNT)
def export_me(cursor: PageCursor = None) -> Response[ExportView]:
    """Download everything that the shop stores about you, page by page, as JSON.

    Follow `next_cursor` until it is null.
    """

    def load(limit: int) -> ExportView:
        export = privacy.export_me(routes.caller, limit=limit, cursor=cursor)
        return _to_view(export, routes.caller.session_id)

    view = fit_view(load, PAGE_ITEMS_MAX)
    return Response(status_code=200, content_type=JSON, body=view, headers=DOWNLOAD_HEADERS)


@routes.delete("/v1/me", status_code=204, tags=["Privacy"])
@requires(Permission.OWN_ACCOUNT)
def delete_me(deletion: AccountDeletion) -> Response[Any]:
    """Delete your account and the personal data that the shop stores about you.

    You cannot undo this. The shop keeps your orders without your name and address, and cancels
    orders that are not paid. A paid order keeps its address until it is shipped, cancelled or
    refunded. Staff cannot delete their accounts: an admin must remove their staff roles first.
    """
    privacy.delete_me(routes.caller, deletion, routes.client)
    return no_content_response()


def _to_view(export: privacy.Export, current_session: str) -> ExportView:
    records = export.records
    return ExportView(
        profile=ProfileExport.from_user(export.user),
        addresses=[
            SavedAddressView.from_book(book, address)
            for book in ([records.book] if records.book else [])
            for address in book.sorted()
        ],
        cart=CartExport.from_model(records.cart) if records.cart else None,
        sessions=[
            SessionView.from_model(session, current=current_session) for session in records.sessions
        ],
        api_keys=[ApiKeyView.from_model(key) for key in records.api_keys],
        uploads=[UploadExport.from_model(upload) for upload in records.uploads],
        orders=export.orders,
        next_cursor=records.next_cursor,
    )
