"""Files on their way into the catalog."""

from typing import Any

from shared import clock
from shared.aws import client
from shared.storage.models.uploads import Upload
from tests.support.http import sample

HEADER = "sku,name,price_minor,currency,available\n"


def upload(upload_id: str = "upl_one", **changes: Any) -> Upload:
    """One that waits for its file, stored."""
    now = clock.utc_now()
    stored = Upload(
        upload_id,
        "upload",
        **{
            "owner_id": "usr_staff",
            "kind": "products",
            "filename": "spring.csv",
            "status": "awaiting_file",
            "created_at": now,
            "expires_at": now,
        }
        | changes,
    )
    stored.save()
    return stored


def dropped(content: str | bytes, upload_id: str = "upl_one") -> dict[str, Any]:
    """Puts the file where its form would, and gives the event that S3 then sends."""
    body = content if isinstance(content, bytes) else content.encode()
    s3, bucket, key = client("s3"), "souk-uploads", f"uploads/{upload_id}"
    s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
    put = s3.put_object(Bucket=bucket, Key=key, Body=body)
    event = sample("files.import_file")
    event["Records"][0]["s3"]["object"] |= {
        "key": key,
        "size": len(body),
        "eTag": put["ETag"].strip('"'),
        "versionId": put["VersionId"],
    }
    return event


def row(sku: str, *, price: object = 1250, available: object = 7, name: str = "Tea") -> str:
    return f"{sku},{name},{price},EUR,{available}\n"
