from datetime import datetime
from typing import Self

from pydantic import Field

from auth.accounts.schemas import Code, Password, UserView
from auth.api_keys.schemas import ApiKeyView
from auth.privacy.order_documents import Document
from auth.sessions.schemas import SessionView
from shared.http.schemas import RequestBody, View
from shared.storage.models.accounts import User
from shared.storage.models.uploads import Upload


class AccountDeletion(RequestBody):
    password: Password
    code: Code | None = Field(
        default=None, description="Required if your account has a second factor."
    )


class ProfileExport(UserView):
    new_email: str | None = Field(description="A requested address that is not confirmed yet.")
    previous_email: str | None

    @classmethod
    def from_user(cls, user: User) -> Self:
        return cls(
            **UserView.from_model(user).model_dump(),
            new_email=user.new_email,
            previous_email=user.previous_email,
        )


class UploadExport(View):
    """An uploaded file, without its row errors: those are about products, and may be many."""

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
    """One page of what the shop stores about a user. Every page contains `profile`."""

    profile: ProfileExport
    sessions: list[SessionView]
    api_keys: list[ApiKeyView]
    uploads: list[UploadExport]
    orders: list[Document] = Field(
        description="Each order as it is stored: its id, status, currency, lines, totals, "
        "`tax_included`, `promotion_code`, `shipping_address`, `guest_email`, payment, refunds, "
        "shipment, history, `placed_at` and `expires_at`. In the history, `by` is `buyer` or "
        "`shop`, and only your own reasons are included."
    )
    next_cursor: str | None
