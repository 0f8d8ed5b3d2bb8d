"""Many editors in one process: `python -m tests.support.editors PRODUCT_ID ETAG NAME COUNT`.

Run with the environment of ProductsFunction: the local stack starts a few instances of a function,
and here each editor has one. Prints what each was answered, as JSON.
"""

import json
import sys
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

from shared.versions import Expected

from products import service as products
from products.schemas import ProductPatch
from shared.errors import AppError


def edit_at_once(product_id: str, etag: str, name: str, count: int) -> list[str]:
    """Each sets the attribute of that name to its own number. `edited`, or why it was refused."""
    expected, start = Expected.parse(etag), Barrier(count)

    def edit(number: int) -> str:
        changes = ProductPatch.model_validate({"attributes": {name: number}})
        start.wait()
        try:
            products.patch(product_id, changes, expected)
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
