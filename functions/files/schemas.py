from datetime import datetime
from typing import Annotated, Any, Literal, Self

from pydantic import Field

from shared.http.schemas import RequestBody, View, shown_as
from shared.http.text_fields import Text
from shared.http.upload_forms import FormView
from shared.storage.models.uploads import Upload

UPLOAD_BYTES_MAX = 100_000_000

UploadStatus = Literal["awaiting_file", "running", "completed", "failed"]


class UploadRequest(RequestBody):
    kind: Literal["products"]
    filename: Annotated[str, Text(255)] = Field(
        description="The name of your file. The upload shows it."
    )
    content_type: Literal["text/csv"]
    size: int = Field(gt=0, le=UPLOAD_BYTES_MAX, description="The exact size of the file in bytes.")
    mode: Literal["write"] = Field(
        default="write", description="`write` creates products and changes existing ones."
    )
    on_error: Literal["skip"] = Field(
        default="skip", description="`skip` leaves out rows with errors and reports them."
    )


class CountsView(View):
    rows: int = Field(description="Rows that the import has processed, without the header.")
    written: int = Field(description="Rows whose product is created or changed.")
    rejected: int = Field(description="Rows that the import skipped because of errors.")


class RowErrorView(View):
    row: int = Field(description="The number of the row. The header is row 1.")
    field: str | None = Field(
        default=None, description="The column with the error. Null if it has no single column."
    )
    code: str = Field(description="Names the error for programs.")
    message: str = Field(description="Describes the error for people.")


class UploadView(View):
    id: str
    kind: Literal["products"]
    filename: str
    status: Annotated[str, shown_as(UploadStatus)] = Field(
        description="`awaiting_file`: the file has not arrived yet. `failed`: `errors` says why. "
        "Nothing is imported of a file that is not a valid CSV file of products. If the reason is "
        "`file_not_received`, `file_deleted` or `import_stalled`, the rows in `counts` are done. "
        "Every upload becomes `completed` or `failed`."
    )
    counts: CountsView
    errors: list[RowErrorView] = Field(description="At most 100 errors.")
    created_at: datetime
    finished_at: datetime | None = Field(description="Null until the import is finished.")
    form: FormView | None = Field(
        default=None,
        description="How to send the file. Only the answer that creates the upload has it.",
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
