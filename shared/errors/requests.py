"""Refusals of requests that cannot be read, or do not fit what they are about."""

from shared.errors.base import AppError, NotFound


class NotUtf8(AppError):
    status, code = 400, "not_utf8"


class MalformedJson(AppError):
    status, code = 400, "malformed_json"


class InvalidCursor(AppError):
    status, code = 400, "invalid_cursor"


class CursorExpired(InvalidCursor):
    code = "cursor_expired"


class CursorQueryMismatch(InvalidCursor):
    code = "cursor_query_mismatch"


class CursorUserMismatch(InvalidCursor):
    code = "cursor_user_mismatch"


class InvalidPrecondition(AppError):
    """An If-Match or If-None-Match that cannot be read."""

    status, code = 400, "invalid_precondition"


class UploadNotFound(NotFound):
    code = "upload_not_found"


class MethodNotAllowed(AppError):
    status, code = 405, "method_not_allowed"

    def __init__(self, message: str, *, allowed: list[str]) -> None:
        super().__init__(message, allowed=allowed)
        self.allowed = allowed

    def headers(self) -> dict[str, str]:
        return {"Allow": ", ".join(self.allowed)}


class ConcurrentModification(AppError):
    """Others change the same resource at this moment, at each of our attempts."""

    status, code = 409, "concurrent_modification"
    default_message = "Others are changing this resource. Fetch it and retry."


class StaleVersion(AppError):
    """Someone else has changed the resource since the client read it."""

    status, code = 412, "stale_version"
    default_message = "The resource has changed since you read it. Fetch it and retry."


class RequestTooLarge(AppError):
    status, code = 413, "too_large"


class UnsupportedMediaType(AppError):
    status, code = 415, "unsupported_media_type"


class InvalidFields(AppError):
    """`fields` lists each one that is wrong: its path, a code and what to do about it."""

    status, code = 422, "invalid_fields"


class UnsupportedQuery(AppError):
    """No index answers it; the details say what can be asked."""

    status, code = 422, "unsupported_query"


class IdempotencyKeyReused(AppError):
    status, code = 422, "idempotency_key_reused"


class IdempotencyKeyRequired(AppError):
    """400, as the IETF's draft on the Idempotency-Key header has it."""

    status, code = 400, "idempotency_key_required"


class IfMatchRequired(AppError):
    status, code = 428, "if_match_required"
