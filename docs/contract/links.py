"""What a client can do next with the answer of an operation: links of the OpenAPI document."""

from typing import Any

# By operation and the part of its answer: the parameter that takes it, and the operations.
NEXT: dict[str, tuple[str, str, tuple[str, ...]]] = {
    "place_order": ("order_id", "/id", ("get_order", "start_payment", "cancel_order")),
    "place_guest_order": (
        "order_id",
        "/id",
        ("get_guest_order", "start_guest_payment", "cancel_guest_order"),
    ),
    "create_product": (
        "product_id",
        "/id",
        ("get_staff_product", "update_product", "replace_product", "get_stock", "archive_product"),
    ),
    "create_category": (
        "category_id",
        "/id",
        ("get_category", "update_category", "delete_category"),
    ),
    "create_promotion": ("code", "/code", ("get_promotion", "update_promotion")),
    "create_export": ("export_id", "/id", ("get_export",)),
    "create_import_mapping": (
        "mapping_id",
        "/id",
        ("get_import_mapping", "replace_import_mapping", "delete_import_mapping"),
    ),
    "create_product_export": ("export_id", "/id", ("get_product_export",)),
    "create_upload": (
        "upload_id",
        "/id",
        ("get_upload", "complete_upload", "confirm_upload", "cancel_upload"),
    ),
    "create_address": ("address_id", "/id", ("get_address", "update_address", "delete_address")),
    "create_api_key": ("key_id", "/id", ("revoke_api_key",)),
    "mark_order_paid": ("order_id", "/id", ("ship_order", "refund_order")),
    "ship_order": ("order_id", "/id", ("deliver_order", "return_order", "refund_order")),
}
ETAG = "$response.header.ETag"


def add_links(document: dict[str, Any]) -> None:
    """Give each successful answer the links to what follows it."""
    operations = {
        operation["operationId"]: operation
        for path in document["paths"].values()
        for operation in path.values()
    }
    for name, (parameter, member, following) in NEXT.items():
        for status, response in operations[name]["responses"].items():
            if status.startswith("2"):
                response["links"] = {
                    after: _link(response, operations[after], parameter, member)
                    for after in following
                }


def _link(
    response: dict[str, Any], after: dict[str, Any], parameter: str, member: str
) -> dict[str, Any]:
    parameters = {f"path.{parameter}": f"$response.body#{member}"}
    needed = {(given["in"], given["name"]) for given in after["parameters"] if given["required"]}
    if ("header", "If-Match") in needed and "ETag" in response.get("headers", {}):
        parameters["header.If-Match"] = ETAG
    if "Order-Token" in {given["name"] for given in after["parameters"]}:
        parameters["header.Order-Token"] = "$response.body#/order_token"
    return {
        "operationId": after["operationId"],
        "parameters": parameters,
        "description": f"{after['summary']}.",
    }
