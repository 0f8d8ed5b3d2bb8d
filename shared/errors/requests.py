"""Refusals of requests that are malformed, or that conflict with the resource's current state."""

from shared.errors.base import AppError, NotFound


class NotUtf8(AppError):
    status, code = 400, "not_utf8"
    default_message = "The body is not valid UTF-8. Encode the JSON as UTF-8."


class MalformedJson(AppError):
    status, code = 400, "malformed_json"
    default_message = "The body is not valid JSON. Send one JSON object."


class InvalidCursor(AppError):
    status, code = 400, "invalid_cursor"
    default_message = "This cursor is not valid. Start again without a cursor."


class CursorExpired(InvalidCursor):
    code = "cursor_expired"
    default_message = "This cursor has expired. Start again without a cursor."


class CursorQueryMismatch(InvalidCursor):
    code = "cursor_query_mismatch"
    default_message = (
        "This cursor belongs to another query. Repeat the query that returned it, or start again "
        "without a cursor."
    )


class CursorUserMismatch(InvalidCursor):
    code = "cursor_user_mismatch"
    default_message = "This cursor belongs to another user. Start again without a cursor."


class InvalidPrecondition(AppError):
    """An If-Match header that does not follow RFC 9110."""

    status, code = 400, "invalid_precondition"
    default_message = (
        'If-Match is malformed. Send ETags as you received them, in quotes, such as "7-0f3a", or '
        "send *."
    )


class CountryNotFound(NotFound):
    code = "country_not_found"
    default_message = "No country has this code. `GET /v1/countries` lists all."


class UploadNotFound(NotFound):
    code = "upload_not_found"
    default_message = "No upload of yours has this id. Check the id."


class ImportMappingNotFound(NotFound):
    code = "import_mapping_not_found"
    default_message = "No mapping has this id. Check the id."


class ImportMappingLimit(AppError):
    status, code = 409, "import_mapping_limit"
    default_message = "The shop has as many mappings as it can keep. Delete one that is not in use."


class ExportNotFound(NotFound):
    code = "export_not_found"
    default_message = (
        "You have no export with this id. Check the id: exports are deleted after seven days."
    )


class TooManyExports(AppError):
    """One member of staff has too many unfinished exports."""

    status, code = 409, "too_many_exports"
    default_message = "You have too many unfinished exports. Wait until one is finished."


class MethodNotAllowed(AppError):
    status, code = 405, "method_not_allowed"
    default_message = (
        "This address does not accept this method. Use a method from the `Allow` header."
    )

    def __init__(self, *, allowed: list[str]) -> None:
        super().__init__(allowed=allowed)
        self.allowed = allowed

    def headers(self) -> dict[str, str]:
        return {"Allow": ", ".join(self.allowed)}


class ConcurrentModification(AppError):
    """Others changed the same resource during each of our attempts."""

    status, code = 409, "concurrent_modification"
    default_message = "Others are changing this resource. Fetch it and retry."


class StaleVersion(AppError):
    """Someone else has changed the resource since the client read it."""

    status, code = 412, "stale_version"
    default_message = "The resource has changed since you read it. Fetch it and retry."


class RequestTooLarge(AppError):
    status, code = 413, "too_large"
    default_message = "The body exceeds 1 MB. Send a smaller body."


class UnsupportedMediaType(AppError):
    status, code = 415, "unsupported_media_type"
    default_message = "Send JSON with Content-Type: application/json."


class InvalidFields(AppError):
    """`fields` lists each invalid field: its path, a code and what to do about it."""

    status, code = 422, "invalid_fields"
    default_message = "Some fields are invalid. Correct each field in `details.fields`."


class UnsupportedQuery(AppError):
    """No index can answer the query; the details list the queries that indexes support."""

    status, code = 422, "unsupported_query"
    default_message = (
        "These filters do not work together, or not with this sort. Change one of them."
    )


class IdempotencyKeyReused(AppError):
    status, code = 422, "idempotency_key_reused"
    default_message = "You used this Idempotency-Key for another request. Send a new key."


class IdempotencyKeyRequired(AppError):
    """The status is the one of the IETF draft on the Idempotency-Key header."""

    status, code = 400, "idempotency_key_required"
    default_message = (
        "Send an Idempotency-Key header: a new key with each new request, and the same key when "
        "you retry a request."
    )


class IfMatchRequired(AppError):
    status, code = 428, "if_match_required"
    default_message = (
        "In If-Match, send the ETag of the version that your edit is based on, or * to skip the "
        "check."
    )
