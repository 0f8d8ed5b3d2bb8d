from datetime import datetime
from typing import Any, Literal, Self

from pydantic import Field

from shared.http.schemas import ONE_LINE, RequestBody, View
from shared.storage.models.uploads import Upload

UPLOAD_BYTES_MAX = 100_000_000


class UploadRequest(RequestBody):
    kind: Literal["products"]
    filename: str = Field(min_length=1, max_length=255, pattern=ONE_LINE)
    content_type: Literal["text/csv"]
    size: int = Field(gt=0, le=UPLOAD_BYTES_MAX, description="The exact size of the file in bytes.")
    mode: Literal["write"] = "write"
    on_error: Literal["skip"] = Field(
        default="skip", description="The import skips rows with errors and reports them."
    )


class FormView(View):
    """Send these fields, followed by `file`, as multipart/form-data within five minutes."""

    url: str
    fields: dict[str, str]


class CountsView(View):
    rows: int
    written: int
    rejected: int


class RowErrorView(View):
    row: int = Field(description="Row 1 is the header.")
    field: str | None = None
    code: str
    message: str


class UploadView(View):
    id: str
    kind: Literal["products"]
    filename: str
    status: Literal["awaiting_file", "running", "completed", "failed"]
    counts: CountsView
    errors: list[RowErrorView] = Field(description="The first 100 errors.")
    created_at: datetime
    finished_at: datetime | None
    form: FormView | None = Field(
        default=None, description="Only in the answer that creates the upload."
    )

    @classmethod
    def from_model(cls, upload: Upload, form: dict[str, Any] | None = None) -> Self:
        return cls(
            id=upload.upload_id,
            kind="products",
            filename=upload.filename,
            status=upload.status,
            counts=CountsView(
                rows=int(upload.rows_done),
                written=int(upload.written),
                rejected=int(upload.rejected),
            ),
            errors=[RowErrorView(**error.attribute_values) for error in upload.errors],
            created_at=upload.created_at,
            finished_at=upload.finished_at,
            form=None if form is None else FormView(**form),
        )
