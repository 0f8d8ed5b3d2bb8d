"""Refusals about uploads and their imports."""

from shared.errors.base import AppError


class UploadEnded(AppError):
    """`status` is how it has ended."""

    status, code = 409, "upload_ended"
    default_message = "This import has ended already. Create another upload."


class UploadNotCheckedYet(AppError):
    """`status` is that of the upload."""

    status, code = 409, "upload_not_checked"
    default_message = (
        "Only an upload with the status `awaiting_confirmation` can be confirmed. Create it with "
        "the mode `dry_run`, and wait until it has that status."
    )


class TooManyOpenUploads(AppError):
    """`open` uploads are not finished; `bytes` is their size in all."""

    status, code = 409, "too_many_open_uploads"
    default_message = "You have too many unfinished uploads. Wait for one to end, or cancel one."


class UploadNotInParts(AppError):
    status, code = 409, "upload_not_in_parts"
    default_message = "This upload has no parts to complete. Send its file with the form."


class PartsMissing(AppError):
    """S3 does not have the parts that were named, or one is too small."""

    status, code = 409, "parts_missing"
    default_message = (
        "Some parts of the file did not arrive, or their ETags differ. Send each part, and name "
        "the ETag that S3 answered."
    )
