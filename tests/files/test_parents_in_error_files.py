"""Error files of rows that take fields from others: corrected, they just work."""

import json
import os
from typing import Any

import pytest

from files.workers.import_file import handler
from shared.aws import client
from shared.storage.models.catalog import Product
from shared.storage.models.uploads import Upload
from tests.support import imports
from tests.support.http import CONTEXT
from tests.support.imports import put_file

pytestmark = pytest.mark.usefixtures("aws")

MAGENTO_1 = "sku,_type,name,price,_media_image,_super_products_sku\n"


def run(content: str, upload_id: str = "upl_one") -> Upload:
    imports.upload(upload_id)
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


def test_a_malformed_continuation_gives_no_other_product_a_picture():
    content = MAGENTO_1 + "B,simple,B,free,,\nA,simple,A,5.00,/a.jpg,\n,,,,/back.jpg,,surplus\n"

    upload = run(content + "C,simple,C,5.00,,\n")
    again = run(error_file(upload).replace("free", "6.00"), "upl_two")

    assert errors(upload) == [(2, "not_a_number"), (3, "wrong_column_count")]
    assert (again.status, errors(again)) == ("completed", [])
    assert sent_pictures() == {"A": ["/a.jpg"]}
