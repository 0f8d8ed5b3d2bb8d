"""What the views of all kinds of exports show."""

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import Field

from shared import clock
from shared.http.schemas import View, shown_as
from shared.storage.models.exports import TIME_TO_FINISH, Export

ExportStatus = Literal["requested", "running", "completed", "failed"]


class ExportView(View):
    id: str
    status: Annotated[str, shown_as(ExportStatus)] = Field(
        description="`failed`: the export took longer than 15 minutes, five attempts failed, or it "
        "was not finished within 12 hours. Create a smaller export with a new `Idempotency-Key`."
    )
    created_at: datetime
    finished_at: datetime | None = Field(description="Null until the export has ended.")
    file_url: str | None = Field(
        description="A link to the file that works for ten minutes. Get the export again for a new "
        "link. Null until the export is completed, and after `file_expires_at`."
    )
    file_expires_at: datetime | None = Field(
        description="The shop deletes the file at this time. Null until the export is completed."
    )


def shown_progress(export: Export, file_url: str | None) -> Mapping[str, Any]:
    """The fields of ExportView."""
    is_overdue = export.is_overdue(clock.utc_now())
    return {
        "id": export.export_id,
        "status": "failed" if is_overdue else export.status,
        "created_at": export.created_at,
        "finished_at": export.created_at + TIME_TO_FINISH if is_overdue else export.finished_at,
        "file_url": file_url,
        "file_expires_at": export.expires_at if export.file_key else None,
    }
