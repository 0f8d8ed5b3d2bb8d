"""The bucket of pictures: files that arrive, and the sizes that shoppers see."""

from collections.abc import Iterable

from botocore.exceptions import ClientError

from pictures.derivatives import DerivedFile
from pictures.failures import BadPicture
from shared import aws
from shared.config import PictureSettings, settings
from shared.pictures.files import BYTES_MAX

CACHE_CONTROL = "public, max-age=31536000, immutable"  # a key never gets other content


def read_file(key: str) -> bytes:
    """A file that has arrived. Raises BadPicture, and botocore's errors."""
    bucket = settings(PictureSettings).pictures_bucket
    try:
        answer = aws.client("s3").get_object(Bucket=bucket, Key=key)
    except ClientError as error:
        if error.response["Error"]["Code"] != "NoSuchKey":
            raise
        raise BadPicture(
            "picture_file_missing", "No file has this name. Send the file, then import again."
        ) from error
    if answer["ContentLength"] > BYTES_MAX:
        raise BadPicture("picture_too_large", "The picture has more than 20 MB. Make it smaller.")
    return bytes(answer["Body"].read())


def write_files(files: Iterable[DerivedFile]) -> None:
    """Idempotent: the same key always gets the same content. Raises botocore's errors."""
    bucket = settings(PictureSettings).pictures_bucket
    for file in files:
        aws.client("s3").put_object(
            Bucket=bucket,
            Key=file.key,
            Body=file.content,
            ContentType=file.content_type,
            CacheControl=CACHE_CONTROL,
        )
