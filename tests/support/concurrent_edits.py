"""Many editors of one product in one process.

    python -m tests.support.concurrent_edits PRODUCT_ID ETAG NAME COUNT

Run it with ProductsFunction's environment: the local stack starts only a few instances of a
function, and here each editor has its own. Prints each editor's answer as JSON.
"""

import json
import sys
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

from products import service as products
from products.schemas import ProductPatch
from shared.errors.base import AppError
from shared.http.etags import ExpectedVersion


def edit_at_once(product_id: str, etag: str, name: str, count: int) -> list[str]:
    """Each editor sets the attribute to its own number. Returns `edited`, or the refusal's code."""
    expected, start = ExpectedVersion.parse(etag), Barrier(count)

    def edit(number: int) -> str:
        changes = ProductPatch.model_validate({"attributes": {name: number}})
        start.wait()
        try:
            products.update_product(product_id, changes, expected)
        except AppError as refusal:
            return refusal.code
        return "edited"

    with ThreadPoolExecutor(count) as pool:
        return list(pool.map(edit, range(count)))


def main(product_id: str, etag: str, name: str, count: str) -> None:
    answers = edit_at_once(product_id, etag, name, int(count))
    sys.stdout.write("\n" + json.dumps(answers))


if __name__ == "__main__":
    main(*sys.argv[1:])
