"""What an upload says of pictures that an import leaves out."""

import pytest

from files.chunks.service import WARNINGS_SHOWN
from files.workers.import_file import handler
from shared.pictures.lists import PICTURES_MAX
from shared.storage.models.uploads import Upload
from tests.support import imports
from tests.support.http import CONTEXT
from tests.support.imports import put_file
from tests.support.pictures import sent_messages

pytestmark = pytest.mark.usefixtures("aws")

HEADER = "Handle,Title,Variant SKU,Variant Price,Image Src,Image Position,Image Alt Text"
TEA = "tea,Green tea,TEA,12.50,https://img.example/1.jpg,1,A bag of tea"
PICTURE = "tea,,,,https://img.example/2.jpg,2,"


def codes(upload: Upload) -> list[tuple[int, str]]:
    return [(int(each.row), each.code) for each in upload.warnings]


def test_pictures_far_before_their_product_are_a_warning():
    others = [f"t{n},Tea {n},T{n},5.00,,," for n in range(600)]
    content = "\n".join([HEADER, PICTURE, *others, TEA]) + "\n"
    imports.upload()
    handler(put_file(content), CONTEXT)

    imports.run_queue(handler, CONTEXT)

    upload = Upload.get("upl_one", "upload")
    assert codes(upload) == [(2, "pictures_left_out")]
    assert (upload.rejected, upload.pictures) == (0, 1)
    imports.upload("upl_two")
    handler(put_file(content, "upl_two"), CONTEXT)
    imports.run_queue(handler, CONTEXT)
    assert Upload.get("upl_two", "upload").pictures == 2


def test_pictures_of_a_rejected_product_say_what_to_correct():
    rows = ["tea,Green tea,TEA,free,,,", PICTURE]
    imports.upload()

    handler(put_file("\n".join([HEADER, *rows, ""])), CONTEXT)

    upload = Upload.get("upl_one", "upload")
    (warning,) = upload.warnings
    assert (int(warning.row), warning.code, warning.value) == (3, "pictures_left_out", "TEA")
    assert "rejected" in warning.message
    assert upload.rejected == 1


def test_warnings_about_pictures_hide_no_others():
    rejected = [f"p{n},Pot,P{n},free,,,\np{n},,,,1.jpg,1," for n in range(WARNINGS_SHOWN)]
    derived = "cup,Cup,,3.00,,,"
    imports.upload()

    handler(put_file("\n".join([HEADER, *rejected, TEA, derived, ""])), CONTEXT)

    warnings = codes(Upload.get("upl_one", "upload"))
    assert [code for _, code in warnings] == ["sku_derived"] + ["pictures_left_out"] * (
        WARNINGS_SHOWN - 1
    )


@pytest.mark.parametrize("mode", ["import", "dry_run"])
def test_positions_decide_which_pictures_are_too_many(mode):
    count = PICTURES_MAX + 5
    rows = [f"tea,,,,{n}.jpg,{n}," for n in range(count, 1, -1)]
    first = "tea,Green tea,TEA,12.50,1.jpg,1,"
    imports.upload(options_json={"mode": mode})

    handler(put_file("\n".join([HEADER, first, *rows, ""])), CONTEXT)

    upload = Upload.get("upl_one", "upload")
    assert codes(upload) == [(count + 1, "too_many_pictures")]
    names = [each["url_or_name"] for message in sent_messages() for each in message["references"]]
    expected = [f"{n}.jpg" for n in range(1, PICTURES_MAX + 1)]
    assert names == (expected if mode == "import" else [])
