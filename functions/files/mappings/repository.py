"""Saved mappings: at most MAPPINGS_MAX, which one item counts."""

from shared.errors.requests import (
    ImportMappingLimit,
    ImportMappingNotFound,
    StaleVersion,
)
from shared.http.etags import stale_version
from shared.storage.models.import_mappings import COUNT, MAPPINGS, ImportMapping, MappingCount
from shared.storage.transactions import Transaction

MAPPINGS_MAX = 100  # a query reads all of them


class MappingExists(Exception):
    """A mapping has this id. `stored` is that mapping."""

    def __init__(self, stored: ImportMapping) -> None:
        super().__init__(stored.part)
        self.stored = stored


def get_mapping(mapping_id: str) -> ImportMapping:
    """A consistent read. Raises ImportMappingNotFound."""
    is_one = mapping_id != COUNT
    found = ImportMapping.find(MAPPINGS, mapping_id, consistent=True) if is_one else None
    if found is None:
        raise ImportMappingNotFound
    return found


def list_mappings() -> list[ImportMapping]:
    """All, by name, without what they say."""
    found = ImportMapping.query(
        MAPPINGS,
        ImportMapping.part.startswith("map_"),
        consistent_read=True,
        attributes_to_get=["upload_id", "part", "name", "version", "updated_at"],
    )
    return sorted(found, key=lambda mapping: (mapping.name.casefold(), mapping.part))


def create_mapping(mapping: ImportMapping) -> None:
    """Raises MappingExists and ImportMappingLimit."""
    transaction = Transaction()
    transaction.put(
        mapping,
        only_if=ImportMapping.part.does_not_exist(),
        otherwise=lambda stored: MappingExists(stored or mapping),
    )
    transaction.update(
        MappingCount(),
        [MappingCount.mappings.add(1)],
        only_if=MappingCount.mappings.does_not_exist() | (MappingCount.mappings < MAPPINGS_MAX),
        otherwise=ImportMappingLimit(mappings_max=MAPPINGS_MAX),
    )
    transaction.commit()


def replace_mapping(before: ImportMapping, after: ImportMapping) -> None:
    """Raises StaleVersion, and ImportMappingNotFound if it was deleted since it was read."""
    transaction = Transaction()
    transaction.put(after, only_if=ImportMapping.version == before.version, otherwise=_stale)
    transaction.commit()


def delete_mapping(mapping_id: str) -> None:
    """Raises ImportMappingNotFound."""
    transaction = Transaction()
    transaction.delete(
        ImportMapping(MAPPINGS, mapping_id),
        only_if=ImportMapping.version.exists(),
        otherwise=ImportMappingNotFound(),
    )
    transaction.update(MappingCount(), [MappingCount.mappings.add(-1)])
    transaction.commit()


def _stale(found: ImportMapping | None) -> StaleVersion | ImportMappingNotFound:
    return stale_version(found.version) if found else ImportMappingNotFound()
