from datetime import datetime
from typing import Self

from pydantic import Field

from auth.accounts.schemas import CODE_IF_ENABLED, CURRENT_PASSWORD, Code, Password, UserView
from auth.addresses.schemas import SavedAddressView
from auth.api_keys.schemas import ApiKeyView
from auth.privacy.order_documents import Document
from auth.sessions.schemas import SessionView
from shared.http.schemas import NEXT_CURSOR, RequestBody, View
from shared.money import Money
from shared.storage.models.accounts import User
from shared.storage.models.carts import Cart
from shared.storage.models.uploads import Upload

PAGE_ITEMS_MAX = 50  # records; a page of very long orders has fewer


class AccountDeletion(RequestBody):
    password: Password = Field(description=CURRENT_PASSWORD)
    code: Code | None = Field(default=None, description=CODE_IF_ENABLED)


class ProfileExport(UserView):
    new_email: str | None = Field(
        description="An address that you asked to use and have not confirmed yet; otherwise null."
    )
    previous_email: str | None = Field(
        description="Your address before its last change; null if it never changed."
    )

    @classmethod
    def from_user(cls, user: User) -> Self:
        return cls(
            **UserView.from_model(user).model_dump(),
            new_email=user.new_email,
            previous_email=user.previous_email,
        )


class UploadExport(View):
    """A file that you uploaded, without the errors of its rows."""

    id: str
    kind: str
    filename: str
    status: str
    created_at: datetime
    finished_at: datetime | None
    expires_at: datetime = Field(description="The shop deletes the upload after this time.")

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


class CartLineExport(View):
    product_id: str
    sku: str
    name: str
    quantity: int
    price: Money = Field(description="The price of one unit when you set the quantity.")


class CartExport(View):
    lines: list[CartLineExport]
    updated_at: datetime
    expires_at: datetime

    @classmethod
    def from_model(cls, cart: Cart) -> Self:
        lines = [
            CartLineExport(
                product_id=line.product_id,
                sku=line.sku,
                name=line.name,
                quantity=int(line.quantity),
                price=Money(amount_minor=int(line.price_minor), currency=line.currency),
            )
            for line in cart.lines
        ]
        return cls(lines=lines, updated_at=cart.updated_at, expires_at=cart.expires_at)


class ExportView(View):
    """One page of what the shop stores about a user. Every page contains `profile`."""

    profile: ProfileExport
    addresses: list[SavedAddressView] = Field(
        description="Your address book. Empty on all pages but the first."
    )
    cart: CartExport | None = Field(
        description="Your cart. Null on all pages but the first, and if you have none."
    )
    sessions: list[SessionView]
    api_keys: list[ApiKeyView]
    uploads: list[UploadExport]
    orders: list[Document] = Field(
        description="Your orders. Each has its id, status, currency, lines, totals, "
        "`tax_included`, `promotion_code`, `promotion_name`, `shipping_address`, "
        "`guest_email`, payment, refunds, shipments, cancellations, history, `placed_at` and "
        "`expires_at`. In the history, `by` is `buyer` or `shop`, and `reason` is there only if "
        "you gave it."
    )
    next_cursor: str | None = Field(description=NEXT_CURSOR)
