"""Every event as one type, and how to parse one.

It imports the events of all domains: only what must understand any event imports it.
"""

from functools import cache
from typing import Annotated

from pydantic import Field, TypeAdapter

from shared.events.accounts import UserEvent
from shared.events.catalog import CatalogEvent, CategoryEvent
from shared.events.files import UploadEvent
from shared.events.orders import ExportRequested, OrderEvent

AnyEvent = UserEvent | CatalogEvent | CategoryEvent | OrderEvent | ExportRequested | UploadEvent
Event = Annotated[AnyEvent, Field(discriminator="type")]


def parse_event(document: str | bytes | dict[str, object]) -> AnyEvent:
    """The event in that JSON or that dict. Raises pydantic's ValidationError."""
    if isinstance(document, dict):
        return _any_event().validate_python(document)
    return _any_event().validate_json(document)


@cache
def _any_event() -> TypeAdapter[AnyEvent]:
    return TypeAdapter(Event)
