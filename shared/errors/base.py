"""What every refusal is."""

from typing import Any, ClassVar


class AppError(Exception):
    """A refusal that the client is told about.

    `details` are the facts that a program can act on.
    """

    status: ClassVar[int]
    code: ClassVar[str]

    def __init__(self, message: str, **details: Any) -> None:
        super().__init__(message)
        self.message = message
        self.details = details

    def headers(self) -> dict[str, str]:
        """What the status asks to be sent along (RFC 9110)."""
        return {}


class NotFound(AppError):
    status, code = 404, "not_found"


class Unavailable(AppError):
    """Too busy or out of reach: the same request may well go through in a second."""

    status, code = 503, "unavailable"

    def headers(self) -> dict[str, str]:
        return {"Retry-After": "1"}
