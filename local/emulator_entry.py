"""Runs MiniStack in its own environment's interpreter, until SIGTERM or the end of its parent.

The arguments are the origins of the shop's pages: see local.origin_guard, which stands before
MiniStack's application.

The parent holds the other end of standard input. When the parent dies for any reason, the pipe
closes and this process sends itself SIGTERM. Then MiniStack saves its state and ends.

It replaces MiniStack's `ZipFile`, for which MiniStack has no setting: see local.unpacking.
"""

import os
import signal
import sys
import threading
import zipfile
from pathlib import Path
from types import SimpleNamespace

from ministack import app  # type: ignore[import-not-found]  # in its own environment only
from ministack.core import lambda_runtime  # type: ignore[import-not-found]

sys.path.append(
    str(Path(__file__).parents[1])
)  # the interpreter runs in isolated mode, without the current folder

from local.origin_guard import ENGINE, OriginGuard
from local.unpacking import SharedZipFile


def _stop_when_parent_is_gone() -> None:
    os.read(0, 1)
    os.kill(os.getpid(), signal.SIGTERM)


lambda_runtime.zipfile = SimpleNamespace(**vars(zipfile) | {"ZipFile": SharedZipFile})
app.app = OriginGuard(app.app, frozenset(sys.argv[1:]), ENGINE)
del sys.argv[1:]  # MiniStack has arguments of its own
threading.Thread(target=_stop_when_parent_is_gone, daemon=True).start()
app.main()
