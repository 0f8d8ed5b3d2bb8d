from datetime import datetime
from typing import Self

from pydantic import Field

from auth.accounts.schemas import Code, Password, UserView
from auth.api_keys.schemas import ApiKeyView
from auth.sessions.schemas import SessionView
from orders.views import OrderView
from shared.http.schemas import RequestBody, View
from shared.storage.models.accounts import User
from shared.storage.models.uploads import Upload


class Deletion(RequestBody):
    password: Password
    code: Code | None = None


class ProfileExport(UserView):
    new_email: str | None = Field(description="Asked for, and not confirmed yet.")
    previous_email: str | None

    @classmethod
    def from_user(cls, user: User) -> Self:
        return cls(
            **UserView.from_model(user).model_dump(),
            new_email=user.new_email,
            previous_email=user.previous_email,
        )


class UploadExport(View):
    """Without the rows that were wrong: they are about products, and may be many."""

    id: str
    kind: str
    filename: str
    status: str
    created_at: datetime
    finished_at: datetime | None
    expires_at: datetime

    @classmethod
    def from_model(cls, upload: Upload) -> Self:
        return cls(
            id=upload.upload_id,
            kind=upload.kind,
            filename=upload.filename,
            status=upload.status,
            created_at=upload.created_at,
            finished_at=upload.finished_at,
            expires_at=upload.expires_at,
        )


class ExportView(View):
    """A page of what the shop holds on a user; `profile` is on each. Follow `next_cursor`."""

    profile: ProfileExport
    sessions: list[SessionView]
    api_keys: list[ApiKeyView]
    uploads: list[UploadExport]
    orders: list[OrderView]
    next_cursor: str | None
