"""Refusals about the units of an order: in parcels, cancelled, and returned.

Each names every line with too many units, and how many are left.
"""

from shared.errors.base import AppError, NotFound


class ShipmentNotFound(NotFound):
    code = "shipment_not_found"
    default_message = "The order has no shipment with this id. Check the id."


class OpenQuantityExceeded(AppError):
    """A parcel or a cancellation has more units than are still to be shipped."""

    status, code = 409, "open_quantity_exceeded"
    default_message = (
        "The order has fewer units that are still to be shipped. "
        "Send at most `open` of each line in `details.lines`."
    )


class ReturnQuantityExceeded(AppError):
    """The return has more units than the order has shipped and not taken back."""

    status, code = 409, "return_quantity_exceeded"
    default_message = (
        "The order has fewer units left to return. "
        "Return at most `returnable` of each line in `details.lines`."
    )
