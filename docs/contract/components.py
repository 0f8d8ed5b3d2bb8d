"""Schemas and security schemes that no route names."""

from typing import Any

ERROR_RESPONSE: dict[str, Any] = {
    "type": "object",
    "title": "ErrorResponse",
    "required": ["error"],
    "properties": {
        "error": {
            "type": "object",
            "required": ["code", "message", "details", "request_id"],
            "properties": {
                "code": {
                    "type": "string",
                    "description": "Names the error for programs. It never changes.",
                },
                "message": {
                    "type": "string",
                    "description": "Describes the error for people. Its text can change.",
                },
                "details": {
                    "type": "object",
                    "additionalProperties": True,
                    "description": "Facts for programs. They depend on `code`.",
                },
                "request_id": {
                    "type": "string",
                    "description": "The id of the request. Send it when you report a problem.",
                },
            },
        }
    },
}
SECURITY: dict[str, Any] = {
    "bearer": {
        "type": "http",
        "scheme": "bearer",
        "bearerFormat": "JWT",
        "description": "An access token from `POST /v1/auth/login` or `POST /v1/auth/refresh`. "
        "Scripts can send an API key instead, if the operation's permission allows that.",
    }
}
