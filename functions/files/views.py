"""Uploads, as clients see them."""

from datetime import datetime, timedelta
from typing import Annotated, Any, Literal, Self

from pydantic import Field

from shared import clock
from shared.http.schemas import View, shown_as
from shared.http.upload_forms import FormView
from shared.storage.models.uploads import RowError, Upload, UploadPictures

UploadStatus = Literal[
    "awaiting_file",
    "running",
    "awaiting_confirmation",
    "completed",
    "failed",
    "cancelled",
    "expired",
]
ImportPhase = Literal["planning", "checking", "writing", "finishing"]


class PartsView(View):
    """Send the file in parts: PUT the first `part_size` bytes to the first address, and so on.

    Then complete the upload with the ETags that S3 answered.
    """

    part_size: int = Field(description="Bytes of each part; the last has the rest.")
    urls: list[str] = Field(description="They work for 12 hours.")


class CountsView(View):
    """Of the current phase. A dry run counts what it would do."""

    rows: int = Field(description="Rows that the import has processed, without the header.")
    written: int = Field(
        description="Rows whose product is created or changed, or is already as the row says."
    )
    rejected: int = Field(description="Rows that the import skipped because of errors.")
    created: int = Field(description="Products that the import has created.")
    updated: int = Field(description="Products that the import has changed.")
    unchanged: int = Field(description="Products that were already as their row says.")
    archived: int = Field(description="Products that the file does not have, now archived.")


class ProgressView(View):
    rows_total: int | None = Field(description="Null until the file is read to its end.")
    chunks: int | None = Field(
        description="Parts of the file that are imported side by side. Null until it is read."
    )
    chunks_done: int
    rows_per_second: float | None = Field(description="In this phase. Null while nothing is done.")
    seconds_left: int | None = Field(description="An estimate for this phase. Null if unknown.")


class RowErrorView(View):
    row: int = Field(description="The number of the row. The header is row 1.")
    field: str | None = Field(
        default=None,
        description="The column with the error, as the file calls it. Null if it has no single "
        "column.",
    )
    code: str = Field(description="Names the error for programs.")
    message: str = Field(description="Describes the error for people.")
    value: str | None = Field(default=None, description="The start of the cell. Null if empty.")

    @classmethod
    def from_model(cls, error: RowError) -> Self:
        return cls(**{name: getattr(error, name, None) for name in cls.model_fields})


class ChangeView(View):
    row: int = Field(description="The number of the row. The header is row 1.")
    sku: str | None
    outcome: str = Field(description="`created` or `updated`.")
    changed: list[str] = Field(description="The fields that an update changes.")


class PictureProblemView(View):
    product_id: str
    reference: str = Field(description="The URL or file name in the file.")
    code: str
    message: str


class ImportedPicturesView(View):
    named: int = Field(
        description="Pictures that the rows name. Without those of products that have all of "
        "them, and those that a warning says are left out."
    )
    ready: int = Field(description="Those that their products have by now.")
    failed: int
    problems: list[PictureProblemView] = Field(description="The first ones.")

    @classmethod
    def from_model(cls, upload: Upload, found: UploadPictures | None) -> Self | None:
        problems = found.problems if found else []
        ready, failed = (int(found.ready), int(found.failed)) if found else (0, 0)
        # A chunk that was killed and repeated counts only those that were still missing, or none.
        named = max(int(upload.pictures), ready + failed)
        if not named:
            return None
        return cls(
            named=named,
            ready=ready,
            failed=failed,
            problems=[PictureProblemView(**each.attribute_values) for each in problems],
        )


class ColumnView(View):
    column: str = Field(description="As the file calls it.")
    field: str | None = Field(description="The field of the product. Null: the column is ignored.")
    note: str | None = Field(description="How its cells are read, or why they are ignored.")


class FileView(View):
    """What the shop found in the file."""

    format: str = Field(description="csv, json_lines, json or xlsx.")
    compression: str | None = Field(description="gzip or zip. Null: none.")
    encoding: str | None
    delimiter: str | None = Field(description="Between the cells of a CSV file.")
    layout: str = Field(description="Whose columns these are, such as souk, shopify or mapping.")
    columns: list[ColumnView]


class UploadView(View):
    id: str
    kind: Literal["products"]
    filename: str
    status: Annotated[str, shown_as(UploadStatus)] = Field(
        description="`awaiting_file`: send the file. `awaiting_confirmation`: the dry run is over; "
        "confirm it within 24 hours, or it is `expired`. Every upload ends as `completed`, "
        "`failed`, `cancelled` or `expired`."
    )
    phase: Annotated[str, shown_as(ImportPhase)] | None = Field(
        description="What a running import does. Null before it runs."
    )
    counts: CountsView
    progress: ProgressView
    file: FileView | None = Field(description="Null until the file is read to its end.")
    changes: list[ChangeView] = Field(
        description="A sample of what a dry run would change: at most 20 rows."
    )
    warnings: list[RowErrorView] = Field(description="What was understood with doubt: at most 20.")
    errors: list[RowErrorView] = Field(description="The first 100 errors.")
    error_file_url: str | None = Field(
        description="A link to a file of the rejected rows, which works for ten minutes. It has "
        "the columns of your file and what is wrong with each row: correct it and upload it "
        "again. Null until the import has ended, and without rejected rows."
    )
    pictures: ImportedPicturesView | None = Field(
        default=None,
        description="What became of the pictures that the rows name. They arrive after the rows. "
        "Null without any, and in lists.",
    )
    created_at: datetime
    finished_at: datetime | None = Field(description="Null until the import is finished.")
    form: FormView | None = Field(
        default=None,
        description="How to send the file. Only the answer that creates the upload has it.",
    )
    parts: PartsView | None = Field(
        default=None,
        description="How to send a file of more than 100 MB. Only the answer that creates the "
        "upload has it.",
    )

    @classmethod
    def from_model(cls, upload: Upload, **links: Any) -> Self:
        """`links`: error_file_url, pictures, form and parts."""
        return cls(
            id=upload.upload_id,
            kind="products",
            filename=upload.filename,
            status=upload.status,
            phase=upload.phase if upload.status == "running" else None,
            counts=_counts(upload),
            progress=_progress(upload),
            file=_file(upload),
            changes=[
                ChangeView(row=row, sku=sku, outcome=outcome, changed=changed)
                for row, sku, outcome, changed in upload.changes_json or []
            ],
            warnings=[RowErrorView.from_model(each) for each in upload.warnings],
            errors=[RowErrorView.from_model(each) for each in upload.errors],
            created_at=upload.created_at,
            finished_at=upload.finished_at,
            **{"error_file_url": None, **links},
        )


def _counts(upload: Upload) -> CountsView:
    names = [name for name in CountsView.model_fields if name != "rows"]
    return CountsView(
        rows=int(upload.rows_done), **{name: int(getattr(upload, name)) for name in names}
    )


def _progress(upload: Upload) -> ProgressView:
    total, chunks = _whole(upload.rows_total), _whole(upload.chunks)
    done = int(upload.rows_done)
    times = upload.attribute_values
    end = times.get("finished_at") or clock.utc_now()
    elapsed = end - times.get("started_at", end)
    rate = done / elapsed.total_seconds() if done and elapsed > timedelta() else None
    is_running = upload.status == "running"
    left = round((total - done) / rate) if is_running and rate and total is not None else None
    return ProgressView(
        rows_total=total,
        chunks=chunks,
        chunks_done=int(upload.chunks_done),
        rows_per_second=None if rate is None else round(rate, 1),
        seconds_left=None if left is None else max(0, left),
    )


def _whole(number: float | None) -> int | None:
    return None if number is None else int(number)


def _file(upload: Upload) -> FileView | None:
    if not upload.format_json:
        return None
    found = upload.format_json
    return FileView(
        format=found["kind"],
        compression=found.get("compression"),
        encoding=found.get("encoding"),
        delimiter=found.get("delimiter"),
        layout=upload.columns_json["layout"],
        columns=[
            ColumnView(column=name, field=field, note=note)
            for name, (field, note) in zip(
                upload.columns_json["names"], upload.columns_json["uses"], strict=False
            )
        ],
    )
