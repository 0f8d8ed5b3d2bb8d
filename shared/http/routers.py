"""Which module has the routes of a path, so that a request imports only what it needs.

A handler names its modules of routes with the prefixes of their paths:

    Routers({"auth.users.routes": ("/v1/users",), ...}, at_once=("auth.sessions.routes",))

Those in `at_once` are imported with the handler. They are for the requests that most instances get
first: Lambda gives a function more CPU while it starts than it has afterwards. Any other module is
imported by the first request of its paths, which takes that much longer, on a warm instance too.

The prefixes save time and decide nothing. For a path without a route so far, `load_all` imports the
rest, and the same routes answer as if all had been imported at once. Where two modules' routes
match one path, as those of a product and of the search do, that one's prefix must be the longer.
"""

from collections.abc import Iterator, Mapping, Sequence
from importlib import import_module
from typing import Any

from shared import freeze_gc, pause_gc

Prefixes = Mapping[str, Sequence[str]]  # by module; <...> in a prefix is any one segment


class Routers:
    def __init__(self, prefixes: Prefixes, at_once: Sequence[str] = ()) -> None:
        self._modules = {
            tuple(prefix.split("/")): module
            for module, all_of_module in prefixes.items()
            for prefix in all_of_module
        }
        self._waiting = dict.fromkeys(prefixes)
        self.at_once = at_once

    def load(self, modules: Sequence[str]) -> Iterator[Any]:
        """Import those that are not imported yet. A module that fails is tried again next time."""
        for module in modules:
            if module in self._waiting:
                pause_gc()
                try:
                    yield import_module(module).routes
                finally:
                    freeze_gc()
                del self._waiting[module]

    def load_for(self, path: str) -> Iterator[Any]:
        """Import the module with the longest prefix of the path."""
        segments = path.split("/")
        matching = [prefix for prefix in self._modules if _is_prefix(prefix, segments)]
        return self.load([self._modules[max(matching, key=len)]] if matching else [])

    def load_all(self) -> Iterator[Any]:
        return self.load(list(self._waiting))


def _is_prefix(prefix: Sequence[str], segments: Sequence[str]) -> bool:
    return len(prefix) <= len(segments) and all(
        known == given or known.startswith("<")
        for known, given in zip(prefix, segments, strict=False)
    )
