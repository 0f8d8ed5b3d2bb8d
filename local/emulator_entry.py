"""Runs MiniStack, in its own environment's interpreter, until told to stop or its parent is gone.

The parent holds the other end of standard input. However the parent dies, the pipe closes, and
MiniStack gets the SIGTERM on which it saves its state: nothing is left behind and nothing is lost.
"""

import os
import signal
import threading

from ministack.app import main  # type: ignore[import-not-found]  # in its own environment only


def _stop_when_parent_is_gone() -> None:
    os.read(0, 1)
    os.kill(os.getpid(), signal.SIGTERM)


threading.Thread(target=_stop_when_parent_is_gone, daemon=True).start()
main()
