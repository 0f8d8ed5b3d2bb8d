"""A program with a mistyped error code. A type checker must refuse it, and nothing else in it."""

from souk_client.models import OutOfStockResponse


def is_out_of_stock(refused: OutOfStockResponse) -> bool:
    return refused.error.code == "out_of_stok"
