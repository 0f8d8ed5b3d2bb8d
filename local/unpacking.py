"""Unpacks the archive of a function or layer once, for all of its instances.

MiniStack unpacks it for each instance: about 900 files. That is the longest part of a cold start,
and MiniStack's own process does it while other requests wait.
"""

import hashlib
import shutil
import tempfile
import zipfile
from pathlib import Path
from typing import Any


class SharedZipFile(zipfile.ZipFile):
    """`extractall` links to the folder where the same content was unpacked before.

    Instances can share the folder, because a Lambda function cannot write beside its code.
    """

    def extractall(self, path: Any = None, members: Any = None, pwd: bytes | None = None) -> None:
        """Replaces `path`, an empty folder, by a link."""
        if path is None or members is not None or self.filename is None:
            super().extractall(path, members, pwd)
            return
        target = Path(path)
        digest = hashlib.sha256(Path(self.filename).read_bytes()).hexdigest()
        unpacked = Path(tempfile.gettempdir()) / "unpacked" / digest
        if not unpacked.exists():
            unpacked.parent.mkdir(exist_ok=True)
            draft = Path(tempfile.mkdtemp(dir=unpacked.parent))
            super().extractall(draft, None, pwd)
            try:
                draft.rename(unpacked)
            except OSError:  # another instance has just unpacked the same content
                shutil.rmtree(draft)
        target.rmdir()
        target.symlink_to(unpacked)
