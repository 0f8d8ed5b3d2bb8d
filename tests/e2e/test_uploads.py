"""A CSV file goes from the upload form to the catalog."""

import time
from collections.abc import Iterator
from uuid import uuid4

import httpx
import pytest

from tests.e2e.conftest import RESPONSE_SECONDS_MAX, wait_until

ATTEMPTS = 3  # of which the shortest counts: other load on the machine only adds time
LISTED_SECONDS_MAX = 8  # after the import; shoppers see the catalog two seconds old at most
IMPORTS_MAX = 4  # where 8 s is too short: the time of so many imports, by the shortest
HEADER = "sku,name,price_minor,currency,available,category\n"


def create_upload(staff, content: bytes, **options: str) -> dict:
    request = {
        "kind": "products",
        "filename": "products.csv",
        "content_type": "text/csv",
        "size": len(content),
    }
    answer = staff.post("/uploads", request | options)
    assert answer.status_code == 201, answer.text
    return answer.json()


def post_file(form: dict, content: bytes, **changes: str) -> httpx.Response:
    return httpx.post(
        form["url"],
        data=form["fields"] | changes,
        files={"file": content},
        timeout=RESPONSE_SECONDS_MAX,
        trust_env=False,
    )


def import_file(staff, content: bytes, **options: str) -> dict:
    upload = create_upload(staff, content, **options)
    assert post_file(upload["form"], content).status_code == 204
    return wait_for_end(staff, upload["id"])


def wait_for_end(staff, upload_id: str) -> dict:
    """The upload when its import has ended, or waits to be confirmed."""

    def is_finished() -> bool:
        status = staff.get(f"/uploads/{upload_id}").json()["status"]
        return status not in ("awaiting_file", "running")

    wait_until(is_finished)
    return staff.get(f"/uploads/{upload_id}").json()


def export_products(staff, format_: str) -> bytes:
    key = {"idempotency-key": uuid4().hex}
    export = staff.post("/product-exports", {"format": format_}, **key).json()
    path = f"/product-exports/{export['id']}"
    wait_until(lambda: staff.get(path).json()["status"] == "completed")
    return httpx.get(staff.get(path).json()["file_url"], trust_env=False).content


def count_listed(visitor, **query) -> int:
    """The number of products on all pages."""
    page = visitor.get("/products", **query).json()
    count = len(page["items"])
    while page["next_cursor"]:
        page = visitor.get("/products", **query, cursor=page["next_cursor"]).json()
        count += len(page["items"])
    return count


def test_a_csv_file_becomes_products_and_stock(visitor, staff):
    category = f"imported-{uuid4().hex}"
    rows = [f"{category}-{n},Product {n},{100 + n},EUR,{n},{category}\n" for n in range(120)]
    bad = f"{category}-bad,Product,19.99,EUR,1,{category}\n"
    content = (HEADER + "".join(rows[:60]) + bad + "".join(rows[60:])).encode()

    upload = import_file(staff, content)

    assert upload["status"] == "completed"
    assert upload["counts"].items() >= {"rows": 121, "written": 120, "rejected": 1}.items()
    (error,) = upload["errors"]
    assert (error["row"], error["field"]) == (62, "price_minor")
    query = {"category": category, "limit": 100}
    wait_until(lambda: count_listed(visitor, **query) == 120)
    page = visitor.get("/products", **query, sort="price_desc").json()
    by_sku = {product["sku"]: product for product in page["items"]}
    assert by_sku[f"{category}-119"]["available"] == 119
    assert by_sku[f"{category}-119"]["price"] == {"amount_minor": 219, "currency": "EUR"}


@pytest.mark.timed
def test_a_thousand_imported_products_are_listed_in_8_seconds(visitor, staff):
    """On a slower machine, they are listed in the time of four imports."""
    imported, listed = zip(*attempts_to_list_a_thousand(visitor, staff), strict=True)

    assert min(listed) <= max(LISTED_SECONDS_MAX, IMPORTS_MAX * min(imported)), (imported, listed)


def attempts_to_list_a_thousand(visitor, staff) -> Iterator[tuple[float, float]]:
    """The seconds of each import, and those from its end until all are listed."""
    for _ in range(ATTEMPTS):
        imported, listed = import_and_list_a_thousand(visitor, staff)
        yield imported, listed
        if listed <= LISTED_SECONDS_MAX:
            return


def import_and_list_a_thousand(visitor, staff) -> tuple[float, float]:
    category = f"imported-{uuid4().hex}"
    rows = [f"{category}-{n},Green tea {n},1250,EUR,5,{category}\n" for n in range(1000)]
    began = time.monotonic()
    upload = import_file(staff, (HEADER + "".join(rows)).encode())
    assert upload["counts"]["written"] == 1000
    ended = time.monotonic()

    query = {"category": category, "limit": 100, "in_stock": "true"}
    # Each count reads up to ten pages, and more of them would slow down what they wait for.
    wait_until(lambda: count_listed(visitor, **query) == 1000, pause=1)

    return ended - began, time.monotonic() - ended


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"colour,taste\nred,sweet\n", "unknown_columns"),
        (HEADER.encode(), "no_rows"),
        (HEADER.encode() + b'A,"A,100,EUR,1,\n' + b"B B B\n" * 2000, "broken_quote"),
    ],
    ids=["unknown columns", "no rows", "open quote"],
)
def test_a_broken_file_fails_with_a_code_and_writes_nothing(staff, content, code):
    upload = import_file(staff, content)

    assert (upload["status"], upload["errors"][0]["code"]) == ("failed", code)
    assert upload["counts"]["written"] == 0


@pytest.mark.parametrize(
    ("row", "code"),
    [
        (b'A,"A,100,EUR,1,\n', "broken_quote"),
        (b"A,A\0,100,EUR,1,\n", "nul_byte"),
        (b"A," + b"x" * 2_000_000 + b",100,EUR,1,\n", "row_too_long"),
    ],
    ids=["open quote", "NUL", "2 MB in one field"],
)
def test_a_row_of_bad_form_costs_no_other_row(staff, row, code):
    good = [f"{uuid4().hex},Product,100,EUR,1,\n".encode() for _ in range(20)]

    upload = import_file(staff, HEADER.encode() + b"".join([*good[:10], row, *good[10:]]))

    assert (upload["status"], upload["counts"]["written"]) == ("completed", 20)
    assert [(each["row"], each["code"]) for each in upload["errors"]] == [(12, code)]


def test_a_checked_file_is_confirmed_and_its_errors_corrected(staff):
    skus = [uuid4().hex for _ in range(700)]  # two chunks
    rows = [f"{sku},Tea,{'free' if n == 650 else 100},EUR,3,\n" for n, sku in enumerate(skus)]
    checked = import_file(staff, (HEADER + "".join(rows)).encode(), mode="dry_run")
    assert (checked["status"], checked["counts"]["created"]) == ("awaiting_confirmation", 699)
    assert staff.get("/staff/products", sku=skus[0]).json()["items"] == []

    staff.post(f"/uploads/{checked['id']}/confirm", None)
    written = wait_for_end(staff, checked["id"])

    assert (written["status"], written["counts"]["created"]) == ("completed", 699)
    rejected = httpx.get(written["error_file_url"], trust_env=False).content
    corrected = import_file(staff, rejected.replace(b"free", b"250"))
    assert (corrected["counts"]["rows"], corrected["counts"]["created"]) == (1, 1)


def test_an_export_of_products_imports_without_a_change(staff):
    import_file(staff, (HEADER + f"{uuid4().hex},Tea,100,EUR,3,\n").encode())

    upload = import_file(staff, export_products(staff, "csv"))

    counts = upload["counts"]
    assert upload["status"] == "completed"
    assert (counts["created"], counts["updated"], counts["rejected"]) == (0, 0, 0)
    assert counts["unchanged"] >= 1


def test_a_waiting_import_can_be_cancelled(staff):
    upload = create_upload(staff, b"sku,available\n")

    cancelled = staff.post(f"/uploads/{upload['id']}/cancel", None).json()

    assert cancelled["status"] == "cancelled"
    assert post_file(upload["form"], b"sku,available\n").status_code == 204
    time.sleep(2)
    assert staff.get(f"/uploads/{upload['id']}").json()["status"] == "cancelled"


def test_the_form_accepts_only_the_announced_file(staff):
    content = HEADER.encode()
    form = create_upload(staff, content)["form"]

    refused = [
        post_file(form, content + b"more"),
        post_file(form, content[:-1]),
        post_file(form, content, key="uploads/upl_other"),
        post_file(form, content, **{"Content-Type": "text/html"}),
    ]

    assert [answer.status_code // 100 for answer in refused] == [4] * 4
