"""Uploaded files and the progress of their import."""

from pynamodb.attributes import (
    ListAttribute,
    NumberAttribute,
    TTLAttribute,
    UnicodeAttribute,
    UTCDateTimeAttribute,
)
from pynamodb.indexes import AllProjection, GlobalSecondaryIndex, IncludeProjection

from shared.config import Tables, settings
from shared.storage.documents import Document
from shared.storage.dynamo import Table

_tables = settings(Tables)


class RowError(Document):
    row = NumberAttribute()
    field = UnicodeAttribute(null=True)
    code = UnicodeAttribute()
    message = UnicodeAttribute()


class ByOwner(GlobalSecondaryIndex["Upload"]):
    class Meta:
        index_name = "by_owner"
        projection = AllProjection()

    owner_id = UnicodeAttribute(hash_key=True)
    created_at = UTCDateTimeAttribute(range_key=True)


class UploadsByStatus(GlobalSecondaryIndex["Upload"]):
    """Finds the few uploads that are not finished. Nobody queries the finished ones here."""

    class Meta:
        index_name = "by_status"
        projection = IncludeProjection(["due_at"])

    status = UnicodeAttribute(hash_key=True)
    created_at = UTCDateTimeAttribute(range_key=True)
    due_at = UTCDateTimeAttribute(null=True)


class Upload(Table):
    """An announced file. `rows_done` is the checkpoint at which an interrupted import continues."""

    class Meta:
        table_name = _tables.uploads_table

    upload_id = UnicodeAttribute(hash_key=True)
    part = UnicodeAttribute(range_key=True, default="upload")
    owner_id = UnicodeAttribute()
    kind = UnicodeAttribute()
    filename = UnicodeAttribute()
    status = UnicodeAttribute()  # awaiting_file, running, completed, failed
    etag = UnicodeAttribute(null=True)  # of the S3 object; another ETag is another file
    rows_done = NumberAttribute(default=0)
    written = NumberAttribute(default=0)
    rejected = NumberAttribute(default=0)
    errors = ListAttribute(of=RowError, default=list)  # at most files.repository.ERRORS_KEPT
    attempts = NumberAttribute(default=0)  # runs since the import last wrote rows
    due_at = UTCDateTimeAttribute(null=True)  # while it is running: when another run may continue
    created_at = UTCDateTimeAttribute()
    finished_at = UTCDateTimeAttribute(null=True)
    expires_at = TTLAttribute()  # files.service.RETENTION

    by_owner = ByOwner()
    by_status = UploadsByStatus()


class PictureProblem(Document):
    """A reference of an import without a picture."""

    product_id = UnicodeAttribute()
    reference = UnicodeAttribute()  # the URL or file name, shortened
    code = UnicodeAttribute()
    message = UnicodeAttribute()


class UploadPictures(Table):
    """What became of the pictures that an import refers to, while they arrive after its rows."""

    shares_table_with = Upload

    class Meta:
        table_name = _tables.uploads_table

    upload_id = UnicodeAttribute(hash_key=True)
    part = UnicodeAttribute(range_key=True, default="pictures")
    ready = NumberAttribute(default=0)
    failed = NumberAttribute(default=0)
    problems = ListAttribute(of=PictureProblem, default=list)  # the first ones
    expires_at = TTLAttribute()


class PictureMarker(Table):
    """One reference of an import whose result is counted. It keeps a repeat from counting it."""

    shares_table_with = Upload

    class Meta:
        table_name = _tables.uploads_table

    upload_id = UnicodeAttribute(hash_key=True)
    part = UnicodeAttribute(range_key=True)  # `picture#` and the id that follows from it
    expires_at = TTLAttribute()
