"""Runs MiniStack in its own environment's interpreter, until SIGTERM or the end of its parent.

The arguments are the origins of the shop's pages: see local.origin_guard, which stands before
MiniStack's application.

The parent holds the other end of standard input. When the parent dies for any reason, the pipe
closes and this process sends itself SIGTERM. Then MiniStack saves its state and ends.

Each byte that the parent writes asks for a save of the state.

It replaces parts of MiniStack, for which MiniStack has no setting: its `ZipFile` (see
local.unpacking), its asynchronous invocations, which ignore the settings of an alias, its batches
of a queue, which have at most ten messages whatever the mapping says, its saving (see
local.state_saver and local.saved_code), which happens on a regular stop only, and copies in its
translation of SAM.
"""

import json
import os
import signal
import sys
import threading
import zipfile
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from ministack import app  # type: ignore[import-not-found]  # in its own environment only
from ministack.core import lambda_runtime, persistence  # type: ignore[import-not-found]
from ministack.services import lambda_svc, sqs  # type: ignore[import-not-found]
from ministack.services.cloudformation import changesets  # type: ignore[import-not-found]

sys.path.append(
    str(Path(__file__).parents[1])
)  # the interpreter runs in isolated mode, without the current folder

from local.aliases import ALIAS
from local.origin_guard import ENGINE, OriginGuard
from local.saved_code import SavedCode
from local.state_saver import StateSaver
from local.unpacking import SharedZipFile


def _collect_states() -> dict[str, Any]:
    services = app._build_persistence_save_dict()  # noqa: SLF001
    states = {name: get_state() for name, get_state in services.items()}
    return {name: state for name, state in states.items() if state is not None}


def _encode_state(service: str, state: Any) -> str:
    version = persistence._state_format_version(service)  # noqa: SLF001
    content = {"__ministack_format__": version, "payload": state}
    return json.dumps(content, default=persistence._json_default)  # noqa: SLF001


def _follow_parent() -> None:
    while os.read(0, 1):
        saver.ask()
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


def _translate(template: dict[str, Any], *parameters: Any, **more: Any) -> dict[str, Any]:
    """SAM copies the API's whole document twice for each route, which takes seconds."""
    # Here, because most starts deploy nothing.
    from samtranslator.open_api import open_api  # type: ignore[import-untyped]  # noqa: PLC0415

    open_api._deepcopy = lambda document: document  # noqa: SLF001
    translated: dict[str, Any] = _apply_transforms(template, *parameters, **more)
    return translated


_apply_transforms = changesets._apply_transforms  # noqa: SLF001
changesets._apply_transforms = _translate  # noqa: SLF001
_receive = sqs._receive_messages_for_esm  # noqa: SLF001
sqs._receive_messages_for_esm = _receive_batch  # noqa: SLF001
_invoke_async_with_settings = lambda_svc.invoke_async_with_retry
lambda_svc.invoke_async_with_retry = _invoke_async
lambda_runtime.zipfile = SimpleNamespace(**vars(zipfile) | {"ZipFile": SharedZipFile})
# A save that is not finished may still need the code of functions that a deploy has replaced.
lambda_svc._prune_orphan_code_blobs = lambda _: None  # noqa: SLF001
SavedCode(lambda_svc).install()
saver = StateSaver(
    app.app,
    Path(persistence.STATE_DIR).parent,
    int(os.environ["GATEWAY_PORT"]),
    _collect_states,
    _encode_state,
)
app.save_all = lambda _: saver.save_final()
app.app = OriginGuard(saver, frozenset(sys.argv[1:]), ENGINE)
del sys.argv[1:]  # MiniStack has arguments of its own
threading.Thread(target=_follow_parent, daemon=True).start()
app.main()
