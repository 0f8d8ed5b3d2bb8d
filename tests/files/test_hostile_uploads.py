"""Hostile files through the handler: each upload ends, says why, and leaves no message behind."""

import pytest

from files.workers.import_file import handler
from shared.storage.models.uploads import Upload
from tests.support import imports
from tests.support.hostile_files import Broken, HostileFile, hostile_files
from tests.support.http import CONTEXT

pytestmark = pytest.mark.usefixtures("aws")

# Columns that no layout knows end an upload before its rows are read.
UNKNOWN_COLUMNS = {"missing_column", "unknown_columns", "header_too_long"}


@pytest.mark.parametrize("hostile", hostile_files(), ids=lambda hostile: hostile.name)
def test_a_hostile_upload_ends_with_a_reason(hostile: HostileFile):
    imports.upload(filename=hostile.filename)

    handler(imports.put_file(hostile.build()), CONTEXT)
    imports.run_queue(handler, CONTEXT)

    ended = Upload.get("upl_one", "upload")
    codes = {error.code for error in ended.errors}
    assert ended.status in ("completed", "failed")
    assert codes
    if isinstance(hostile.ends, Broken):
        assert ended.status == "failed"
        assert codes <= {hostile.ends.code} | UNKNOWN_COLUMNS
    elif not codes & UNKNOWN_COLUMNS:
        assert ended.rejected >= len(hostile.ends.codes)
        shows_all = len(ended.errors) >= ended.rejected
        assert codes >= set(hostile.ends.codes) or not shows_all
    assert imports.receive_messages() is None
