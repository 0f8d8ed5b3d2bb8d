"""The base class of all refusals, and refusals that any route can give."""

from typing import Any, ClassVar


class AppError(Exception):
    """A refusal that the client receives.

    `default_message` says what is wrong and what to do next; a caller passes a message only when
    it can name facts that the class cannot. `details` are the facts that a program can act on.
    """

    status: ClassVar[int]
    code: ClassVar[str]
    default_message: ClassVar[str]

    def __init__(self, message: str | None = None, **details: Any) -> None:
        self.message = self.default_message if message is None else message
        super().__init__(self.message)
        self.details = details

    def headers(self) -> dict[str, str]:
        """The headers that the status requires (RFC 9110)."""
        return {}


class NotFound(AppError):
    status, code = 404, "not_found"
    default_message = "Nothing exists at this address. Check the path and the ids in it."


class InternalError(AppError):
    """A defect of ours: the log has the stack. Code raises no InternalError; `api` renders it."""

    status, code = 500, "internal_error"
    default_message = (
        "The request failed because of an error in the shop. Retry it, or report its request_id."
    )


class Unavailable(AppError):
    """The shop is too busy or cannot reach a service; the same request may succeed in a second."""

    status, code = 503, "unavailable"
    default_message = "The shop cannot answer right now. Retry after the time in Retry-After."

    def headers(self) -> dict[str, str]:
        return {"Retry-After": "1"}
