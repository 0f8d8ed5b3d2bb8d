"""Events of imports. Their subject is the user who created the upload."""

from typing import Literal

from shared.events.accounts import UserData
from shared.events.base import DomainEvent


class UploadData(UserData):
    upload_id: str
    filename: str
    rows: int
    written: int
    rejected: int
    archived: int


class UploadCompleted(DomainEvent):
    """An import has processed every row of its file. Some may be rejected."""

    type: Literal["upload.completed"] = "upload.completed"
    data: UploadData


class FailedUploadData(UploadData):
    code: str  # of the error that ended it


class UploadFailed(DomainEvent):
    """An import has ended before the last row of its file."""

    type: Literal["upload.failed"] = "upload.failed"
    data: FailedUploadData


UploadEvent = UploadCompleted | UploadFailed
