from datetime import datetime
from typing import Annotated, Self

from pydantic import Field

from shared.http.schemas import RequestBody, View
from shared.http.text_fields import Text
from shared.security.api_keys import KeyText
from shared.security.permissions import Permission, permissions_named
from shared.storage.models.accounts import ApiKey

GrantedPermission = Annotated[Permission, Field(strict=False)]  # JSON has no enums


class NewApiKey(RequestBody):
    name: Annotated[str, Text(100)] = Field(description="A name that tells your keys apart.")
    permissions: list[GrantedPermission] = Field(
        min_length=1,
        max_length=len(Permission),
        description="What the key may do. List only permissions that you have yourself and that "
        "API keys may have.",
    )
    expires_in_days: int = Field(ge=1, le=365)


class ApiKeyView(View):
    id: str
    name: str
    prefix: str = Field(description="The first characters of the key. They identify it in lists.")
    permissions: list[Permission]
    created_at: datetime
    last_used_at: datetime | None = Field(
        description="Accurate to five minutes. Null if the key was never used."
    )
    expires_at: datetime = Field(description="The key stops working at this time.")

    @classmethod
    def from_model(cls, key: ApiKey) -> Self:
        return cls(**_fields_from_model(key))


class CreatedApiKeyView(ApiKeyView):
    key: str = Field(
        description="The key. Send it as a bearer token. The shop does not show it again."
    )

    @classmethod
    def with_text(cls, key: ApiKey, text: KeyText) -> Self:
        return cls(**_fields_from_model(key), key=str(text))


def _fields_from_model(key: ApiKey) -> dict[str, object]:
    return {
        "id": key.key_id,
        "name": key.name,
        "prefix": KeyText.prefix_of(key.key_id),
        "permissions": sorted(permissions_named(key.permissions)),
        "created_at": key.created_at,
        "last_used_at": key.last_used_at,
        "expires_at": key.expires_at,
    }
