"""Seeds a local shop with the functions' own code, so that no function needs to start for it.

It is a process of its own, because that code reads its settings from the environment once.
"""

import json
import subprocess
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Any

import httpx

from local import deployment, paths, seeding
from local.emulator import StackError, root_session
from local.function_calls import Context, FunctionTransport
from local.reindexing import to_message
from local.seeding import Account
from local.targets import Target, assume_environment
from shared.events.catalog import ProductUpdatedData

FUNCTIONS = ("AuthorizerFunction", "AuthFunction", "ProductsFunction")
RUN_ID = "run_seeding"  # in the log lines about the sample products


def run(endpoint_url: str, staff: Account, customer: Account, log: Path) -> None:
    """Starts the process and waits for it. Raises StackError."""
    options = {"endpoint_url": endpoint_url, "staff": asdict(staff), "customer": asdict(customer)}
    with log.open("w") as output:
        ended = subprocess.run(
            [sys.executable, "-m", "local.seed_process"],
            cwd=paths.ROOT,
            input=json.dumps(options),
            text=True,
            stdout=output,
            stderr=subprocess.STDOUT,
            check=False,
        )
    if ended.returncode:
        last = (log.read_text().splitlines() or ["it printed nothing"])[-1]
        raise StackError(f"The new shop was not filled: {last} (log: {log})")


def main() -> int:
    options = json.load(sys.stdin)
    shop = Target(deployment.STACK_NAME, root_session(), options["endpoint_url"])
    for function in FUNCTIONS:
        assume_environment(shop, function)
    try:
        fill(shop, Account(**options["staff"]), Account(**options["customer"]))
    except StackError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


def fill(shop: Target, staff: Account, customer: Account) -> None:
    """Creates the accounts and products, and lists the products. Raises StackError."""
    from auth import handler as auth  # noqa: PLC0415 (these read the environment)
    from authorizer import handler as authorizer  # noqa: PLC0415
    from products import handler as products  # noqa: PLC0415

    transport = FunctionTransport(
        {"/v1/auth": auth.handler, "/v1/products": products.handler}, authorizer.handler
    )
    with httpx.Client(transport=transport, base_url="http://localhost/v1") as client:
        created = seeding.seed(client, shop.client("dynamodb"), shop.outputs(), staff, customer)
    list_products(created)


def list_products(created: list[dict[str, Any]]) -> None:
    """Puts the products into the listings at once. Their events do it again, some seconds later.

    Raises StackError.
    """
    from products.workers.index_products import handler  # noqa: PLC0415

    updates = [
        ProductUpdatedData(
            product_id=product["id"], sku=product["sku"], group=product.get("group"), changed=[]
        )
        for product in created
    ]
    records = [
        {"messageId": update.product_id, "body": to_message(update, RUN_ID)} for update in updates
    ]
    context: Any = Context()
    if failed := handler({"Records": records}, context)["batchItemFailures"]:
        raise StackError(f"{len(failed)} of {len(created)} sample products were not listed")


if __name__ == "__main__":
    sys.exit(main())
