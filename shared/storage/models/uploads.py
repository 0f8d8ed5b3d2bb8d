"""Uploaded files and the progress of their import."""

from typing import Any

from pynamodb.attributes import (
    BooleanAttribute,
    JSONAttribute,
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

UNFINISHED = ("awaiting_file", "running", "awaiting_confirmation")  # values of `status`


class RowError(Document):
    row = NumberAttribute()
    field = UnicodeAttribute(null=True)  # the column, as the file calls it
    code = UnicodeAttribute()
    message = UnicodeAttribute()
    value = UnicodeAttribute(null=True)  # of the cell, shortened


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
    """An announced file, and the sums of what the chunks of its import have done."""

    class Meta:
        table_name = _tables.uploads_table

    upload_id = UnicodeAttribute(hash_key=True)
    part = UnicodeAttribute(range_key=True, default="upload")
    owner_id = UnicodeAttribute()
    kind = UnicodeAttribute()
    filename = UnicodeAttribute()
    # awaiting_file, running, awaiting_confirmation; completed, failed, cancelled, expired
    status = UnicodeAttribute()
    phase = UnicodeAttribute(null=True)  # while it runs: planning, checking, writing, finishing
    finished_phase = UnicodeAttribute(null=True)  # the one that the phase `finishing` ends
    options_json = JSONAttribute(attr_name="options", null=True)  # files.options.ImportOptions
    size = NumberAttribute(null=True)  # bytes
    multipart_id = UnicodeAttribute(null=True)  # of a file that is sent in parts
    etag = UnicodeAttribute(null=True)  # of the S3 object; another ETag is another file
    # What the planner found: the format, the columns and what becomes of them.
    format_json = JSONAttribute(attr_name="format", null=True)
    columns_json = JSONAttribute(attr_name="columns", null=True)
    parent_parts = NumberAttribute(null=True)  # parts with found parents; null before the search
    chunks = NumberAttribute(null=True)  # of the plan; null until the file is read to its end
    chunks_done = NumberAttribute(default=0)  # in this phase
    rows_total = NumberAttribute(null=True)
    rows_skipped = NumberAttribute(default=0)  # an earlier release imported so many rows
    rows_done = NumberAttribute(default=0)  # in this phase, as are the counts below
    written = NumberAttribute(default=0)
    rejected = NumberAttribute(default=0)
    created = NumberAttribute(default=0)
    updated = NumberAttribute(default=0)
    unchanged = NumberAttribute(default=0)
    archived = NumberAttribute(default=0)
    pictures = NumberAttribute(default=0)  # that the rows name; UploadPictures has their ends
    errors = ListAttribute(of=RowError, default=list)  # at most files.repository.ERRORS_KEPT
    warnings = ListAttribute(of=RowError, default=list)
    changes_json = JSONAttribute(attr_name="changes", null=True)  # a sample of what a check found
    error_file_key = UnicodeAttribute(null=True)  # in the bucket
    attempts = NumberAttribute(default=0)  # runs since the import last made progress
    due_at = UTCDateTimeAttribute(null=True)  # while it is running: when another run may continue
    created_at = UTCDateTimeAttribute()
    started_at = UTCDateTimeAttribute(null=True)  # of this phase
    finished_at = UTCDateTimeAttribute(null=True)
    expires_at = TTLAttribute()  # files.service.RETENTION

    by_owner = ByOwner()
    by_status = UploadsByStatus()

    @property
    def options(self) -> dict[str, Any]:
        """Those that the caller chose. An upload of an earlier release has none."""
        return self.options_json or {}


class ImportedChunk(Table):
    """What is done of one chunk of a file in one phase. `rows_done` is its checkpoint."""

    shares_table_with = Upload

    class Meta:
        table_name = _tables.uploads_table

    upload_id = UnicodeAttribute(hash_key=True)
    part = UnicodeAttribute(range_key=True)  # writing#00001
    rows_done = NumberAttribute(default=0)
    rejected = NumberAttribute(default=0)
    created = NumberAttribute(default=0)
    updated = NumberAttribute(default=0)
    unchanged = NumberAttribute(default=0)
    is_done = BooleanAttribute(default=False)  # its counts are in the upload's
    expires_at = TTLAttribute()


class RejectedRows(Table):
    """What is wrong with some rows of a chunk: those of one transaction."""

    shares_table_with = Upload

    class Meta:
        table_name = _tables.uploads_table

    upload_id = UnicodeAttribute(hash_key=True)
    # writing-errors#00001#000032: after its chunk and its checkpoint
    part = UnicodeAttribute(range_key=True)
    problems_json = JSONAttribute(attr_name="problems")  # as files.refusals.to_list has them
    expires_at = TTLAttribute()


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
