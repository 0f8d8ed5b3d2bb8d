"""How much memory something took at its worst."""

import tracemalloc
from collections.abc import Iterator
from contextlib import contextmanager
from types import SimpleNamespace


@contextmanager
def measured() -> Iterator[SimpleNamespace]:
    """`peak`, afterwards: bytes on top of what was held before."""
    memory = SimpleNamespace(peak=None)
    tracemalloc.start()
    try:
        yield memory
        _, memory.peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
