"""Lambda SnapStart: what an instance prepares before its memory is copied, and forgets in a copy.

With the parameter `SnapStart`, Lambda initializes one instance of a version, copies its memory, and
starts every other instance from that copy, days later too. So all of them have the same random
state, credentials of that day, and connections that no longer exist. A module that holds such
things registers a function that forgets them; one that is slow at its first use registers a
function that prepares it, without a call to AWS.

`secrets`, `uuid` and the ids made with them read the system's random numbers, which differ in each
copy (AWS, "Handling uniqueness with Lambda SnapStart").
"""

import os
import random
from collections.abc import Callable
from importlib import import_module
from typing import TypeVar

Hook = TypeVar("Hook", bound=Callable[[], object])

_before: list[Callable[[], object]] = []
_after: list[Callable[[], object]] = [random.seed]  # stock shards and the pauses before retries


def before_snapshot(prepare: Hook) -> Hook:
    _before.append(prepare)
    return prepare


def after_restore(forget: Hook) -> Hook:
    _after.append(forget)
    return forget


def register() -> None:
    """Tell Lambda's runtime. Each handler's module behind the API calls this once.

    The runtime's package is in Lambda only, and other instances need not import it.
    """
    if os.environ.get("AWS_LAMBDA_INITIALIZATION_TYPE") == "snap-start":
        runtime = import_module("snapshot_restore_py")
        runtime.register_before_snapshot(prepare_all)
        runtime.register_after_restore(forget_all)


def prepare_all() -> None:
    for prepare in _before:  # the list grows where one of them imports a module
        prepare()


def forget_all() -> None:
    for forget in _after:
        forget()
