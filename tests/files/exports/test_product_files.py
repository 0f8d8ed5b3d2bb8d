"""Whole slice: the worker writes the products of an export to a file that an import reads."""

import io
from collections.abc import Iterator
from datetime import timedelta

import pytest

from files.exports.product_files import write_products
from files.formats.readers import open_table
from files.layouts.import_rows import ImportDefaults
from files.layouts.own_columns import OWN_COLUMNS
from files.layouts.recognition import recognise
from products.exporting import repository
from products.repository import StockedProduct, list_stocked_products
from products.schemas import NewProduct, to_request
from shared import clock, retries
from shared.aws import client
from shared.exports.repository import READ_ATTEMPTS
from shared.storage.dynamo import BATCH_MAX, connection
from shared.storage.models.catalog import UNTRACKED
from shared.storage.models.exports import Export
from shared.storage.stock import get_stock
from tests.support import exports, faults, shop
from tests.support.imports import MEGABYTE, measure_peak_memory
from tests.support.product_exports import (
    ATTRIBUTES,
    build_hostile_shop,
    export_products,
    json_lines,
    list_products,
    product_export,
)

pytestmark = pytest.mark.usefixtures("aws")

FORMATS = ["csv", "jsonl", "xlsx"]
SPRING = clock.utc_now() - timedelta(days=30)


def read_back(content: bytes, format_: str) -> list[dict]:
    """The fields of each row, as an import of the file reads them."""
    table = open_table(io.BytesIO(content), filename=f"products.{format_}")
    layout = recognise(table.columns, None, ImportDefaults("CHF"))
    rows = [layout.read(row, None) for row in table]
    assert [problem for row in rows for problem in (*row.problems, *row.warnings)] == []
    assert (table.warnings, layout.warnings) == ([], [])
    return [row.fields for row in rows]


@pytest.mark.parametrize("format_", FORMATS)
def test_an_import_reads_the_fields_of_each_product(format_):
    build_hostile_shop()

    found = read_back(export_products(format=format_), format_)

    products = list_products()
    assert len(found) == len(products)
    for product, fields in zip(products, found, strict=True):
        available = get_stock(product).available if product.stock_policy != UNTRACKED else None
        assert fields.pop("available", None) == available, product.sku
        given = {name: value for name, value in fields.items() if value is not None}
        request = {name: value for name, value in to_request(product).items() if value is not None}
        assert NewProduct.model_validate(given) == NewProduct.model_validate(request), product.sku


@pytest.mark.parametrize("format_", FORMATS)
def test_two_exports_of_one_shop_are_equal(format_):
    build_hostile_shop()

    first = export_products(format=format_)
    second = export_products("exp_two", format=format_)

    assert first == second


def test_a_file_of_json_has_the_fields_of_the_api():
    product = shop.product("TEA", available=7, attributes_json={"b": 1, "a": [0.1]})

    (line,) = json_lines(export_products(format="jsonl"))

    assert line == to_request(product) | {"available": 7, "pictures": []}


def test_products_come_in_the_order_of_their_creation():
    minutes = [5, 1, 3, 3, 3, 2]
    stored = [
        shop.product(f"TEA-{number}", created_at=SPRING + timedelta(minutes=minute))
        for number, minute in enumerate(minutes)
    ]

    found = [line["sku"] for line in json_lines(export_products(format="jsonl"))]

    in_order = sorted(stored, key=lambda product: (product.created_at, product.product_id))
    assert found == [product.sku for product in in_order]


def test_an_export_of_no_products_has_only_the_header():
    content = export_products()

    assert content.decode("utf-8-sig") == ",".join(OWN_COLUMNS) + "\r\n"
    assert export_products("exp_two", format="jsonl") == b""
    assert (Export.get("exp_one").written, Export.get("exp_two").written) == (0, 0)


def test_statuses_and_currency_select_products():
    for status in ("active", "draft", "archived"):
        for currency in ("EUR", "USD"):
            shop.product(f"{status}-{currency}", status=status, currency=currency)

    content = export_products(format="jsonl", statuses={"draft", "archived"}, currency="USD")

    assert {line["sku"] for line in json_lines(content)} == {"draft-USD", "archived-USD"}
    assert Export.get("exp_one").written == 2


def test_the_file_is_stored_as_products_of_its_export():
    shop.product("TEA")
    export_products(format="shopify", currency="EUR")

    export = Export.get("exp_one")
    stored = client("s3").head_object(Bucket="souk-uploads", Key=export.file_key)
    assert export.file_key == "exports/exp_one/products.csv"
    assert stored["ContentType"] == "text/csv; charset=utf-8"
    assert export.written == 1


@pytest.mark.parametrize("format_", [*FORMATS, "shopify"])
def test_an_export_too_long_for_one_run_fails_without_retry(format_):
    shop.product("TEA")
    product_export(format=format_, currency="EUR")

    assert exports.run_export_worker(milliseconds_left=29_999) == []

    export = Export.get("exp_one")
    uploads = client("s3").list_multipart_uploads(Bucket="souk-uploads")
    assert (export.status, export.file_key) == ("failed", None)
    assert "Uploads" not in uploads


def test_a_product_without_the_newer_fields_is_exported():
    """As an earlier release stored it."""
    shop.product("TEA", group=None)

    (line,) = json_lines(export_products(format="jsonl"))

    assert (line["stock_policy"], line["options"], line["barcode"]) == ("tracked", {}, None)


class Discarded:
    """A file that counts what is written and keeps nothing."""

    def __init__(self) -> None:
        self.size = 0

    def write(self, content: bytes) -> int:
        self.size += len(content)
        return len(content)


def stub_products(monkeypatch, count: int) -> None:
    """Have the export find this many products in groups of ten."""
    shown = [
        shop.product(f"TEA-{number}", description="x" * 500, attributes_json=ATTRIBUTES)
        for number in range(BATCH_MAX)
    ]
    stored = list_stocked_products([product.product_id for product in shown])

    def list_batches(_: object) -> Iterator[list[StockedProduct]]:
        return (stored for _ in range(count // BATCH_MAX))

    monkeypatch.setattr(repository, "list_product_batches", list_batches)


@pytest.mark.parametrize("format_", [*FORMATS, "shopify"])
def test_memory_does_not_grow_with_the_number_of_products(monkeypatch, format_):
    peaks, sizes = [], []
    for count in (300, 1_500):
        stub_products(monkeypatch, count)
        file = Discarded()

        with measure_peak_memory() as memory:
            assert sum(write_products(Export(format=format_), file)) == count
        peaks.append(memory.peak)
        sizes.append(file.size)

    assert sizes[1] > 2 * sizes[0]
    assert peaks[1] < 1.2 * peaks[0] + MEGABYTE / 10


@pytest.mark.parametrize("format_", [*FORMATS, "shopify"])
def test_a_failed_read_leaves_no_file_and_is_retried(monkeypatch, format_):
    monkeypatch.setattr(repository, "BATCH_MAX", 2)
    monkeypatch.setattr(retries, "pause", lambda _: None)
    for number in range(5):
        shop.product(f"TEA-{number}", created_at=SPRING + timedelta(minutes=number))
    product_export(format=format_, currency="EUR")
    busy = [faults.error_reply("ThrottlingException")] * READ_ATTEMPTS

    with faults.inject_faults(connection().client, "BatchGetItem", *busy):
        failed = exports.run_export_worker()

    assert (len(failed), Export.get("exp_one").status) == (1, "running")
    assert client("s3").list_objects_v2(Bucket="souk-uploads")["KeyCount"] == 0
    assert "Uploads" not in client("s3").list_multipart_uploads(Bucket="souk-uploads")
    assert exports.run_export_worker(receives=2) == []
    assert Export.get("exp_one").written == 5


def test_a_busy_database_delays_an_export_only(monkeypatch):
    monkeypatch.setattr(retries, "pause", lambda _: None)
    shop.product("TEA", available=1)
    busy = [faults.error_reply("ThrottlingException")] * (READ_ATTEMPTS - 1)

    with faults.inject_faults(connection().client, "BatchGetItem", *busy):
        (line,) = json_lines(export_products(format="jsonl"))

    assert (line["sku"], line["available"]) == ("TEA", 1)
