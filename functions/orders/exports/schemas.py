from datetime import datetime, timedelta
from typing import Annotated, Literal, Self

from pydantic import Field, ValidationInfo, field_validator
from pydantic_core import PydanticCustomError

from orders.lifecycle.transitions import Status
from orders.views import ShownStatus
from shared.exports.views import ExportView, shown_progress
from shared.http.schemas import RequestBody, View, shown_as
from shared.storage.models.exports import Export
from shared.timestamps import Timestamp, out_of_order_error

SPAN_MAX = timedelta(days=5 * 366)  # five years, leap days included

Format = Literal["csv", "jsonl"]


class ExportRequest(RequestBody):
    format: Format = Field(
        description="`csv`: one row for each order line, for spreadsheets. `jsonl`: one line of "
        "JSON for each order, with the fields that the API returns to staff."
    )
    status: Status | None = Field(
        default=None,
        description="Only orders that have this status now. Null exports orders of every status.",
    )
    placed_from: Timestamp = Field(description="Only orders placed at this time or later.")
    placed_before: Timestamp = Field(
        description="Only orders placed before this time. It can be at most five years later than "
        "`placed_from`."
    )

    @field_validator("placed_before")
    @classmethod
    def _validate_span(cls, placed_before: datetime, info: ValidationInfo) -> datetime:
        placed_from = info.data.get("placed_from")
        if placed_from and placed_before <= placed_from:
            raise out_of_order_error("placed_from")
        if placed_from and placed_before - placed_from > SPAN_MAX:
            raise PydanticCustomError(
                "span_too_long", "Must be at most five years later than `placed_from`"
            )
        return placed_before


class FiltersView(View):
    """The orders that the export contains."""

    status: ShownStatus | None = Field(description="Null means orders of every status.")
    placed_from: datetime
    placed_before: datetime


class OrderExportView(ExportView):
    format: Annotated[str, shown_as(Format)]
    filters: FiltersView
    complete_before: datetime | None = Field(
        description="The file contains every order of the filters that was placed before this "
        "time. It is `placed_before`, or 90 seconds before the export was written if that is "
        "earlier, because later orders may still be missing. Null until the export is written."
    )
    orders: int = Field(description="The number of orders in the file so far.")

    @classmethod
    def from_model(cls, export: Export, file_url: str | None) -> Self:
        return cls(
            **shown_progress(export, file_url),
            format=export.format,
            filters=FiltersView(
                status=export.of_status,
                placed_from=export.placed_from,
                placed_before=export.placed_before,
            ),
            complete_before=export.complete_before if export.file_key else None,
            orders=int(export.written),
        )
