"""Forms with which a client sends a file to S3 itself. S3 refuses all that it does not say.

The file goes to S3 without a token, and through no function: it can be larger than a request.
"""

from datetime import timedelta
from typing import Any

from pydantic import Field

from shared import aws
from shared.http.schemas import View

LIFETIME = timedelta(minutes=5)


class FormView(View):
    """Send `fields`, followed by `file`, to `url` as multipart/form-data within five minutes."""

    url: str = Field(description="The address for a POST request.")
    fields: dict[str, str] = Field(description="Form fields to send unchanged.")


def presign_form(
    bucket: str, key: str, *, bytes_min: int = 1, bytes_max: int, content_type: str | None = None
) -> FormView:
    """A form for one file of so many bytes, under this key and, if it is named, of this type."""
    fields = {} if content_type is None else {"Content-Type": content_type}
    size: list[Any] = ["content-length-range", bytes_min, bytes_max]
    form: dict[str, Any] = aws.client("s3").generate_presigned_post(
        Bucket=bucket,
        Key=key,
        Fields=dict(fields),
        Conditions=[*([fields] if fields else []), size],
        ExpiresIn=int(LIFETIME.total_seconds()),
    )
    return FormView(**form)
