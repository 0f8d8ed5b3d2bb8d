"""Runs MiniStack, in its own environment's interpreter, until told to stop or its parent is gone.

The parent holds the other end of standard input. However the parent dies, the pipe closes, and
MiniStack gets the SIGTERM on which it saves its state: nothing is left behind and nothing is lost.

One thing of MiniStack's is replaced, for which it has no setting: see local.unpacking.
"""

import os
import signal
import sys
import threading
import zipfile
from pathlib import Path
from types import SimpleNamespace

from ministack.app import main  # type: ignore[import-not-found]  # in its own environment only
from ministack.core import lambda_runtime  # type: ignore[import-not-found]

sys.path.append(str(Path(__file__).parents[1]))  # the interpreter runs isolated

from local.unpacking import SharedZipFile


def _stop_when_parent_is_gone() -> None:
    os.read(0, 1)
    os.kill(os.getpid(), signal.SIGTERM)


lambda_runtime.zipfile = SimpleNamespace(**vars(zipfile) | {"ZipFile": SharedZipFile})
threading.Thread(target=_stop_when_parent_is_gone, daemon=True).start()
main()
