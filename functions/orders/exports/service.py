"""Exports of orders: what staff may request, and what goes into the file."""

from collections.abc import Generator

from orders.exports import repository
from orders.exports.file_formats import build_file_name, render_header, render_order
from orders.exports.schemas import ExportRequest
from shared.exports import service as exports
from shared.exports.service import CreatedExport
from shared.security.permissions import Principal
from shared.storage.cursors import ItemPage
from shared.storage.models.exports import ORDERS, Export
from shared.storage.multipart import MultipartFile


def create_export(owner: Principal, request: ExportRequest, idempotency_key: str) -> CreatedExport:
    """Raises IdempotencyKeyReused, TooManyExports and Unavailable."""
    return exports.create_export(
        owner,
        ORDERS,
        idempotency_key,
        format=request.format,
        of_status=request.status,
        placed_from=request.placed_from,
        placed_before=request.placed_before,
    )


def get_export(reader: Principal, export_id: str) -> Export:
    """Raises ExportNotFound."""
    return exports.get_export(reader, ORDERS, export_id)


def list_exports(owner: Principal, *, limit: int, cursor: str | None) -> ItemPage[Export]:
    """Newest first. Raises InvalidCursor."""
    return exports.list_exports(owner, ORDERS, limit=limit, cursor=cursor)


def sign_file_url(export: Export) -> str | None:
    """A link to the file that works without a token; None if there is no file (any more)."""
    return exports.sign_file_url(export, build_file_name(export))


def write_orders(export: Export, file: MultipartFile) -> Generator[int]:
    """Write the orders in batches; each step is the number of orders in one. Raises Unavailable."""
    file.write(render_header(export.format).encode())
    for batch in repository.list_order_batches(export):
        for order in batch:
            file.write(render_order(order, export.format).encode())
        yield len(batch)
