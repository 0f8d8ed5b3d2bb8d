"""Unpacks the archives of functions and layers once, however many instances run from them.

MiniStack unpacks them for each instance: some 900 files, which takes longer than all else that a
cold start does, and its own process does it, while other requests wait.
"""

import hashlib
import shutil
import tempfile
import zipfile
from pathlib import Path
from typing import Any


class SharedZipFile(zipfile.ZipFile):
    """An archive whose `extractall` links to what an earlier one with the same content unpacked.

    Lambda lets no function write beside its code, so instances can share it.
    """

    def extractall(self, path: Any = None, members: Any = None, pwd: bytes | None = None) -> None:
        """`path` is an empty folder. Replaces it by a link."""
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
            except OSError:  # another instance was faster with the same
                shutil.rmtree(draft)
        target.rmdir()
        target.symlink_to(unpacked)
