"""Error files of rows that take fields from others: corrected, they just work."""

import json
import os
from typing import Any

import pytest

from files.workers.import_file import handler
from shared.aws import client
from shared.storage.models.catalog import Product
from shared.storage.models.uploads import Upload
from tests.support import imports, shop
from tests.support.catalog import patch_product
from tests.support.http import CONTEXT
from tests.support.imports import put_file

pytestmark = pytest.mark.usefixtures("aws")

MAGENTO = "sku,product_type,name,price,configurable_variations\n"
WOO = "ID,Type,SKU,Name,Regular price,Parent,Attribute 1 name,Attribute 1 value(s)\n"
SHOPIFY = (
    "Handle,Title,Option1 Name,Option1 Value,Variant SKU,Variant Price,Variant Inventory Qty\n"
)
MEDUSA = "Product Handle,Product Title,Variant SKU,Variant Price EUR,Variant Option 1 Name,"
MEDUSA += "Variant Option 1 Value\n"
MAGENTO_1 = "sku,_type,name,price,_media_image,_super_products_sku\n"


def run(content: str, upload_id: str = "upl_one", **options: str) -> Upload:
    imports.upload(upload_id, options_json=options)
    handler(put_file(content, upload_id), CONTEXT)
    imports.run_queue(handler, CONTEXT)
    return Upload.get(upload_id, "upload")


def error_file(upload: Upload) -> str:
    found = client("s3").get_object(Bucket="souk-uploads", Key=upload.error_file_key)
    return str(found["Body"].read().decode("utf-8-sig"))


def errors(upload: Upload) -> list[tuple[int, str]]:
    return [(int(error.row), error.code) for error in upload.errors]


def sent_pictures() -> dict[str, list[str]]:
    """The names of the pictures by SKU."""
    skus = {product.product_id: product.sku for product in Product.scan()}
    url, found = os.environ["PICTURE_QUEUE_URL"], {}
    while messages := client("sqs").receive_message(QueueUrl=url).get("Messages", []):
        for message in messages:
            body: dict[str, Any] = json.loads(message["Body"])
            found[skus[body["product_id"]]] = [each["url_or_name"] for each in body["references"]]
            client("sqs").delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
    return found


def test_a_malformed_row_gives_no_other_product_its_picture():
    content = MAGENTO_1 + "B,simple,B,free,,\nA,simple,A,5.00,/a.jpg,\n,,,,/back.jpg,,surplus\n"

    upload = run(content + "C,simple,C,5.00,,\n")
    again = run(error_file(upload).replace("free", "6.00"), "upl_two")

    assert errors(upload) == [(2, "not_a_number"), (3, "wrong_column_count")]
    assert (again.status, errors(again)) == ("completed", [])
    assert sent_pictures() == {"A": ["/a.jpg"]}


def groups() -> dict[str, tuple[str, str | None]]:
    return {each.sku: (each.name, each.group) for each in Product.scan()}


FILES = {
    "magento": f"{MAGENTO}A,simple,A,5.00,\nB,simple,B,free,\nC,simple,C,free,\n"
    'T,configurable,Tee,,"sku=A,size=S|sku=B,size=M|sku=C,size=L"\n',
    "woocommerce": f"{WOO},variation,A,,5,T,Size,S\n,variation,B,,free,T,Size,M\n"
    ",variation,C,,free,T,Size,L\n,variable,T,Tee,,,Size,\n",
    "shopify": f"{SHOPIFY}t,Tee,Size,S,A,5.00,7\nt,,,M,B,free,7\nt,,,L,C,free,7\n",
    "medusa": f"{MEDUSA}t,Tee,A,5,Size,S\nt,,B,free,Size,M\nt,,C,free,Size,L\n",
}


@pytest.mark.parametrize("name", FILES)
def test_a_corrected_variant_joins_its_group(name):
    upload = run(FILES[name])

    again = run(error_file(upload).replace("free", "6.00"), "upl_two")

    assert len(errors(upload)) == 2
    assert (again.status, errors(again), list(again.warnings)) == ("completed", [], [])
    assert (int(again.created), int(again.updated)) == (2, 0)
    assert set(groups().values()) == {("Tee", "t" if name in ("shopify", "medusa") else "T")}
    assert len(groups()) == 3


def test_a_row_that_others_need_is_once_in_the_error_file():
    lines = error_file(run(FILES["shopify"])).splitlines()

    assert [line.split(",")[4] for line in lines] == ["Variant SKU", "A", "B", "C"]
    assert ",2,,not_rejected," in lines[1]


def test_a_row_that_others_need_changes_no_stored_product():
    upload = run(FILES["shopify"])
    (tea,) = Product.scan()
    patch_product(tea.product_id, {"name": "Green tee"})
    shop.sell(tea, 2)

    again = run(error_file(upload).replace("free", "6.00"), "upl_two")

    assert (int(again.unchanged), int(again.created)) == (1, 2)
    assert {each.sku: each.name for each in Product.scan()}["A"] == "Green tee"
    assert shop.available(tea) == 5


def test_a_row_that_others_need_creates_a_missing_product():
    checked = run(FILES["shopify"], mode="dry_run")

    again = run(error_file(checked).replace("free", "6.00"), "upl_two")

    assert (errors(again), int(again.created)) == ([], 3)


def test_a_rejected_parent_is_once_in_the_error_file():
    content = f"{WOO},variation,A,,free,T,Size,S\n,variable,T,Tee,,,Size,S,too,many\n"

    lines = error_file(run(content)).splitlines()

    assert [line.split(",")[1] for line in lines] == ["Type", "variation", "variable"]
