"""Exports of products: what staff may request."""

from files.exports.schemas import ProductExportRequest
from shared.exports import service as exports
from shared.exports.service import CreatedExport
from shared.security.permissions import Principal
from shared.storage.cursors import ItemPage
from shared.storage.models.exports import PRODUCTS, SHOPIFY, Export


def create_export(
    owner: Principal, request: ProductExportRequest, idempotency_key: str
) -> CreatedExport:
    """Raises IdempotencyKeyReused, TooManyExports and Unavailable."""
    return exports.create_export(
        owner,
        PRODUCTS,
        idempotency_key,
        format=request.format,
        statuses=set(request.statuses) if request.statuses else None,
        currency=request.currency,
    )


def get_export(reader: Principal, export_id: str) -> Export:
    """Raises ExportNotFound."""
    return exports.get_export(reader, PRODUCTS, export_id)


def list_exports(owner: Principal, *, limit: int, cursor: str | None) -> ItemPage[Export]:
    """Newest first. Raises InvalidCursor."""
    return exports.list_exports(owner, PRODUCTS, limit=limit, cursor=cursor)


def sign_file_url(export: Export) -> str | None:
    """A link to the file that works without a token; None if there is no file (any more)."""
    return exports.sign_file_url(export, build_file_name(export))


def build_file_name(export: Export) -> str:
    """Such as `products-2026-11-28.csv`: the day on which the export was requested."""
    kind = "shopify-products" if export.format == SHOPIFY else "products"
    return f"{kind}-{export.created_at.date().isoformat()}.{export.extension}"
