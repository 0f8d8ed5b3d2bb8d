"""Dry runs, what an error costs, what a file lacks, and what its stock counts."""

import csv
import io
from typing import Any

import pytest

from files.handler import handler as api
from files.workers.import_file import handler
from shared import clock
from shared.aws import client
from shared.storage.models.catalog import Product, Stock
from shared.storage.models.uploads import Upload
from tests.support import imports, shop
from tests.support.events import published_events
from tests.support.fake_clock import FakeClock
from tests.support.http import CONTEXT, STAFF, Answer, sample, send
from tests.support.imports import CSV_HEADER, csv_row, put_file

pytestmark = pytest.mark.usefixtures("aws")

GOOD, BAD = csv_row("TEA"), csv_row("POT", price="free")


def imported(content: str, **options: Any) -> Upload:
    imports.upload(options_json=options)
    handler(put_file(content), CONTEXT)
    imports.run_queue(handler, CONTEXT)
    return Upload.get("upl_one", "upload")


def decide(decision: str) -> Answer:
    return send(api, f"uploads.{decision}", caller=STAFF, path={"upload_id": "upl_one"})


def shown() -> dict[str, Any]:
    return send(api, "uploads.get", caller=STAFF, path={"upload_id": "upl_one"}).body


def error_file() -> list[dict[str, str]]:
    key = Upload.get("upl_one", "upload").error_file_key
    content = client("s3").get_object(Bucket="souk-uploads", Key=key)["Body"].read()
    return list(csv.DictReader(io.StringIO(content.decode("utf-8-sig"))))


def skus() -> set[str]:
    return {product.sku for product in Product.scan()}


def sold(sku: str) -> Product:
    return next(product for product in Product.scan() if product.sku == sku)


def test_a_dry_run_counts_and_writes_nothing():
    shop.product("OLD", available=3)

    upload = imported(CSV_HEADER + GOOD + BAD + csv_row("OLD", available=9), mode="dry_run")

    assert (upload.status, upload.created, upload.updated, upload.rejected) == (
        "awaiting_confirmation",
        1,
        1,
        1,
    )
    assert skus() == {"OLD"}
    assert shop.available(sold("OLD")) == 3
    assert published_events() == []
    assert [
        (each["row"], each["sku"], each["outcome"], each["changed"]) for each in shown()["changes"]
    ] == [
        (2, "TEA", "created", []),
        (4, "OLD", "updated", ["name", "price", "available"]),
    ]
    assert [row["error_code"] for row in error_file()] == ["wrong_type"]


def test_a_confirmed_dry_run_is_written():
    imported(CSV_HEADER + GOOD + BAD, mode="dry_run")

    confirmed = decide("confirm")
    imports.run_queue(handler, CONTEXT)

    assert (confirmed.status, confirmed.body["status"]) == (200, "running")
    assert skus() == {"TEA"}
    assert (shown()["status"], shown()["counts"]["written"]) == ("completed", 1)
    assert [each.type for each in published_events()].count("upload.completed") == 1


def test_a_confirmation_forgets_the_errors_of_the_check():
    imported(CSV_HEADER + GOOD + BAD, mode="dry_run")
    checked = shown()

    decide("confirm")

    assert checked["error_file_url"] is not None
    assert (shown()["error_file_url"], shown()["errors"]) == (None, [])


def test_a_second_confirmation_changes_nothing():
    imported(CSV_HEADER + GOOD, mode="dry_run")
    decide("confirm")

    again = decide("confirm")
    imports.run_queue(handler, CONTEXT)

    assert again.status == 200
    assert shown()["counts"]["created"] == 1


def test_an_unconfirmed_dry_run_expires(monkeypatch):
    fake = FakeClock()
    monkeypatch.setattr(clock, "utc_now", fake)
    imported(CSV_HEADER + GOOD, mode="dry_run")
    fake.advance(hours=25)

    handler(sample("files.continue_imports"), CONTEXT)

    assert shown()["status"] == "expired"
    assert (decide("confirm").status, decide("confirm").code) == (409, "upload_ended")
    assert skus() == set()


@pytest.mark.parametrize("status", ["awaiting_file", "running"])
def test_only_a_checked_upload_can_be_confirmed(status):
    imports.upload(status=status, phase="planning")

    refused = decide("confirm")

    assert (refused.status, refused.code) == (409, "upload_not_checked")
    assert refused.error["details"] == {"status": status}


def test_all_or_nothing_writes_nothing_if_a_row_is_bad():
    upload = imported(CSV_HEADER + GOOD + BAD, on_error="all_or_nothing")

    assert (upload.status, upload.errors[0].code) == ("failed", "rows_rejected")
    assert skus() == set()
    assert [row["sku"] for row in error_file()] == ["POT"]
    assert [each.type for each in published_events()] == ["upload.failed"]


def test_all_or_nothing_writes_all_if_no_row_is_bad():
    upload = imported(CSV_HEADER + GOOD + csv_row("CUP"), on_error="all_or_nothing")

    assert (upload.status, upload.rows_done, upload.created) == ("completed", 2, 2)
    assert skus() == {"TEA", "CUP"}


@pytest.mark.parametrize(
    "bad", [BAD, csv_row("POT", available=-1), "POT,\n"], ids=["field", "stock", "form"]
)
def test_stop_writes_the_rows_before_the_error_alone(bad):
    rows = [csv_row(f"A-{n}") for n in range(40)]
    later = [csv_row(f"Z-{n}") for n in range(600)]

    upload = imported(CSV_HEADER + "".join([*rows, bad, *later]), on_error="stop")

    assert (upload.status, upload.errors[0].code) == ("failed", "stopped_at_error")
    assert (upload.rows_done, upload.created, upload.rejected) == (41, 40, 1)
    assert skus() == {f"A-{n}" for n in range(40)}


def test_stop_goes_through_a_file_without_errors():
    rows = [csv_row(f"A-{n}") for n in range(1_100)]

    upload = imported(CSV_HEADER + "".join(rows), on_error="stop")

    assert (upload.status, upload.chunks, upload.created) == ("completed", 3, 1_100)


def test_missing_products_are_archived():
    for sku in ("KEPT", "GONE", "DRAFT"):
        shop.product(sku, status="draft" if sku == "DRAFT" else "active")

    upload = imported(CSV_HEADER + csv_row("kept"), missing="archive", archive_percent_max=70)

    assert (upload.status, upload.archived) == ("completed", 2)
    assert {product.sku: product.status for product in Product.scan()} == {
        "KEPT": "active",
        "GONE": "archived",
        "DRAFT": "archived",
    }


def test_a_dry_run_counts_what_it_would_archive():
    shop.product("KEPT")
    shop.product("GONE")

    upload = imported(
        CSV_HEADER + csv_row("KEPT"), mode="dry_run", missing="archive", archive_percent_max=50
    )

    assert (upload.status, upload.archived) == ("awaiting_confirmation", 1)
    decide("confirm")
    imports.run_queue(handler, CONTEXT)
    assert (shown()["status"], shown()["counts"]["archived"]) == ("completed", 1)


def test_no_more_is_archived_than_the_caller_allows():
    for sku in ("KEPT", "GONE", "LOST"):
        shop.product(sku)

    upload = imported(
        CSV_HEADER + csv_row("KEPT", available=5), missing="archive", archive_percent_max=50
    )

    assert (upload.status, upload.errors[0].code) == ("failed", "too_many_missing")
    assert "2 of 3" in upload.errors[0].message
    assert {product.status for product in Product.scan()} == {"active"}


def test_a_rejected_row_is_not_missing():
    shop.product("TEA")
    shop.product("POT")

    upload = imported(CSV_HEADER + csv_row("TEA") + BAD, missing="archive", archive_percent_max=100)

    assert (upload.rejected, upload.archived) == (1, 0)


def test_a_count_of_the_shelf_is_less_what_orders_have():
    tea = shop.product("TEA", available=10)
    shop.sell(tea, 3)

    imported("sku,available\nTEA,12\n", stock_counts="on_hand")

    assert (shop.available(tea), Stock.get(tea.product_id).allocated) == (9, 3)


def test_the_shelf_has_at_least_what_orders_have():
    tea = shop.product("TEA", available=10)
    shop.sell(tea, 3)

    upload = imported("sku,available\nTEA,2\n", stock_counts="on_hand")

    assert [(each.field, each.code) for each in upload.errors] == [
        ("available", "fewer_than_ordered")
    ]
    assert shop.available(tea) == 7


def test_a_stock_file_changes_the_stock_alone():
    tea = shop.product("TEA", name="Green tea", available=1)

    upload = imported("sku,available\nTEA,12\nNEW,3\n")

    assert (upload.updated, shop.available(tea), sold("TEA").version) == (1, 12, 1)
    assert [(each.row, each.field, each.code) for each in upload.errors] == [
        (3, "sku", "unknown_sku")
    ]


def test_a_price_file_keeps_the_currency_of_the_product():
    shop.product("TEA", currency="EUR")
    shop.product("SAKE", currency="JPY")

    upload = imported("sku,price\nTEA,19.99\nSAKE,1999.00\n")

    assert sold("TEA").price_minor == 1999
    assert (sold("SAKE").price_minor, sold("SAKE").currency) == (1000, "JPY")
    assert [each.code for each in upload.errors] == ["unclear_currency"]


def test_named_categories_are_found_or_made():
    content = "sku,name,price_minor,currency,available,Kategorie\n" + "".join(
        f"T-{n},Tee,100,EUR,1,{name}\n"
        for n, name in enumerate(["Tee > Grüner Tee", "tee > grüner tee", "Tee", "Bücher & Karten"])
    )

    upload = imported(content, mapping={"columns": {"Kategorie": {"field": "category_names"}}})

    assert upload.created == 4
    assert sorted(product.category for product in Product.scan()) == [
        "bucher-karten",
        "tee",
        "tee/gruner-tee",
        "tee/gruner-tee",
    ]


def test_a_confirmation_of_a_written_import_gets_it_as_it_is():
    imported(CSV_HEADER + GOOD, mode="dry_run")
    decide("confirm")
    imports.run_queue(handler, CONTEXT)

    again = decide("confirm")

    assert (again.status, again.body["status"]) == (200, "completed")


GROUP_HEADER = "sku,name,price_minor,group,option_Size\n"


@pytest.mark.parametrize(
    ("size_of", "code", "accepted"),
    [(lambda number: number, "group_full", 100), (lambda number: number % 40, "options_taken", 40)],
)
@pytest.mark.parametrize("options", [{"mode": "dry_run"}, {"on_error": "all_or_nothing"}])
def test_a_check_knows_the_variants_of_rows_before(size_of, code, accepted, options):
    rows = [f"T-{number},Tee,100,tees,{size_of(number)}\n" for number in range(120)]

    upload = imported(GROUP_HEADER + "".join(rows), **options)

    assert (upload.created, upload.rejected) == (accepted, 120 - accepted)
    assert upload.errors[-1].code == code
    assert skus() == set()
