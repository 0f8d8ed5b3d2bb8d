"""Saved mappings, as staff send and read them."""

from datetime import datetime
from typing import Annotated, Any, ClassVar, Self

from pydantic import Field

from files.layouts.mappings import FileMapping
from shared.http.schemas import RequestBody, View
from shared.http.text_fields import Text
from shared.storage.models.import_mappings import ImportMapping


class NewImportMapping(RequestBody):
    """A mapping to create or replace."""

    values_max: ClassVar[int] = FileMapping.values_max

    name: Annotated[str, Text(100)] = Field(
        description="What staff know it by.", examples=["Stock list of our warehouse"]
    )
    mapping: FileMapping


class ImportMappingSummary(View):
    id: str
    name: str
    version: int
    updated_at: datetime

    @classmethod
    def from_model(cls, stored: ImportMapping) -> Self:
        return cls(
            id=stored.part,
            name=stored.name,
            version=int(stored.version),
            updated_at=stored.updated_at,
        )


class ImportMappingView(View):
    id: str
    name: str
    mapping: dict[str, Any] = Field(description="As it was sent.")
    version: int
    created_at: datetime
    updated_at: datetime

    @classmethod
    def from_model(cls, stored: ImportMapping) -> Self:
        return cls(
            id=stored.part,
            name=stored.name,
            mapping=stored.mapping_json,
            version=int(stored.version),
            created_at=stored.created_at,
            updated_at=stored.updated_at,
        )
