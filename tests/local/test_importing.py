"""`make import`: what it sends, what it says, and when it ends with an error."""

import json
from contextlib import contextmanager
from itertools import chain, repeat

import httpx
import pytest

from local import importing
from local.importing import ImportCommand, ImportReport, run_import
from local.targets import OperationFailed

COUNTS = {"rows": 3, "written": 2, "rejected": 1, "created": 2, "updated": 0, "archived": 0}
ERROR = {"row": 4, "field": "price", "message": "Must be a number."}
UPLOAD = {
    "id": "upl_one",
    "filename": "spring.csv",
    "status": "completed",
    "phase": None,
    "counts": COUNTS,
    "progress": {"rows_total": 3, "rows_per_second": 8.0, "seconds_left": None},
    "errors": [ERROR],
    "error_file_url": "https://shop.example/errors.csv",
    "file": {"format": "csv", "layout": "shopify"},
    "form": {"url": "https://bucket.example/", "fields": {"key": "uploads/upl_one"}},
}


def upload(**changes: object) -> dict[str, object]:
    return UPLOAD | changes


@pytest.fixture
def shop(monkeypatch: pytest.MonkeyPatch) -> list[httpx.Request]:
    """Answers as the shop and as S3 do. Returns what they were sent."""
    sent: list[httpx.Request] = []
    states = chain(["awaiting_file", "running"], repeat("awaiting_confirmation"))

    def answer(request: httpx.Request) -> httpx.Response:
        sent.append(request)
        if request.url.host == "bucket.example":
            return httpx.Response(204)
        if request.method == "GET":
            return httpx.Response(200, json=upload(status=next(states)))
        return httpx.Response(201, json=upload(status="awaiting_file"))

    transport = httpx.MockTransport(answer)

    @contextmanager
    def open_shop(_):
        with httpx.Client(base_url="https://shop.example/v1", transport=transport) as client:
            yield client

    def post(url, **request):
        request.pop("timeout")
        request.pop("trust_env")
        with httpx.Client(transport=transport) as client:
            return client.post(url, **request)

    monkeypatch.setattr(importing, "_open_shop", open_shop)
    monkeypatch.setattr(importing.httpx, "post", post)
    monkeypatch.setattr(importing.time, "sleep", lambda _: None)
    return sent


def test_a_dry_run_sends_the_file_waits_and_is_cancelled(shop, tmp_path):
    file = tmp_path / "spring.csv"
    file.write_text("sku,price\nTEA,nine\n")
    said: list[str] = []

    report = run_import(None, ImportCommand(str(file), is_dry_run=True), said.append)

    created = json.loads(shop[0].content)
    assert created == {
        "kind": "products",
        "filename": "spring.csv",
        "size": 19,
        "mode": "dry_run",
    }
    assert b"TEA,nine" in shop[1].read()
    assert shop[-1].url.path == "/v1/uploads/upl_one/cancel"
    assert report.upload["status"] == "awaiting_confirmation"
    assert said == ["Read as csv with the columns of shopify."]


def test_a_mapping_is_a_file_or_the_id_of_a_saved_one(shop, tmp_path):
    file, mapping = tmp_path / "a.csv", tmp_path / "mapping.json"
    file.write_text("A\n1\n")
    mapping.write_text('{"columns": {"A": {"field": "sku"}}}')

    for each in (str(mapping), "map_one"):
        run_import(None, ImportCommand(str(file), mapping=each), lambda _: None)

    bodies = [json.loads(each.content) for each in shop if each.url.path == "/v1/uploads"]
    assert bodies[0]["mapping"] == {"columns": {"A": {"field": "sku"}}}
    assert bodies[1]["mapping_id"] == "map_one"


def test_a_missing_file_is_named():
    with pytest.raises(OperationFailed, match=r"Name a file.*none\.csv"):
        run_import(None, ImportCommand("none.csv"))


@pytest.mark.parametrize(
    ("changes", "is_ok"),
    [
        ({}, False),
        ({"counts": COUNTS | {"rejected": 0}}, True),
        ({"status": "failed", "counts": COUNTS | {"rejected": 0}}, False),
        ({"status": "awaiting_confirmation", "counts": COUNTS | {"rejected": 0}}, True),
    ],
)
def test_rejected_rows_and_failures_end_with_an_error(changes, is_ok):
    assert ImportReport(upload(**changes)).is_ok is is_ok


def test_the_summary_names_counts_errors_and_the_error_file():
    text = ImportReport(upload(errors=[ERROR] * 12)).to_text()

    assert text.startswith("spring.csv: completed; 3 rows, 1 rejected, 2 created")
    assert text.count("row 4, price: Must be a number.") == 10
    assert "https://shop.example/errors.csv" in text


def test_the_line_of_progress_says_how_far_it_is():
    running = upload(
        status="running", progress={"rows_total": 6, "rows_per_second": 8.0, "seconds_left": 2}
    )

    line = importing._progress_line(running)  # noqa: SLF001

    assert "3/6 rows, 1 rejected, 8 rows/s, 2 s left" in line
    assert line.count("#") == line.count(".") == importing.BAR_WIDTH // 2
