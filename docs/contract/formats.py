"""Formats of what the shop returns. Its ids are opaque: programs compare them, no more."""

from typing import Any

ID_CHARACTERS = "[a-z0-9_]{1,60}"
PROMOTION_CODE = "^[A-Za-z0-9][A-Za-z0-9_-]{1,39}$"


def _id(*prefixes: str) -> dict[str, Any]:
    kinds = prefixes[0] if len(prefixes) == 1 else f"({'|'.join(prefixes)})"
    return {"pattern": f"^{kinds}_{ID_CHARACTERS}$"}


_EMAIL: dict[str, Any] = {"format": "email"}
_URI: dict[str, Any] = {"format": "uri"}
_COUNTRY: dict[str, Any] = {"x-schema": "Country"}
_CURRENCY: dict[str, Any] = {"x-schema": "Currency"}

# By schema and field; `*` stands for every schema.
FORMATS: dict[str, dict[str, Any]] = {
    "*.product_id": _id("prd"),
    "CategoryView.id": _id("cat"),
    "*.buyer_id": _id("usr", "gst"),
    "*.updated_by": _id("usr"),
    "*.guest_email": _EMAIL,
    "UserView.id": _id("usr"),
    "UserView.email": _EMAIL,
    "ProfileExport.id": _id("usr"),
    "ProfileExport.email": _EMAIL,
    "ProfileExport.new_email": _EMAIL,
    "ProfileExport.previous_email": _EMAIL,
    "SessionView.id": _id("ses"),
    "ApiKeyView.id": _id("key"),
    "CreatedApiKeyView.id": _id("key"),
    "ProductView.id": _id("prd"),
    "ProductDetail.id": _id("prd"),
    "StaffProductView.id": _id("prd"),
    "StaffProductDetail.id": _id("prd"),
    "VariantView.id": _id("prd"),
    "MovementView.id": _id("mov"),
    "MovementView.by": _id("usr"),
    "OrderView.id": _id("ord"),
    "GuestOrderView.id": _id("ord"),
    "StaffOrderView.id": _id("ord"),
    "StaffOrderDetail.id": _id("ord"),
    "ParcelView.id": _id("shp"),
    "StaffShipmentView.id": _id("shp"),
    "CancellationView.id": _id("cnl"),
    "RefundView.id": _id("rfd"),
    "StaffRefundView.id": _id("rfd"),
    "ReturnView.id": _id("ret"),
    "ReturnView.by": _id("usr"),
    "NoteView.by": _id("usr"),
    "OrderExportView.id": _id("exp"),
    "OrderExportView.file_url": _URI,
    "ProductExportView.id": _id("exp"),
    "ProductExportView.file_url": _URI,
    "ProductFiltersView.currency": _CURRENCY,
    "UploadView.id": _id("upl"),
    "ImportMappingView.id": _id("map"),
    "ImportMappingSummary.id": _id("map"),
    "UploadExport.id": _id("upl"),
    "UploadExport.status": {"x-schema": "UploadStatus"},
    "UploadView.error_file_url": _URI,
    "PictureProblemView.product_id": _id("prd"),
    "FormView.url": _URI,
    "PictureView.id": _id("pic"),
    "PictureSizeView.url": _URI,
    "PictureSizeView.webp_url": _URI,
    "StaffPictureView.id": _id("pic"),
    "EnrolmentView.uri": _URI,
    "AddressView.country": _COUNTRY,
    "SavedAddressView.id": _id("adr"),
    "SavedAddressView.country": _COUNTRY,
    "QuoteView.currency": _CURRENCY,
    "CartQuoteView.currency": _CURRENCY,
}
PATH_PARAMETERS: dict[str, dict[str, Any]] = {
    "user_id": _id("usr"),
    "session_id": _id("ses"),
    "key_id": _id("key"),
    "address_id": _id("adr"),
    "product_id": _id("prd"),
    "category_id": _id("cat"),
    "order_id": _id("ord"),
    "shipment_id": _id("shp"),
    "export_id": _id("exp"),
    "upload_id": _id("upl"),
    "mapping_id": _id("map"),
    "picture_id": _id("pic"),
    "code": {"pattern": PROMOTION_CODE},
}
