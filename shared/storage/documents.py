"""Items and maps that keep what newer code has stored in them.

Old and new code run side by side during a deploy. So an item or a map remembers the attributes that
it has no name for, and has them still when it is written.
"""

from collections.abc import Mapping
from functools import cache
from types import MappingProxyType
from typing import Any, Self

from pynamodb.attributes import AttributeContainer, MapAttribute

from shared.storage import fast_models, fast_path

Raw = Mapping[str, Any]  # attributes by name, as DynamoDB's client has them


class Extensible(AttributeContainer):
    """Attributes, and `unknown`: those that were stored and that this code has no name for."""

    unknown: Raw = MappingProxyType({})

    @classmethod
    def _instantiate(cls, attribute_values: dict[str, Any]) -> Self:
        if fast_path.is_on():
            instance: Self = fast_models.instantiate(cls, attribute_values)
        else:
            instance = super()._instantiate(attribute_values)
        instance.remember_unknown(attribute_values)
        return instance

    def remember_unknown(self, stored: Raw) -> None:
        known = _known_names(type(self))
        self.unknown = {name: value for name, value in stored.items() if name not in known}

    def keep_unknown_of(self, before: "Extensible | None") -> None:
        """Store what is unknown of `before`, too: this replaces it, or is a copy of it."""
        if before is not None:
            self.unknown = {**before.unknown, **self.unknown}


class Document(Extensible, MapAttribute[str, Any]):
    """A map inside an item, or inside a list of one."""

    def serialize(self, values: Any, *, null_check: bool = True) -> Any:
        if isinstance(values, type(self)) and fast_path.is_on():
            known: Any = fast_models.serialize(values, null_check=null_check)
        else:
            known = super().serialize(values, null_check=null_check)
        return {**values.unknown, **known} if isinstance(values, Document) else known


@cache
def _known_names(container: type[AttributeContainer]) -> frozenset[str]:
    return frozenset(attribute.attr_name for attribute in container.get_attributes().values())
