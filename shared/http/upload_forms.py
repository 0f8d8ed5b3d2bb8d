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


def presign_form(bucket: str, key: str, *, bytes_max: int) -> FormView:
    """A form for one file of at most so many bytes, under this key."""
    form: dict[str, Any] = aws.client("s3").generate_presigned_post(
        Bucket=bucket,
        Key=key,
        Conditions=[["content-length-range", 1, bytes_max]],
        ExpiresIn=int(LIFETIME.total_seconds()),
    )
    return FormView(**form)
