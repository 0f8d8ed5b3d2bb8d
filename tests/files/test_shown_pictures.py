"""What an upload shows of the pictures that its rows name."""

from typing import Any

import pytest

from files.handler import handler as api
from shared.storage.models.uploads import Upload, UploadPictures
from tests.support import imports
from tests.support.http import STAFF, send

pytestmark = pytest.mark.usefixtures("aws")


def shown_pictures() -> Any:
    return send(api, "uploads.get", caller=STAFF, path={"upload_id": "upl_one"}).body["pictures"]


def count(**counts: Any) -> None:
    expires_at = Upload.get("upl_one", "upload").expires_at
    UploadPictures("upl_one", "pictures", expires_at=expires_at, **counts).save()


def test_an_upload_shows_what_became_of_its_pictures():
    imports.upload(pictures=2)
    problem = {"product_id": "prd_tea", "reference": "2.jpg", "code": "not_found", "message": "No."}
    count(ready=1, failed=1, problems=[problem])

    shown = shown_pictures()

    assert (shown["named"], shown["ready"], shown["failed"]) == (2, 1, 1)
    assert shown["problems"] == [problem]


def test_pictures_that_have_not_arrived_are_named():
    imports.upload(pictures=2)

    assert shown_pictures() == {"named": 2, "ready": 0, "failed": 0, "problems": []}


def test_an_upload_without_pictures_shows_none():
    imports.upload()

    assert shown_pictures() is None


@pytest.mark.parametrize("named", [0, 2])
def test_no_more_pictures_are_ready_than_the_rows_name(named):
    """A worker was killed between the messages and the count; its repeat found them done."""
    imports.upload(pictures=named)
    count(ready=3, failed=1)

    shown = shown_pictures()

    assert (shown["named"], shown["ready"], shown["failed"]) == (4, 3, 1)
