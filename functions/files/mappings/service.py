"""Saved mappings: staff create them, and name one in an upload instead of sending it each time."""

from files.mappings import repository
from files.mappings.repository import MappingExists
from files.mappings.schemas import NewImportMapping
from shared import clock, ids, observability
from shared.errors.requests import IdempotencyKeyReused
from shared.http.etags import ExpectedVersion
from shared.records import Record
from shared.retries import retry_on_stale_version
from shared.security.permissions import Principal
from shared.storage.models.import_mappings import MAPPINGS, ImportMapping


class CreatedMapping(Record):
    mapping: ImportMapping
    is_replay: bool


def list_mappings() -> list[ImportMapping]:
    return repository.list_mappings()


def get_mapping(mapping_id: str) -> ImportMapping:
    """Raises ImportMappingNotFound."""
    return repository.get_mapping(mapping_id)


def create_mapping(
    caller: Principal, new: NewImportMapping, idempotency_key: str
) -> CreatedMapping:
    """Create the mapping once, whatever replies are lost.

    Raises IdempotencyKeyReused and ImportMappingLimit.
    """
    now = clock.utc_now()
    mapping = ImportMapping(
        MAPPINGS,
        ids.derived_id("map", caller.user_id, idempotency_key),
        name=new.name,
        mapping_json=new.mapping.to_document(),
        fingerprint=new.fingerprint(),
        version=1,
        created_at=now,
        updated_at=now,
    )
    try:
        repository.create_mapping(mapping)
    except MappingExists as exists:
        if exists.stored.fingerprint != mapping.fingerprint:
            raise IdempotencyKeyReused from exists
        return CreatedMapping(exists.stored, is_replay=True)
    _audit("create_import_mapping", caller, mapping.part)
    return CreatedMapping(mapping, is_replay=False)


def replace_mapping(
    caller: Principal, mapping_id: str, new: NewImportMapping, expected: ExpectedVersion
) -> ImportMapping:
    """Imports that are planned keep the mapping that they began with.

    Raises ImportMappingNotFound, StaleVersion and ConcurrentModification.
    """

    def replace() -> ImportMapping:
        before = get_mapping(mapping_id)
        expected.check(before.version)
        after = ImportMapping(
            MAPPINGS,
            mapping_id,
            name=new.name,
            mapping_json=new.mapping.to_document(),
            fingerprint=before.fingerprint,
            version=int(before.version) + 1,
            created_at=before.created_at,
            updated_at=clock.utc_now(),
        )
        after.keep_unknown_of(before)
        repository.replace_mapping(before, after)
        return after

    mapping = retry_on_stale_version(replace, expected)
    _audit("replace_import_mapping", caller, mapping_id)
    return mapping


def delete_mapping(caller: Principal, mapping_id: str) -> None:
    """Raises ImportMappingNotFound."""
    get_mapping(mapping_id)
    repository.delete_mapping(mapping_id)
    _audit("delete_import_mapping", caller, mapping_id)


def _audit(action: str, caller: Principal, mapping_id: str) -> None:
    observability.audit(action, "done", user_id=caller.user_id, mapping_id=mapping_id)
