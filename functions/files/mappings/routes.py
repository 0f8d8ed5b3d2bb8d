"""Saved mappings of imports: what the columns of a shop's files mean."""

from typing import Any

from aws_lambda_powertools.event_handler import Response

from files.mappings import service as mappings
from files.mappings.schemas import ImportMappingSummary, ImportMappingView, NewImportMapping
from shared.http.api import Routes
from shared.http.authorization import requires
from shared.http.etags import ExpectedVersion
from shared.http.parameters import IdempotencyKey, IfMatch, IfNoneMatch
from shared.http.responses import created_response, no_content_response, ok_response
from shared.http.schemas import Page
from shared.security.permissions import Permission

routes = Routes()


@routes.get("/v1/import-mappings", tags=["Uploads"])
@requires(Permission.UPLOAD_FILES)
def list_import_mappings() -> Page[ImportMappingSummary]:
    """List the saved mappings of the shop by their names. There are at most 100."""
    items = [ImportMappingSummary.from_model(mapping) for mapping in mappings.list_mappings()]
    return Page(items=items, next_cursor=None)


@routes.post("/v1/import-mappings", status_code=201, tags=["Uploads"])
@requires(Permission.UPLOAD_FILES)
def create_import_mapping(
    new: NewImportMapping, idempotency_key: IdempotencyKey
) -> Response[ImportMappingView]:
    """Save what the columns of your files mean, for files with other columns than ours.

    An upload names the mapping by its id. The shop keeps 100 mappings (409
    `import_mapping_limit`).
    """
    created = mappings.create_mapping(routes.caller, new, idempotency_key)
    view = ImportMappingView.from_model(created.mapping)
    return created_response(
        view,
        version=view.version,
        location=f"/v1/import-mappings/{view.id}",
        idempotency_replayed="true" if created.is_replay else "false",
    )


@routes.get("/v1/import-mappings/<mapping_id>", tags=["Uploads"])
@requires(Permission.UPLOAD_FILES)
def get_import_mapping(
    mapping_id: str, if_none_match: IfNoneMatch = None
) -> Response[ImportMappingView]:
    """Get a saved mapping."""
    view = ImportMappingView.from_model(mappings.get_mapping(mapping_id))
    return ok_response(view, version=view.version, if_none_match=if_none_match)


@routes.put("/v1/import-mappings/<mapping_id>", tags=["Uploads"])
@requires(Permission.UPLOAD_FILES)
def replace_import_mapping(
    mapping_id: str, new: NewImportMapping, if_match: IfMatch
) -> Response[ImportMappingView]:
    """Replace a saved mapping. Uploads that exist already keep the mapping as it was."""
    expected = ExpectedVersion.parse(if_match)
    view = ImportMappingView.from_model(
        mappings.replace_mapping(routes.caller, mapping_id, new, expected)
    )
    return ok_response(view, version=view.version)


@routes.delete("/v1/import-mappings/<mapping_id>", status_code=204, tags=["Uploads"])
@requires(Permission.UPLOAD_FILES)
def delete_import_mapping(mapping_id: str) -> Response[Any]:
    """Delete a saved mapping. Uploads that exist already keep it."""
    mappings.delete_mapping(routes.caller, mapping_id)
    return no_content_response()
