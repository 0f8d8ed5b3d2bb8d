"""Bare loops over the file of an import, to compare its CPU time with.

`build` does what no import can do without: it parses a row, validates it by the rules of the API,
and builds the requests of three writes and an event. It has no plan, no chunks, no counts, no
stored products and no other format.
"""

import csv
import json
import time
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from benchmarks.import_run import write_file
from products.identifiers import product_id_of
from products.schemas import NewProduct
from shared import clock, ids

ROWS_PER_WRITE = 32
ACTIONS_PER_ROW = 4  # of `_actions`


def run_loop(name: str, rows: int, description_length: int) -> float:
    """The CPU seconds of this loop. pydantic builds its models before the time is taken."""
    loop = {"parse": parse, "build": build}[name]
    with TemporaryDirectory() as scratch:
        one_row, file = Path(scratch) / "one.csv", Path(scratch) / "products.csv"
        write_file(one_row, 1, description_length)
        write_file(file, rows, description_length)
        loop(one_row)
        began = time.process_time()
        loop(file)
        return time.process_time() - began


def parse(file: Path) -> None:
    with file.open(newline="") as lines:
        for _ in csv.reader(lines):
            pass


def build(file: Path) -> None:
    actions: list[dict[str, Any]] = []
    with file.open(newline="") as lines:
        for row in csv.DictReader(lines):
            actions += _actions(_validate(row), int(row["available"]))
            if len(actions) == ROWS_PER_WRITE * ACTIONS_PER_ROW:
                json.dumps({"TransactItems": actions})
                actions.clear()


def _validate(row: dict[str, str]) -> NewProduct:
    price = {"amount_minor": int(row["price_minor"]), "currency": row["currency"]}
    kept = {name: row[name] for name in ("sku", "name", "description", "category")}
    return NewProduct.model_validate(kept | {"price": price, "tags": row["tags"].split("|")})


def _actions(product: NewProduct, units: int) -> list[dict[str, Any]]:
    now = clock.utc_now().isoformat()
    product_id = product_id_of(product.sku)
    item = {
        "product_id": {"S": product_id},
        "sku": {"S": product.sku},
        "name": {"S": product.name},
        "description": {"S": product.description},
        "category": {"S": product.category},
        "price_minor": {"N": str(product.price.amount_minor)},
        "currency": {"S": product.price.currency},
        "tags": {"L": [{"S": tag} for tag in product.tags]},
        "status": {"S": product.status},
        "created_at": {"S": now},
        "updated_at": {"S": now},
        "version": {"N": "1"},
    }
    stock = {
        "TableName": "stock",
        "Key": {"product_id": {"S": product_id}},
        "UpdateExpression": "ADD available :units",
        "ExpressionAttributeValues": {":units": {"N": str(units)}},
    }
    movement = {
        "product_id": {"S": product_id},
        "movement_id": {"S": ids.new_id("mov")},
        "change": {"N": str(units)},
        "at": {"S": now},
    }
    payload = json.dumps({"product_id": product_id, "sku": product.sku})
    event = {"event_id": {"S": ids.new_id("evt")}, "payload": {"S": payload}}
    return [
        {"Put": {"TableName": "products", "Item": item}},
        {"Update": stock},
        {"Put": {"TableName": "movements", "Item": movement}},
        {"Put": {"TableName": "outbox", "Item": event}},
    ]
