"""Runs MiniStack in its own environment's interpreter, until SIGTERM or the end of its parent.

The arguments are the origins of the shop's pages: see local.origin_guard, which stands before
MiniStack's application.

The parent holds the other end of standard input. When the parent dies for any reason, the pipe
closes and this process sends itself SIGTERM. Then MiniStack saves its state and ends.

It replaces three parts of MiniStack, for which MiniStack has no setting: its `ZipFile` (see
local.unpacking), its asynchronous invocations, which ignore the settings of an alias, and its
batches of a queue, which have at most ten messages whatever the mapping says.
"""

import os
import signal
import sys
import threading
import zipfile
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from ministack import app  # type: ignore[import-not-found]  # in its own environment only
from ministack.core import lambda_runtime  # type: ignore[import-not-found]
from ministack.services import lambda_svc, sqs  # type: ignore[import-not-found]

sys.path.append(
    str(Path(__file__).parents[1])
)  # the interpreter runs in isolated mode, without the current folder

from local.aliases import ALIAS
from local.origin_guard import ENGINE, OriginGuard
from local.unpacking import SharedZipFile


def _stop_when_parent_is_gone() -> None:
    os.read(0, 1)
    os.kill(os.getpid(), signal.SIGTERM)


def _invoke_async(function: dict[str, Any], event: Any) -> None:
    """With the retries and the failure destination of the alias, which the stack invokes."""
    deployed = lambda_svc._functions[function["config"]["FunctionName"]]  # noqa: SLF001
    settings = deployed.get("event_invoke_configs", {}).get(ALIAS)
    _invoke_async_with_settings({**function, "event_invoke_config": settings}, event)


def _receive_batch(queue_url: str, batch_size: int) -> list[dict[str, Any]]:
    """As Lambda does: one receives ten messages at most, and a batch takes as many receives."""
    batch: list[dict[str, Any]] = []
    while len(batch) < batch_size and (more := _receive(queue_url, batch_size - len(batch))):
        batch += more
    return batch


_receive = sqs._receive_messages_for_esm  # noqa: SLF001
sqs._receive_messages_for_esm = _receive_batch  # noqa: SLF001
_invoke_async_with_settings = lambda_svc.invoke_async_with_retry
lambda_svc.invoke_async_with_retry = _invoke_async
lambda_runtime.zipfile = SimpleNamespace(**vars(zipfile) | {"ZipFile": SharedZipFile})
app.app = OriginGuard(app.app, frozenset(sys.argv[1:]), ENGINE)
del sys.argv[1:]  # MiniStack has arguments of its own
threading.Thread(target=_stop_when_parent_is_gone, daemon=True).start()
app.main()
